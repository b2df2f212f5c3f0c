"""Keys: what must be the same for a result to be taken, what need not, and what has none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shimmed import stock, tools
from splitphase.intercept.call import Call, judge
from splitphase.intercept.keys import CLANG_DATE, NO_DATE, Key, Keys
from splitphase.paths import UNCHANGING
from splitphase.rewrite import Rewriter

ONE, OTHER = "/nix/store/7rjqb1l2v0xk9m4z5dcf3wn8hspgiay6-p", "/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-p"


class Tree:
    """A package's tree. Keys are always made anew, as another build makes them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.write("source/a.c", '#include "a.h"\nint a = A;\n')
        self.write("source/a.h", "#define A 1\n")

    def write(self, name: str, text: str, *, time: int | None = None) -> None:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if time is not None:
            os.utime(path, (time, time))

    def key(
        self,
        *words: str,
        folder: str = "source",
        output: str = ONE,
        environment: Mapping[str, str] | None = None,
        compiler: str = "gcc",
        terminal: bool = False,
        added: tuple[str, ...] = (),
    ) -> Key:
        outputs = {"out": output}
        keys = Keys(str(self.top), Rewriter.escaping(outputs), outputs, UNCHANGING, added)
        call = Call(
            f"{tools()}/wrapper/bin/{compiler}",
            ("-c", *words, "a.c"),
            str(self.top / folder),
            {"PATH": stock()["PATH"], **(environment or {})},
        )
        judged = judge(call, str(self.top))
        assert not judged.reason
        return keys.of(call, judged, terminal=terminal)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_the_same_call_has_the_same_key(tree: Tree) -> None:
    first = tree.key()
    assert (first.reason, first.folder, first.named, first.spelled) == ("", "source", False, False)
    os.utime(tree.top / "source/a.h", (1, 1))
    assert tree.key() == first
    assert tree.key(environment={"HOME": "/x", "FOO": "1"}).exact == first.exact


def test_what_counts(tree: Tree) -> None:
    keys = {tree.key().exact}
    variants: list[dict[str, object]] = [
        {"environment": {"CPATH": "/usr/include"}},
        {"environment": {"NIX_CFLAGS_COMPILE": "-DX"}},
        {"environment": {"LANG": "de_DE.UTF-8"}},
        {"environment": {"FOO": "1"}, "added": ("FOO",)},
        {"terminal": True},
    ]
    keys |= {tree.key(**variant).exact for variant in variants}  # type: ignore[arg-type]
    keys |= {tree.key(*words).exact for words in (("-O2",), ("-o", "b.o"), ("-MD",), ("-g",))}
    (tree.top / "source/stdc-predef.h").write_text("")
    keys.add(tree.key("-I.").exact)
    tree.write("source/a.h", "#define A 2\n")
    keys.add(tree.key().exact)
    assert len(keys) == 12


def test_a_header_that_shadows_counts_though_the_other_is_unchanged(tree: Tree) -> None:
    tree.write("source/one/b.h", "")
    tree.write("source/two/c.h", "")
    tree.write("source/a.h", "#define A 1\n#include <b.h>\n")
    before = tree.key("-Itwo", "-Ione")
    tree.write("source/two/b.h", "")
    assert tree.key("-Itwo", "-Ione").exact != before.exact


def test_hashes_of_outputs_in_words_and_files_do_not_count(tree: Tree) -> None:
    def made(output: str) -> Key:
        tree.write("source/a.h", f'#define A "{output}/x"\n')
        return tree.key(f'-DOUT="{output}"', f"-frandom-seed={output[11:21]}", output=output)

    one, other = made(ONE), made(OTHER)
    assert one.exact == other.exact
    assert one.moved == other.moved
    assert one.named
    assert one.owning == (str(tree.top / "source/a.h"),)
    assert made("/nix/store/1c5b8vw40dy178xlpddw65q9gf1h2186-q").exact != one.exact
    seed = tree.key(f"-frandom-seed={ONE[11:21]}")
    assert not seed.named


def test_a_folder_of_another_name(tree: Tree) -> None:
    top = tree.top
    first = tree.key(f"-I{top}/source", "-g")
    shutil.copytree(top / "source", top / "source-2")
    second = tree.key(f"-I{top}/source-2", "-g", folder="source-2")
    assert first.spelled
    assert second.spelled
    assert first.exact != second.exact
    assert first.moved == second.moved
    assert (second.folder, tree.key(f"-I{top}/source", "-g", folder="source-2").moved) != ("source-2", first.moved)


def test_dates(tree: Tree) -> None:
    when = {"SOURCE_DATE_EPOCH": "1"}
    plain = tree.key()
    assert tree.key(environment=when).exact == plain.exact
    tree.write("source/a.h", "#define A __TIME__[0]\n")
    assert tree.key().reason == NO_DATE
    dated = tree.key(environment=when)
    assert dated.reason == ""
    assert tree.key(environment={"SOURCE_DATE_EPOCH": "2"}).exact != dated.exact
    if shutil.which("clang"):
        assert tree.key(environment=when, compiler="clang").reason == CLANG_DATE


def test_a_files_own_time_counts_where_it_is_read(tree: Tree) -> None:
    tree.write("source/a.h", "#define A __TIMESTAMP__[0]\n", time=5)
    first = tree.key()
    tree.write("source/a.h", "#define A __TIMESTAMP__[0]\n", time=6)
    assert tree.key().exact != first.exact


def _of_equal_files(tree: Tree, content: str, first: str) -> Callable[[int, int], str]:
    """The key of a source that reads two files of this content, by their times."""

    def made(one: int, two: int) -> str:
        tree.write("source/a.h", f'#define A 1\n{first}\n#include "y/b.h"\n')
        tree.write("source/x/b.h", content, time=one)
        tree.write("source/y/b.h", content, time=two)
        return tree.key().exact

    return made


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("#pragma once\n", '#include "x/b.h"'),
        ('_Pragma("once")\n', '#include "x/b.h"'),
        ("int b;\n", '#import "x/b.h"'),
    ],
)
def test_which_of_equal_files_have_one_time(tree: Tree, content: str, first: str) -> None:
    """For GCC's `#pragma once` they are one file then."""
    made = _of_equal_files(tree, content, first)
    assert made(5, 5) == made(7, 7)
    assert len({made(5, 5), made(5, 6), made(6, 5)}) == 3
    assert made(5, 6) == made(100, 1000)


def test_times_of_equal_files_that_are_read_again_do_not_count(tree: Tree) -> None:
    made = _of_equal_files(tree, "extern int b;\n", '#include "x/b.h"')
    assert len({made(5, 5), made(5, 6), made(6, 5)}) == 1


def test_store_folders_in_which_nothing_is_found_do_not_count(tree: Tree) -> None:
    unused = "/nix/store/1c5b8vw40dy178xlpddw65q9gf1h2186-unused/include"
    plain = tree.key()
    assert tree.key(f"-I{unused}").exact == plain.exact
    assert tree.key("-isystem", unused).exact == plain.exact
    flags = {"NIX_CFLAGS_COMPILE": ""}
    first = tree.key(environment=flags)
    assert tree.key(environment={"NIX_CFLAGS_COMPILE": f"-isystem {unused}"}).exact == first.exact
    tree.write("source/empty/x", "")
    assert tree.key("-Iempty").exact != plain.exact


def test_what_has_no_key(tree: Tree) -> None:
    tree.write("source/a.c", 'asm(".incbin " NAME);\n')
    assert "incbin" in tree.key().reason
    tree.write("source/a.c", "int a;\n")
    os.mkfifo(tree.top / "source/pipe.h")
    tree.write("source/b.h", "")
    assert tree.key("-include", "/dev/null").reason
