"""Macros and headers that the command line and the environment put in front of the source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import Project
from splitphase.scan import arguments
from splitphase.scan.closure import Scanner
from splitphase.scan.search import Compilers, run

PLAIN = "int x;\n"


@pytest.fixture
def tree(tmp_path: Path) -> Project:
    return Project(tmp_path / "tree", "gcc")


@pytest.mark.parametrize("word", ["-DWHEN=__DATE__", "-DWHEN=__TIME__ + 1", "-DWHEN(x)=f(x, __DATE__)"])
@pytest.mark.parametrize("variable", ["", "NIX_CFLAGS_COMPILE", "NIX_CFLAGS_COMPILE_FOR_TARGET"])
def test_date(tree: Project, word: str, variable: str) -> None:
    tree.write({"main.c": PLAIN})
    assert not tree.scan(tree.compile("-DWHEN=1")).date
    if variable:
        tree.env[variable] = f"-O2 {word.replace(' ', '')}"
    assert tree.scan(tree.compile(*(() if variable else (word,)))).date


def test_timestamp(tree: Project) -> None:
    """Whichever file uses the macro gives the time."""
    tree.write({"main.c": '#include "a.h"\n', "a.h": PLAIN})
    result = tree.scan(tree.compile("-DSTAMP=__TIMESTAMP__"))
    assert tree.names(result.timestamps) == {"main.c", "a.h"}
    assert not result.date


@pytest.mark.parametrize("flag", ["-include", "-imacros"])
def test_forced_by_the_environment(tree: Project, flag: str) -> None:
    tree.write({"main.c": PLAIN, "forced.h": '#include "more.h"\n', "more.h": "#define WHEN __DATE__\n"})
    tree.env["NIX_CFLAGS_COMPILE"] = f"{flag} {tree.root}/forced.h"
    result = tree.scan(tree.compile())
    assert {"forced.h", "more.h"} <= tree.names(result.files)
    assert result.date


def test_has_include_in_a_flag(tree: Project) -> None:
    tree.write({"main.c": "#if CHECK\nint x;\n#endif\n", "inc/x.h": "", "beside.h": ""})
    compile_ = tree.compile("-Iinc", '-DCHECK=__has_include(<x.h>) && __has_include("beside.h")')
    result = tree.prove(compile_)
    assert {"inc/x.h", "beside.h"} <= tree.names(result.files)
    assert not result.computed
    (tree.root / "inc/x.h").unlink()
    assert "x.h" in tree.scan(compile_).missing


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("#define STR(x) QUOTED(x)\n#define QUOTED(x) #x\n#if __has_include(STR(P.h))\n#endif\n", "-DP=board"),
        ("#define S(x) #x\n#define NAME S(x.h)\n#if __has_include(NAME)\n#endif\n", "-DA"),
        ("#define OTHER <x.h>\n#if __has_include(NAME)\n#endif\n", "-DNAME=OTHER"),
        ("#define HAVE(x) __has_include(x)\n#if HAVE(NAME)\n#endif\n", "-DNAME=<x.h>"),
        ("#if CHECK\n#endif\n", "-DCHECK=__has_include(STR(x))"),
    ],
)
def test_has_include_of_what_nobody_can_see(tree: Project, text: str, word: str) -> None:
    tree.write({"main.c": f"#define VALUE 1\n{text}"})
    compile_ = tree.compile(word)
    if "CHECK" in word:
        compile_ = tree.compile(word, "-DSTR(x)=<x.h>")
    assert tree.names(tree.scan(compile_).opaque) == {"main.c"}


def test_has_include_that_can_be_seen(tree: Project) -> None:
    tree.write({
        "main.c": "#define NAME <x.h>\n#define HAVE(x) __has_include(x)\n"
        "#if __has_include(NAME) && HAVE(<x.h>)\n#endif\n"
    })  # fmt: skip
    result = tree.scan(tree.compile())
    assert not result.opaque


def test_compilers_are_asked_without_the_shim(tmp_path: Path) -> None:
    (tmp_path / "marker.sh").write_text(f"echo run >> {tmp_path}/seen\n")
    (tmp_path / "cc").write_text('#!/bin/bash\n[ -z "$SPLITPHASE_SOCKET" ] || exit 9\nexec gcc "$@"\n')
    (tmp_path / "cc").chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "BASH_ENV": f"{tmp_path}/marker.sh", "SPLITPHASE_SOCKET": "x"}
    read = arguments.read([f"{tmp_path}/cc", "-c", "x.c"], str(tmp_path))
    Compilers().search_path(read, str(tmp_path), environment, "c")
    assert run(["/bin/bash", "-c", "true"], str(tmp_path), environment) == ("", "")
    assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize("flag", ["-I", "-isystem", "CPATH"])
def test_search_directory_comes_and_goes(tree: Project, flag: str) -> None:
    tree.write({"main.c": "#include <x.h>\n", "last/x.h": PLAIN})
    if flag == "CPATH":
        tree.env["CPATH"] = f"{tree.root}/first:{tree.root}/last"
    words = () if flag == "CPATH" else (flag, "first", flag, "last")
    scanner = Scanner(str(tree.root))
    for present in (False, True, False):
        if present:
            tree.write({"first/x.h": PLAIN})
        elif (tree.root / "first").exists():
            (tree.root / "first/x.h").unlink()
            (tree.root / "first").rmdir()
        expected = {"main.c", "first/x.h" if present else "last/x.h"}
        assert tree.names(scanner.scan(tree.compile(*words)).files) == expected
