"""Read the depfiles that compilers write with `-MD`: a Makefile fragment, `target: dependency ...`."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TOKEN = re.compile(r"(?:\\\r?\n|\s)+|((?:[^\\\s]|\\[^\r\n])+)")
_ESCAPE = re.compile(r"(\\+)([ #:])|\$\$")


def read_depfile(path: Path) -> tuple[str, ...]:
    """Return the dependencies of the first rule, each once, in order, paths canonicalised as Ninja does."""
    return tuple(dict.fromkeys(map(os.path.normpath, read_rule(path)[1])))


def read_rule(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return targets and dependencies of the first rule, each once, in order, as they are spelled."""
    text = path.read_text(errors="surrogateescape")
    targets: list[str] = []
    found: dict[str, None] = {}
    in_targets = True
    for match in _TOKEN.finditer(text):
        word = match[1]
        if word is None:
            continue
        if in_targets:
            in_targets = not word.endswith(":")
            name = word.removesuffix(":")
            targets += [_ESCAPE.sub(_unescape, name)] if name else []
            continue
        if word.endswith(":") and not word.endswith("\\:"):
            break  # -MP: an empty rule for each header follows
        found[_ESCAPE.sub(_unescape, word)] = None
    return tuple(dict.fromkeys(targets)), tuple(found)


def _unescape(match: re.Match[str]) -> str:
    if match[0] == "$$":
        return "$"
    slashes = match[1]
    return "\\" * (len(slashes) // 2) + match[2]
