"""Command lines and the search path that the compiler reports for them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splitphase.errors import SplitphaseError
from splitphase.scan import arguments
from splitphase.scan.dependencies import parse_depfile
from splitphase.scan.search import Compilers, SearchPath, parse_search_path


def test_two_word_options() -> None:
    read = arguments.read(
        "ccache gcc -D X -DY=1 -I inc -isystem sys -includea.h -include b.h -Xclang -include-pch -Xclang p.pch"
        " -Wp,-MD,out.d -MF f.d -arch arm64 -x c++ --sysroot=/r -o out.o src.c".split(),
        "/nowhere",
    )
    assert read.compiler == ("ccache", "gcc")
    assert [(option.name, option.value) for option in read.options] == [
        ("-D", "X"), ("-D", "Y=1"), ("-I", "inc"), ("-isystem", "sys"), ("-include", "a.h"), ("-include", "b.h"),
        ("-include-pch", "p.pch"), ("-MD", "out.d"), ("-MF", "f.d"), ("-arch", "arm64"), ("-x", "c++"),
        ("--sysroot", "/r"), ("-o", "out.o"), ("", "src.c"),
    ]  # fmt: skip
    assert list(read.options[6].spelled()) == ["-Xclang", "-include-pch", "-Xclang", "p.pch"]


@pytest.mark.parametrize(
    ("argv", "source", "expected"),
    [
        ("gcc a.c", "a.c", "c"),
        ("g++ a.c", "a.c", "c++"),
        ("/x/arm-none-eabi-g++-12 a.c", "a.c", "c++"),
        ("gcc a.C", "a.C", "c++"),
        ("gcc a.S", "a.S", "assembler-with-cpp"),
        ("gcc a.s", "a.s", "assembler-with-cpp"),
        ("clang a.mm", "a.mm", "objective-c++"),
        ("clang -x cuda a.c", "a.c", "cuda"),
        ("gcc -x c++ -x none a.m", "a.m", "objective-c"),
        ("clang a.cu", "a.cu", "cuda"),
    ],
)
def test_language(argv: str, source: str, expected: str) -> None:
    assert arguments.language(arguments.read(argv.split(), "/"), source) == expected


def test_unknown_language() -> None:
    with pytest.raises(SplitphaseError, match=r"suffix of 'a\.zig'") as caught:
        arguments.language(arguments.read(["gcc", "a.zig"], "/"), "a.zig")
    assert "-x" in caught.value.hint


def test_response_files(tmp_path: Path) -> None:
    (tmp_path / "one.rsp").write_text("-DA='x y' \"-DB=\\\"q\\\"\"\n@two.rsp\n-DC=a\\ b ''")
    (tmp_path / "two.rsp").write_text("-I\nsub\tdir")
    read = arguments.read(["gcc", "@one.rsp", "@absent.rsp", "x.c"], str(tmp_path))
    words = [word for option in read.options for word in option.words]
    assert words == ["-DA=x y", '-DB="q"', "-I", "sub", "dir", "-DC=a b", "", "@absent.rsp", "x.c"]
    assert read.response_files == (f"{tmp_path}/one.rsp", f"{tmp_path}/two.rsp")


def test_response_file_quotes_like_the_compiler(tmp_path: Path) -> None:
    """GCC must make the same of the file as of the words that the file is split into."""
    text = """-DA='a\\'b"c' "-DB=x\\ 'y" -D'C'='""'z -DD="\\"" \t\r\n -DE=\\\\ ''-DF=e"""
    (tmp_path / "a.rsp").write_text(text)

    def macros(*words: str) -> str:
        argv = ["gcc", "-E", "-dM", "-w", "-x", "c", *words, "/dev/null"]
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert macros("@a.rsp") == macros(*arguments.split_response(text))
    assert "#define A a'b\"c" in macros("@a.rsp")


def test_response_file_loop(tmp_path: Path) -> None:
    (tmp_path / "a.rsp").write_text("@a.rsp")
    with pytest.raises(SplitphaseError, match="includes itself"):
        arguments.read(["gcc", "@a.rsp"], str(tmp_path))


def _ask(compilers: Compilers, argv: str, directory: Path, **environment: str) -> SearchPath:
    read = arguments.read(argv.split(), str(directory))
    return compilers.search_path(read, str(directory), {"PATH": "/usr/bin:/bin", **environment}, "c")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_order(compiler: str, tmp_path: Path) -> None:
    for name in ("i", "q", "s", "after", "env", "with space"):
        (tmp_path / name).mkdir()
    compilers = Compilers()
    path = _ask(
        compilers,
        f"{compiler} -idirafter after -isystem s -I i -iquote q -I absent -DX -D Y -include nothing.h "
        "-MD -MF d -o x.o -c x.c",
        tmp_path,
        CPATH=f"{tmp_path}/env",
    )
    assert path.quote == (f"{tmp_path}/q",)
    mine = [Path(directory).name for directory in path.angle if directory.startswith(str(tmp_path))]
    assert mine in (["i", "env", "s", "after"], ["i", "s", "env", "after"])
    assert path.angle[-1] == f"{tmp_path}/after"
    assert "/usr/include" in path.angle
    assert not list(tmp_path.glob("*.o"))
    assert not (tmp_path / "d").exists()


def test_asks_once(tmp_path: Path) -> None:
    compilers = Compilers()
    (tmp_path / "i").mkdir()
    (tmp_path / "other").mkdir()
    environment = {"PATH": "/usr/bin:/bin"}
    for words, directory in [
        ("-I{0}/i -DA -O2 -g -Wall -fPIC -c a.c -o a.o -MD -MF a.d", tmp_path),
        ("-I{0}/i -DB=2 -O3 -g3 -W -fvisibility=hidden -c b.c -o b.o -MT t", tmp_path),
        ("-Ii -c c.c", tmp_path),
        ("-I../i -c d.c", tmp_path / "other"),
    ]:
        read = arguments.read(["gcc", *words.format(tmp_path).split()], str(directory))
        path = compilers.search_path(read, str(directory), environment, "c")
        assert any(directory.endswith("/i") for directory in path.angle)
    # The first two agree; the others spell the directory in two more ways, one of which is the same again.
    assert compilers.runs == 2


def test_failure_says_what_the_compiler_said(tmp_path: Path) -> None:
    with pytest.raises(SplitphaseError, match="bogus-option"):
        _ask(Compilers(), "gcc -mbogus-option -c a.c", tmp_path)
    with pytest.raises(SplitphaseError, match="cannot run 'no-such-cc'"):
        _ask(Compilers(), "no-such-cc -c a.c", tmp_path)
    with pytest.raises(SplitphaseError, match="no include search list"):
        _ask(Compilers(), "true -c a.c", tmp_path)


def test_parse_apple() -> None:
    text = (
        'x\n#include "..." search starts here:\n q\n#include <...> search starts here:\n /a\n'
        " /F (framework directory)\nEnd of search list.\n /not\n"
    )
    assert parse_search_path(text, "/cwd") == SearchPath(("/cwd/q",), ("/a", "/F"))


def test_depfile() -> None:
    text = "x: a.c \\\n  b\\ c.h d$$.h \\\r\n e\\#f.h g\\h.h\\\\\\ i\n\ny:\nz: last.h\n"
    assert parse_depfile(text) == ["a.c", "b c.h", "d$.h", "e#f.h", "g\\h.h\\ i", "last.h"]
