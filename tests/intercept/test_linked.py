"""What a link reads, held against what real linkers open."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.intercept import stub
from splitphase.intercept.linked import Input, Inputs, input_at, inputs_of

SHARED = "-shared -nostdlib"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders `work`, `one`, `two`, `scripts`; `two` has libx.so, libx.a and liby.a, `one` has libx.a alone."""
    for name in ("work", "one", "two", "scripts"):
        (tmp_path / name).mkdir()
    for name in ("x", "y", "z", "main"):
        (tmp_path / f"{name}.c").write_text(f"int {name}(void) {{ return 1; }}\n")
        cc(tmp_path, f"-c -fPIC {name}.c")
    cc(tmp_path, f"{SHARED} x.o -o two/libx.so")
    for library in ("one/libx.a x.o", "two/libx.a x.o", "two/liby.a y.o"):
        subprocess.run(["ar", "rcs", *library.split()], cwd=tmp_path, check=True)
    shutil.copy(tmp_path / "main.o", tmp_path / "work")
    return tmp_path


def cc(folder: Path, words: str) -> str:
    return subprocess.run(["gcc", *words.split()], cwd=folder, check=True, capture_output=True, text=True).stdout


def inputs(tree: Path, words: str) -> Inputs:
    return inputs_of(words.split(), str(tree / "work"), ())


def short(tree: Path, paths: list[str]) -> list[str]:
    return [os.path.relpath(os.path.join(tree, "work", path), tree) for path in paths]


def read(tree: Path, words: str) -> list[str]:
    return short(tree, [file.path for file in inputs(tree, words).files])


def absent(tree: Path, words: str) -> list[str]:
    return short(tree, list(inputs(tree, words).absent))


LINKS = {
    "objects": "main.o ../y.o ../x.o",
    "shared before static": "main.o -L../two -lx",
    "folders in order": "main.o -L../one -L../two -lx -ly",
    "a folder named after the library": "main.o -lx -L ../two",
    "static": "main.o -L../two -Wl,-Bstatic -lx -Wl,-Bdynamic -lx",
    "static for a time": "main.o -L../two -Wl,--push-state -Wl,-Bstatic -lx -Wl,--pop-state -lx",
    "static, the driver's": "-static main.o -L../two -lx",
    "exact name": "main.o -L../one -L../two -l:libx.a",
    "words for the linker": "main.o -Wl,-L../two,-lx -Xlinker -ly -Wl,-soname,libx.so.1,-h,main.o -Wl,-e,main",
    "long options": "main.o -Wl,--library-path=../two -Wl,--library=x -Wl,--library,y",
    "whole archives, groups": "main.o -L../two -Wl,--whole-archive ../one/libx.a -Wl,--no-whole-archive"
    " -Wl,--start-group -ly ../one/libx.a -Wl,--end-group",
    "twice": "main.o -L../two -ly -lx -ly",
    "script beside its files": "main.o -L../scripts -L../two -lbeside",
    "script by -l": "main.o -L../scripts -L../two -lgroup",
    "script by name": "main.o -L../two ../scripts/libgroup.so",
    "script of another script": "main.o -L../scripts -L../two -lnested",
    "script with a folder": "main.o -L../scripts -lsearch",
    "wrong target": "main.o -L../wrong -L../two -lx -ly -lx",
    "needed, by rpath-link": "-no-pie user.o -Wl,-e,user -L../needs -Wl,-rpath-link,../one:../two -lneeds",
    "needed, by its own run path": "-no-pie user.o -Wl,-e,user -L../needs -lown",
    "needed, known by soname": "-no-pie user.o -Wl,-e,user -L../needs -Wl,-rpath,../two ../two/other.so -lneeds",
    "response": "main.o @words",
}  # fmt: skip


def prepare(tree: Path) -> None:
    shutil.copy(tree / "y.o", tree / "scripts" / "near.o")
    scripts = {
        "libbeside.so": "INPUT(near.o)",
        "libgroup.so": f"/* GNU ld script: INPUT(not.o) */\nGROUP ( -lx AS_NEEDED ( {tree}/two/liby.a ) )",
        "libnested.so": "INPUT(-lgroup)",
        "libsearch.so": f'SEARCH_DIR("{tree}/two")\nINPUT(-ly -lx)',
    }
    for name, text in scripts.items():
        (tree / "scripts" / name).write_text(text)
    shutil.copy(tree / "x.o", tree / "work" / "near.o")
    (tree / "needs").mkdir()
    (tree / "z.c").write_text("int x(void); int z(void) { return x(); }\n")
    (tree / "user.c").write_text("int z(void); int user(void) { return z(); }\n")
    cc(tree, "-c -fPIC z.c")
    cc(tree, "-c user.c -o work/user.o")
    cc(tree, f"{SHARED} -Wl,-soname,libx.so x.o -o two/other.so")
    cc(tree, f"{SHARED} -Ltwo z.o -Wl,--no-as-needed -lx -o needs/libneeds.so")
    cc(tree, f"{SHARED} -Ltwo z.o -Wl,--no-as-needed -lx -Wl,-rpath,$ORIGIN/../two -o needs/libown.so")
    (tree / "work" / "words").write_text('-L"../two"\n-l\\x\n')
    (tree / "wrong").mkdir()
    # Where the compiler cannot do this, the folder is empty.
    subprocess.run("gcc -m32 -c x.c -o wrong/libx.so".split(), cwd=tree, check=False)


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld"])
@pytest.mark.parametrize("link", LINKS)
def test_files_are_those_that_the_linker_opens(tree: Path, link: str, linker: str) -> None:
    prepare(tree)
    if not shutil.which("strace") or not shutil.which(f"ld.{linker}"):
        pytest.skip("no strace, or no such linker")
    if linker != "bfd" and link == "script with a folder":
        pytest.skip("takes SEARCH_DIR in the link's main script only")
    if linker != "bfd" and "needed" in link:
        pytest.skip("does not look for what a library needs")
    if linker == "lld" and link == "wrong target":
        pytest.skip("fails at a library for another target")
    words = LINKS[link].split()
    shared = [] if words[0] in {"-static", "-no-pie"} else ["-shared"]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", "trace", "gcc", f"-fuse-ld={linker}", *shared,
         "-nostdlib", "-o", "out", *words],
        cwd=tree / "work", check=False, capture_output=True, text=True,
    )  # fmt: skip
    if "ptrace" in done.stderr:
        pytest.skip("no strace here")
    assert done.returncode == 0, done.stderr
    opened: dict[bool, set[str]] = {True: set(), False: set()}
    for path, result in re.findall(
        r'openat?\d?\(.*?"([^"]*)".* = (-1 ENOENT|\d+)', (tree / "work" / "trace").read_text()
    ):
        full = os.path.join(tree, "work", path)
        if os.path.realpath(full).startswith(os.path.realpath(tree)) and not path.endswith(("out", ".res")):
            opened[result.isdigit()].add(os.path.relpath(full, tree))
    opened[True] = {path for path in opened[True] if (tree / path).is_file()}
    found = inputs_of([*shared, *words], str(tree / "work"), ())
    assert set(short(tree, [file.path for file in found.files])) == opened[True]
    assert opened[False] <= set(short(tree, list(found.absent)))


def test_places_in_vain_in_order(tree: Path) -> None:
    assert absent(tree, "main.o -L../one -L../two -ly -lx") == [
        "one/liby.so", "one/liby.a", "two/liby.so", "one/libx.so",
    ]  # fmt: skip
    assert read(tree, "main.o -L../one -L../two -ly -lx") == ["work/main.o", "two/liby.a", "one/libx.a"]
    assert absent(tree, "gone.o -L../none -lgone") == ["work/gone.o", "none/libgone.so", "none/libgone.a"]


def test_the_searched_folders_come_after_those_of_the_words(tree: Path) -> None:
    found = inputs_of(["-lx", "-L../one"], str(tree / "work"), [str(tree / "two")])
    assert short(tree, [file.path for file in found.files]) == ["one/libx.a"]


def test_a_script_that_asks_for_a_library_of_the_build(tree: Path) -> None:
    """CMake names `-lall`; liball.so says INPUT(-lwhich), and libwhich.a is the build's. It was missed."""
    (tree / "scripts" / "liball.so").write_text("INPUT ( -lwhich )\n")
    (tree / "system").mkdir()
    subprocess.run(["ar", "rcs", "system/libwhich.a", "x.o"], cwd=tree, check=True)
    words = ["main.o", "-L.", "-L../scripts", "-lall"]
    before = inputs_of(words, str(tree / "work"), [str(tree / "system")])
    assert short(tree, [file.path for file in before.files])[1:] == ["scripts/liball.so", "system/libwhich.a"]
    assert "work/libwhich.a" in short(tree, list(before.absent))
    subprocess.run(["ar", "rcs", "work/libwhich.a", "y.o"], cwd=tree, check=True)
    after = inputs_of(words, str(tree / "work"), [str(tree / "system")])
    assert short(tree, [file.path for file in after.files])[1:] == ["scripts/liball.so", "work/libwhich.a"]


@pytest.mark.parametrize(
    "words",
    [
        "-Wl,--version-script=x.map", "-Wl,--version-script,x.map", "-Wl,--version-script -Wl,x.map",
        "-Xlinker --version-script -Xlinker x.map", "-Wl,-version-script=x.map", "-Wl,--dynamic-list=x.map",
        "-Wl,-T,x.map", "-T x.map", "-Tx.map", "-Wl,--retain-symbols-file=x.map", "-Wl,-R,x.map",
    ],
)  # fmt: skip
def test_files_that_options_name(tree: Path, words: str) -> None:
    assert absent(tree, words) == ["work/x.map"] or "-T" in words
    (tree / "work" / "x.map").write_text("{ global: x; local: *; };")
    assert read(tree, words) == ["work/x.map"]


def test_scripts_that_lie_in_a_searched_folder_or_include(tree: Path) -> None:
    (tree / "one" / "main.ld").write_text("INCLUDE more.ld\nSECTIONS { .text : { *(.text) } }")
    (tree / "one" / "more.ld").write_text("INCLUDE main.ld INPUT(libx.a)")
    assert read(tree, "-Wl,-T,main.ld -L../one") == ["one/main.ld", "one/more.ld", "one/libx.a"]


def test_sysroot(tree: Path) -> None:
    assert read(tree, f"--sysroot={tree} -L=/two -lx") == ["two/libx.so"]
    assert read(tree, f"--sysroot {tree} -Wl,-L,=/one -lx") == ["one/libx.a"]


@pytest.mark.parametrize(
    "words", ["-Wl,-rpath,main.o", "-Wl,-soname -Wl,main.o", "-rpath main.o", "-o main.o", "-Wl,-Map=main.o"]
)
def test_values_that_are_no_inputs(tree: Path, words: str) -> None:
    assert inputs(tree, words) == Inputs((), ())


def test_times_in_an_archive_do_not_count_but_its_members_do(tree: Path) -> None:
    def digest(options: str, members: str) -> str:
        (tree / "work" / "lib.a").unlink(missing_ok=True)
        subprocess.run(["ar", options, "work/lib.a", *members.split()], cwd=tree, check=True)
        (found,) = inputs(tree, "lib.a").files
        return found.digest

    first = digest("rcsU", "x.o y.o")
    os.utime(tree / "x.o", (1, 1))
    assert digest("rcsU", "x.o y.o") == first == digest("rcsD", "x.o y.o")
    assert digest("rcs", "y.o x.o") != first
    assert digest("rcs", "x.o") != first
    assert digest("rcS", "x.o y.o") != first


def test_calls_of_stubs(tree: Path) -> None:
    template = stub.object_template(["gcc"])
    for name in ("p", "q"):
        (tree / "work" / f"{name}.o").write_bytes(stub.object_stub(template, f"call-{name}"))
    subprocess.run(["ar", "rcs", "libq.a", "q.o", "main.o"], cwd=tree / "work", check=True)
    files = inputs(tree, "p.o main.o -L. -lq").files
    assert [file.calls for file in files] == [("call-p",), (), ("call-q",)]
    assert [(member.name, member.calls) for member in files[2].members] == [("q.o", ("call-q",)), ("main.o", ())]


def test_digests_that_the_caller_remembers(tree: Path) -> None:
    known: dict[str, Input] = {}

    def look(path: str) -> Input:
        known[path] = input_at(path)
        return known[path]

    found = inputs_of(["main.o", "-L../two", "-lx"], str(tree / "work"), (), look)
    assert list(known.values()) == list(found.files)
    assert found == inputs(tree, "main.o -L../two -lx")
