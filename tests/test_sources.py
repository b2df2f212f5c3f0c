"""Rules that hold for every source of the helper."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = sorted(Path(__file__).parent.parent.glob("python/splitphase/**/*.py"))
_ESCAPED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_POSSESSIVE = re.compile(r"[*+?}]\+|\(\?>")
LONGEST = 400


def patterns(source: Path) -> Iterator[str]:
    """Every string inside the arguments of a call of `re` in a source, and every raw string besides."""
    text = source.read_text()
    found = []
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re."):
            found += [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and re.match("(?:r|br|rb)[\"']", token.string.lower()):
            found.append(ast.literal_eval(token.string))
    yield from (
        value.decode("latin-1") if isinstance(value, bytes) else value
        for value in found
        if isinstance(value, (str, bytes))
    )


def is_possessive(pattern: str) -> bool:
    return _POSSESSIVE.search(_ESCAPED.sub("x", pattern)) is not None


@pytest.mark.parametrize("pattern", ["a++", "(?:ab)*+", "[x]?+c", "x{2,3}+", "(?>a|b)", r"\\++"])
def test_possessive_is_found(pattern: str) -> None:
    assert is_possessive(pattern)


@pytest.mark.parametrize("pattern", [r"c\+\++", r"g\+\+", "[*+]+", "[]+*]+", "a+b*c?", r"\(\?>"])
def test_others_are_not(pattern: str) -> None:
    assert not is_possessive(pattern)


def test_no_possessive_quantifiers() -> None:
    """CPython 3.11.2's `re`, which Debian 12 has, matches wrongly behind possessive quantifiers and atomic groups."""
    found = [(source.name, pattern) for source in SOURCES for pattern in patterns(source)]
    assert len(found) > 50
    assert [(name, pattern) for name, pattern in found if is_possessive(pattern)] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(path.parents[2])))
def test_files_stay_short(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= LONGEST
