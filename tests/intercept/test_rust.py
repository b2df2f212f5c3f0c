"""Calls of rustc under the real shim and server, with the real rustc."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from rustshim import in_front
from shimmed import OUTPUT, Server, served, stock, tools

RUSTC = "/usr/bin/rustc"
LIBRARY = "--edition=2021 --emit=dep-info,metadata,link --out-dir target -L dependency=target"
pytestmark = pytest.mark.skipif(not os.path.exists(RUSTC), reason="rustc: not on this machine")


class Tree:
    """A package with one crate, `made`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = folder / "build"
        self.source = self.top / "source"
        self.source.mkdir(parents=True)
        self.write("lib.rs", "mod part;\npub fn made() -> u32 { part::part() }\n")
        self.write("part.rs", "pub fn part() -> u32 { 7 }\n")
        self.words = f"--crate-name made lib.rs --crate-type lib {LIBRARY}"
        self.variables: dict[str, str] = {}

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, server: Server | None, words: str | None = None, program: str = "rustc") -> tuple[int, bytes]:
        (self.source / "target").mkdir(exist_ok=True)
        base = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "RUST"))}
        base |= {"PATH": f"/usr/bin:{base['PATH']}"} | self.variables
        environment: Mapping[str, str] = in_front(server.environment(base)) if server else stock(base)
        done = subprocess.run(
            [program, *(self.words if words is None else words).split()], cwd=self.source, env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def made(self) -> dict[str, tuple[int, bytes]]:
        """What is in `target`; it is gone afterwards."""
        found = {p.name: (p.stat().st_mode, p.read_bytes()) for p in sorted((self.source / "target").glob("*"))}
        shutil.rmtree(self.source / "target", ignore_errors=True)
        return found

    def keep(self, *more: str, output: str = OUTPUT) -> dict[str, str]:
        """Run the calls in keep mode; the reason of each source that is not kept."""
        shutil.rmtree(self.folder / "checkpoint", ignore_errors=True)
        with served(self.top, keep=self.folder / "checkpoint", output=output) as server:
            for words in (*more, self.words):
                status, said = self.run(server, words)
                assert status == 0, said
            server.end()
            assert server.log() == ""
            self.made()
            return {note["source"]: note["reason"] for note in server.notes() if note["outcome"] == "left"}

    def taken(self, *more: str, output: str = OUTPUT) -> list[str]:
        """Run the calls; which are taken. What they leave and print must be what they do without us."""
        known = [self.run(None, words) for words in (*more, self.words)], self.made()
        with served(self.top, take=self.folder / "checkpoint", output=output) as server:
            found = [self.run(server, words) for words in (*more, self.words)], self.made()
            assert found == known
            server.end()
            assert server.log() == ""
            return server.sources("taken")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_a_library_is_taken(tree: Tree) -> None:
    assert tree.keep() == {}
    assert tree.taken() == ["lib.rs"]


@pytest.mark.parametrize("kind", ["bin", "cdylib", "proc-macro", "staticlib", "dylib"])
def test_other_types_are_taken(tree: Tree, kind: str) -> None:
    tree.write("lib.rs", {"bin": "fn main() {}\n", "proc-macro": ""}.get(kind, "pub fn made() {}\n"))
    tree.words = tree.words.replace("--crate-type lib", f"--crate-type {kind}")
    assert tree.keep() == {}
    assert tree.taken() == ["lib.rs"]


def test_messages_are_printed_again(tree: Tree) -> None:
    tree.write("part.rs", "pub fn part() -> u32 { let unused = 3; 7 }\n")
    tree.words += " --error-format=json --json=diagnostic-rendered-ansi,artifacts,future-incompat"
    assert tree.keep() == {}
    assert tree.taken() == ["lib.rs"]


def test_a_source_that_differs(tree: Tree) -> None:
    tree.keep()
    tree.write("part.rs", "pub fn part() -> u32 { 8 }\n")
    assert tree.taken() == []


def test_a_source_that_is_not_read(tree: Tree) -> None:
    tree.keep()
    tree.write("other.rs", "pub fn other() {}\n")
    assert tree.taken() == ["lib.rs"]


def test_another_place_of_a_module(tree: Tree) -> None:
    tree.keep()
    tree.write("part/mod.rs", "pub fn part() -> u32 { 8 }\n")
    assert tree.taken() == []  # and rustc complains of two files, as `taken` sees


def test_included_files(tree: Tree) -> None:
    tree.write("part.rs", 'pub fn part() -> u32 { include_str!("../text").len() as u32 }\n')
    (tree.top / "text").write_text("one")
    assert tree.keep() == {}
    assert tree.taken() == ["lib.rs"]
    (tree.top / "text").write_text("three")
    assert tree.taken() == []


def test_variables(tree: Tree) -> None:
    tree.write("part.rs", 'pub fn part() -> u32 { option_env!("GREETING").unwrap_or("").len() as u32 }\n')
    assert tree.keep() == {}
    tree.variables = {"UNREAD": "1"}
    assert tree.taken() == ["lib.rs"]
    tree.variables = {"GREETING": ""}
    assert tree.taken() == []


def test_several_results_of_one_key(tree: Tree) -> None:
    tree.keep()
    old = (tree.source / "part.rs").read_text()
    tree.write("part.rs", "pub fn part() -> u32 { 8 }\n")
    with served(tree.top, take=tree.folder / "checkpoint", keep=tree.folder / "second") as server:
        assert tree.run(server)[0] == 0
        tree.write("part.rs", old)
        assert tree.run(server)[0] == 0
        assert "2 objects kept" in server.end()
    tree.made()
    shutil.rmtree(tree.folder / "checkpoint")
    (tree.folder / "second").rename(tree.folder / "checkpoint")
    assert tree.taken() == ["lib.rs"]
    tree.write("part.rs", "pub fn part() -> u32 { 8 }\n")
    assert tree.taken() == ["lib.rs"]


def test_a_crate_that_it_uses(tree: Tree) -> None:
    below = f"--crate-name below below.rs --crate-type lib {LIBRARY}"
    middle = f"--crate-name middle middle.rs --crate-type lib {LIBRARY} --extern below=target/libbelow.rmeta"
    tree.write("below.rs", "pub fn below() -> u32 { 1 }\n")
    tree.write("middle.rs", "pub fn middle() -> u32 { below::below() }\n")
    tree.write("lib.rs", 'fn main() { println!("{}", middle::middle()) }\n')
    tree.words = tree.words.replace("--crate-type lib", "--crate-type bin")
    tree.words += " --extern middle=target/libmiddle.rlib"
    assert tree.keep(below, middle) == {}
    assert tree.taken(below, middle) == ["below.rs", "lib.rs", "middle.rs"]
    tree.write("below.rs", "pub fn below() -> u32 { 2 }\n")
    assert tree.taken(below, middle) == []


def test_a_crate_that_nobody_saw(tree: Tree) -> None:
    below = f"--crate-name below below.rs --crate-type lib {LIBRARY} -C target-cpu=native"
    tree.write("below.rs", "pub fn below() -> u32 { 1 }\n")
    tree.words += " --extern below=target/libbelow.rmeta"
    left = tree.keep(below)
    assert left["below.rs"] == "it reads the processor (=native)"
    assert left["lib.rs"] == "it uses a crate whose compile was not seen"


def test_native_libraries_and_files_for_the_linker(tree: Tree) -> None:
    """As build scripts and cargo-auditable give them."""
    tree.write("lib.rs", 'extern "C" { fn n() -> u32; }\nfn main() { println!("{}", unsafe { n() }) }\n')
    tree.write("lib/n.c", "int n(void) { return 1; }\n")
    tree.write("data.c", "int data = 1;\n")
    make = "gcc -c lib/n.c -o lib/n.o && ar rcsD lib/libn.a lib/n.o && gcc -c data.c -o data.o"
    subprocess.run(make, shell=True, cwd=tree.source, check=True)  # noqa: S602 - our own
    tree.words = tree.words.replace("--crate-type lib", "--crate-type bin")
    tree.words += " -L native=lib -l static=n -C link-arg=data.o -C link-arg=-Wl,--undefined=data"
    assert tree.keep() == {}
    assert tree.taken() == ["lib.rs"]
    tree.write("data.c", "int data = 2;\n")
    subprocess.run(make, shell=True, cwd=tree.source, check=True)  # noqa: S602 - our own
    assert tree.taken() == []
    tree.keep()
    tree.write("lib/n.c", "int n(void) { return 2; }\n")
    subprocess.run(make, shell=True, cwd=tree.source, check=True)  # noqa: S602 - our own
    assert tree.taken() == []


def test_a_source_that_changes_meanwhile(tree: Tree) -> None:
    """Here its linker writes it."""
    script = tools() / "linker/writes"
    script.parent.mkdir(exist_ok=True)
    script.write_text('#!/bin/sh\necho "// later" >> part.rs\nexec cc "$@"\n')
    script.chmod(0o755)
    tree.write("lib.rs", "mod part;\nfn main() { part::part(); }\n")
    tree.words = tree.words.replace("--crate-type lib", "--crate-type bin") + f" -C linker={script}"
    assert tree.keep() == {"lib.rs": "a source that it read changed while it ran"}


def test_a_macro_may_read_anything(tree: Tree) -> None:
    macro = "--crate-name below below.rs --crate-type proc-macro --edition=2021 --emit=dep-info,link --out-dir target"
    macro += " --extern proc_macro -C prefer-dynamic"
    tree.write(
        "below.rs",
        "use proc_macro::TokenStream;\n#[proc_macro]\npub fn size(_: TokenStream) -> TokenStream {\n"
        ' let text = std::fs::read_to_string("../data").unwrap() + &std::env::var("SIZE").unwrap_or_default();\n'
        ' format!("{}", text.len()).parse().unwrap()\n}\n',
    )
    tree.source = tree.top / "source/package"
    tree.source.mkdir()
    for name in ("below.rs", "part.rs"):
        (tree.top / "source" / name).rename(tree.source / name)
    tree.write("lib.rs", "pub fn made() -> u32 { below::size!() }\n")
    tree.write("../data", "one")
    tree.write("../sources/other.rs", "")
    tree.words += " --extern below=target/libbelow.so"
    tree.variables = {"CARGO_MAKEFLAGS": "1", "postPatch": "x"}
    assert tree.keep(macro) == {}
    tree.variables = {"CARGO_MAKEFLAGS": "2", "postPatch": "y"}
    tree.write("../sources/other.rs", "// edited")
    assert tree.taken(macro) == ["package/below.rs", "package/lib.rs"]
    tree.write("../data", "three")
    assert tree.taken(macro) == ["package/below.rs"]
    tree.write("../data", "one")
    tree.variables["SIZE"] = "1"
    assert tree.taken(macro) == ["package/below.rs"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'pub const PLACE: &str = "{OUTPUT}/share";', "it read an output path"),
        ('pub const PLACE: &str = env!("out");', "it read an output path"),
        ('core::arch::global_asm!(".incbin \\"x\\"");', "it may read files that no dependency file names"),
    ],
)
def test_what_is_not_kept(tree: Tree, text: str, reason: str) -> None:
    tree.write("part.rs", f"{text}\npub fn part() -> u32 {{ 7 }}\n")
    (tree.source / "x").touch()
    tree.variables = {"out": OUTPUT}
    assert tree.keep() == {"lib.rs": reason}


def test_a_run_path_is_restored(tree: Tree) -> None:
    """As nixpkgs' linker wrapper adds it."""
    other = OUTPUT.replace("7rjqb1l2", "2l1bqjr7")
    script = tree.folder / "cc"
    script.write_text(f'#!/bin/sh\nexec {shutil.which("gcc")} "$@" -Wl,--build-id=none -Wl,-rpath,$out/lib\n')
    script.chmod(0o755)
    place = tools() / "linker"
    place.mkdir(exist_ok=True)
    shutil.copy(script, place / "cc")
    tree.write("lib.rs", "fn main() {}\n")
    tree.words = tree.words.replace("--crate-type lib", "--crate-type bin") + f" -C linker={place}/cc"
    tree.variables = {"out": OUTPUT}
    assert tree.keep() == {}
    tree.variables = {"out": other}
    assert tree.taken(output=other) == ["lib.rs"]


@pytest.mark.parametrize(
    "words",
    ["-vV", "--print cfg", "- --crate-name ___ --print=file-names", "", "--crate-name probe lib.rs --emit=asm -o x.s"],
)
def test_questions_are_not_touched(tree: Tree, words: str) -> None:
    tree.variables = {"CARGO_CRATE_NAME": "made"}
    tree.words = words
    with served(tree.top, keep=tree.folder / "checkpoint") as server:
        assert tree.run(server) == tree.run(None)
        server.end()
        assert server.log() == ""
        assert server.notes() == []


def test_a_build_script_asks(tree: Tree) -> None:
    tree.variables = {"OUT_DIR": "target", "CARGO_MANIFEST_DIR": str(tree.source)}
    with served(tree.top, keep=tree.folder / "checkpoint") as server:
        assert tree.run(server)[0] == 0
        assert "0 objects kept" in server.end()
        assert server.notes() == []


def test_it_sees_what_it_would_see(tree: Tree) -> None:
    """A program that rustc runs has the PATH and the BASH_ENV of always."""
    script = tools() / "linker/seen"
    script.parent.mkdir(exist_ok=True)
    script.write_text('#!/bin/sh\necho "$PATH ${BASH_ENV-unset}" > seen\nexec cc "$@"\n')
    script.chmod(0o755)
    tree.write("lib.rs", "fn main() {}\n")
    tree.words = tree.words.replace("--crate-type lib", "--crate-type bin") + f" -C linker={script}"
    tree.run(None)
    known = (tree.source / "seen").read_text()
    tree.keep()
    assert (tree.source / "seen").read_text() == known


def test_a_script_of_bash_needs_no_path(tree: Tree) -> None:
    """As nixpkgs' rustc is."""
    wrapper = tools() / "rust/bin/rustc"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(f'#!/bin/bash\nexec {RUSTC} "$@" $NIX_RUSTFLAGS\n')
    wrapper.chmod(0o755)
    base = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "RUST"))}
    tree.variables = {"NIX_RUSTFLAGS": "-Copt-level=2"}
    found = []
    for options in ({"keep": tree.folder / "checkpoint"}, {"take": tree.folder / "checkpoint"}):
        with served(tree.top, **options) as server:
            environment = server.environment(base) | tree.variables
            (tree.source / "target").mkdir()
            subprocess.run([wrapper, *tree.words.split()], cwd=tree.source, env=environment, check=True)
            found.append(tree.made())
            server.end()
            assert server.log() == ""
            assert server.sources("taken") == (["lib.rs"] if "take" in options else [])
    assert found[0] == found[1]
    assert set(found[0]) == {"made.d", "libmade.rmeta", "libmade.rlib"}
