"""What a broken build.ninja is told: file, line, and a way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splitphase.errors import BuildGraphError
from splitphase.ninja.parser import read_graph

RULE = "rule r\n  command = c\n"
CYCLE = "rule r\n  command = $rspfile\n  rspfile = $rspfile_content\n  rspfile_content = $rspfile\nbuild a: r\n"


def failure(directory: Path, text: str) -> BuildGraphError:
    Path(directory, "build.ninja").write_text(text, newline="")
    with pytest.raises(BuildGraphError) as caught:
        read_graph(str(directory))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("build a: nope b\n", 1, "unknown rule 'nope'"),
        (RULE + "build a: r\nbuild b: r\nbuild x | a: r\n", 5, r"multiple rules generate a: .*build.ninja:3$"),
        (RULE + "build a ./a: r\n", 3, "a is defined as an output multiple times"),
        (RULE + "build : r\n", 3, "expected an output path"),
        (RULE + "build a\n", 3, "expected ':'"),
        (RULE + "build a: r C:\\x\n", 3, "expected a newline"),
        (RULE + "build a: r $v\n", 3, "empty path"),
        (RULE + "build a: r $%\n", 3, r"bad \$-escape"),
        (RULE + "build a: r ${b c}\n", 3, r"bad \$-escape"),
        ("x = a$^b\n", 1, r"bad \$-escape"),
        ("\n\n x = 1\n", 3, "expected a statement"),
        ("\tx = 1\n", 1, "tabs are not allowed"),
        (RULE + "build a: r\n\tx = 1\n", 4, "tabs are not allowed"),
        ("x 1\n", 1, "expected '='"),
        (RULE + "build a: r\n  x\n", 4, "expected 'variable = value'"),
        ("rule r\n  command = c\n  odd = 1\n", 1, "unexpected variable 'odd'"),
        ("rule r\n  depfile = c\n", 1, "rule 'r' has no command"),
        ("rule r\n  command = c\n  rspfile = x\n", 1, "both rspfile and rspfile_content"),
        (RULE + RULE, 3, "duplicate rule 'r'"),
        ("rule phony\n  command = c\n", 1, "duplicate rule 'phony'"),
        (RULE + "build a: r\n  pool = p\n", 3, "unknown pool 'p'"),
        ("pool p\n  depth = 1\npool p\n  depth = 1\n", 3, "duplicate pool 'p'"),
        ("pool p\n  width = 1\n", 1, "pool 'p' needs a depth"),
        ("default nothing\n", 1, "unknown target 'nothing'"),
        ("default\n", 1, "expected a target name"),
        (RULE + "build a: r\n  dyndep = d\n", 3, "dyndep 'd' is not an input"),
        (CYCLE, 5, "cycle in rule variables: rspfile -> rspfile_content -> rspfile"),
        ("include missing.ninja\n", 1, "cannot read .*missing.ninja: No such file"),
        ("x = 1\nsubninja build.ninja\n", 2, "build.ninja includes itself"),
        (RULE + "build a: r b\nbuild b: r || c\nbuild c | d: r | a\n", 3, "dependency cycle: a -> b -> c -> a"),
        (RULE + "build e: r d\nbuild c d: r a\nbuild a: r c\n", 4, "dependency cycle: c -> a -> c"),
        (RULE + "build a: r a\n", 3, "dependency cycle: a -> a"),
        ("x = a\rb\n", 1, "expected a newline"),
    ],
)  # fmt: skip
def test_place_and_message(tmp_path: Path, text: str, line: int, message: str) -> None:
    error = failure(tmp_path, text)
    assert error.message.startswith(f"{tmp_path}/build.ninja:{line}: "), error.message
    assert re.search(message, error.message), error.message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BuildGraphError, match=r"cannot read .*build.ninja: No such file") as caught:
        read_graph(str(tmp_path))
    assert "-G Ninja" in caught.value.hint


def test_unreadable_file(tmp_path: Path) -> None:
    Path(tmp_path, "build.ninja").mkdir()
    with pytest.raises(BuildGraphError, match="Is a directory"):
        read_graph(str(tmp_path))


def test_error_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    Path(tmp_path, "x.ninja").write_text("\nbuild a: nope\n")
    assert failure(tmp_path, "include x.ninja\n").message == f"{tmp_path}/x.ninja:2: unknown rule 'nope'"


def test_include_circle_over_two_files(tmp_path: Path) -> None:
    Path(tmp_path, "x.ninja").write_text("\nsubninja build.ninja\n")
    assert failure(tmp_path, "include x.ninja\n").message == f"{tmp_path}/x.ninja:2: build.ninja includes itself"


def test_every_problem_is_reported(tmp_path: Path) -> None:
    error = failure(tmp_path, "build a: one\nbuild b: two\nbuild $v: phony\nx y\n")
    assert [line.split(":")[1] for line in error.message.split("\n")] == ["1", "2", "3", "4"]


def test_a_file_cut_short_is_called_that(tmp_path: Path) -> None:
    """At every byte, except where a whole statement ends."""
    text = (
        "# c\nrule r\n  command = cc $\n   $in ${x}\npool p\n  depth = 2\n"
        "build a$ b | c: r d || $\n  e\n  pool = p\ndefault a$ b\n"
    )
    whole = [text.index(mark) for mark in ("rule", "pool p", "build", "  pool", "default")]
    for end in range(1, len(text)):
        if end in whole:
            Path(tmp_path, "build.ninja").write_text(text[:end])
            read_graph(str(tmp_path))
        elif text[:end].endswith(("rule r\n", "pool p\n")):
            assert re.search("no command|needs a depth", failure(tmp_path, text[:end]).message)
        else:
            error = failure(tmp_path, text[:end])
            assert "unexpected end of file" in error.message, text[:end]
            assert "cut short" in error.hint
