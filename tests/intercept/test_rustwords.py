"""What the words of rustc calls say."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitphase.intercept import rustdeps, rustwords
from splitphase.intercept.reasons import Reason

LIBRARY = (
    "--crate-name part --edition=2021 src/lib.rs --error-format=json --json=diagnostic-rendered-ansi,artifacts "
    "--crate-type lib --emit=dep-info,metadata,link -C opt-level=3 -C embed-bitcode=no -C metadata=1f -C "
    "extra-filename=-1f --out-dir target/deps --target x86_64-unknown-linux-gnu -L dependency=target/deps "
    "--extern tiny=target/deps/libtiny-2a.rmeta --cap-lints allow"
)
PROGRAM = "--crate-name app main.rs --crate-type bin --emit=dep-info,link -C extra-filename=-3c --out-dir out"


def read(words: str) -> rustwords.Said:
    return rustwords.read(words.split(), "/top")


def test_a_library() -> None:
    said = read(LIBRARY)
    assert said.reason == ""
    assert (said.source, said.depfile) == ("src/lib.rs", "target/deps/part-1f.d")
    assert [said.stem + suffix for suffix in said.suffixes()] == [
        "target/deps/libpart-1f.rmeta",
        "target/deps/libpart-1f.rlib",
    ]
    assert (said.program(), said.links, said.externs) == ("", False, ["target/deps/libtiny-2a.rmeta"])


def test_a_program() -> None:
    said = read(PROGRAM)
    assert (said.reason, said.program(), said.suffixes(), said.links) == ("", "out/app-3c", (), True)


@pytest.mark.parametrize(
    ("types", "suffixes", "links"),
    [
        ("rlib,cdylib", (".rlib", ".so"), True),
        ("staticlib", (".a",), False),
        ("proc-macro", (".so",), True),
        ("dylib", (".so",), True),
    ],
)
def test_types(types: str, suffixes: tuple[str, ...], links: bool) -> None:  # noqa: FBT001 - a fact
    said = read(PROGRAM.replace("bin", types))
    assert (said.reason, said.suffixes(), said.links) == ("", suffixes, links)


def test_options_in_one_word_and_in_two() -> None:
    apart = read(f"{LIBRARY} -L native=x -Clinker=cc -A warnings -O")
    joined = read(f"{LIBRARY} -Lnative=x -C linker=cc -Awarnings -g")
    assert apart.reason == joined.reason == ""
    assert apart.searched == joined.searched == ["x"]
    assert apart.linker == joined.linker == "cc"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("-C incremental=x", Reason.INCREMENTAL),
        ("-C target-cpu=native", Reason.NATIVE),
        ("-C split-debuginfo=unpacked", Reason.WRITES),
        ("-C profile-use=x", "the option -C profile-use is not known to be safe"),
        ("-C save-temps", "the option -C save-temps is not known to be safe"),
        ("-Z unstable", "the option -Z is not known to be safe"),
        ("-o x", "the option -o is not known to be safe"),
        ("--unheard", "the option --unheard is not known to be safe"),
        ("-L framework=x", "the option -L framework is not known to be safe"),
        ("--print cfg", Reason.PRINTS),
        ("-vV", Reason.PRINTS),
        ("-", Reason.STANDARD_INPUT),
        ("@file", Reason.RESPONSE_FILE),
        ("other.rs", Reason.SEVERAL_SOURCES),
        ("--extern part", Reason.UNSEEN_CRATE),
        ("--emit=asm", Reason.NO_DEPENDENCIES),
        ("--emit=link=x", Reason.NO_DEPENDENCIES),
        ("--crate-type sdylib", Reason.CRATE_TYPE),
        ("--target x.json", Reason.CRATE_TYPE),
        ("--target x86_64-pc-windows-gnu", Reason.CRATE_TYPE),
        ("--sysroot /home/x", Reason.RUSTC_OUTSIDE),
        ("-C link-arg=-Wl,--version-script=x", Reason.LINK_WORDS),
        ("-C link-arg=-Wl,-soname,x/y", Reason.LINK_WORDS),
        ("-C link-args=-Wl,-z,now -l/top/x", Reason.LINK_WORDS),
        ("-C link-arg=-Wl,@file", Reason.LINK_WORDS),
        ("-C link-arg=gone.o", Reason.LINK_WORDS),
    ],
)
def test_left(more: str, reason: str) -> None:
    assert read(f"{LIBRARY} {more}").reason == reason


@pytest.mark.parametrize(
    "more",
    ["-C link-arg=-Wl,-rpath,/nix/store/x/lib", "-C link-args=-s", "-C link-arg=-fuse-ld=lld", "--extern proc_macro",
     "-C lto=thin", "-C target-cpu=x86-64-v3", "-C split-debuginfo=off", "-l static=z", "--remap-path-prefix=/a=/b",
     "-C linker-plugin-lto", "-C link-arg=-Wl,-z,relro,-z,now", "--extern noprelude:alloc"],
)  # fmt: skip
def test_safe(more: str) -> None:
    assert read(f"{LIBRARY} {more}").reason == ""


def test_a_file_for_the_linker(tmp_path: Path) -> None:
    (tmp_path / "data.o").touch()
    said = rustwords.read([*LIBRARY.split(), "-C", "link-arg=data.o"], str(tmp_path))
    assert (said.reason, said.link_files) == ("", ["data.o"])


def test_dependency_files() -> None:
    text = (
        b"out/app.d: src/main.rs src/a\\ b.rs\n\nout/app: src/main.rs src/a\\ b.rs\n\nsrc/main.rs:\nsrc/a\\ b.rs:\n\n"
        b"# env-dep:CARGO_PKG_NAME=app\n# env-dep:GREETING\n# env-dep:TEXT=one\\ntwo\\\\\n"
    )
    assert rustdeps.parse(text) == rustdeps.Read(
        ("src/main.rs", "src/a b.rs"), (("CARGO_PKG_NAME", "app"), ("GREETING", None), ("TEXT", "one\ntwo\\"))
    )
