"""rustc's dependency files: the sources that a call read, and the variables, with their values.

The form is a Makefile's, with a rule without prerequisites for each source, and comments for variables; cargo reads it
as well (its `core/compiler/fingerprint`, "parse_rustc_dep_info").
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_VARIABLE = b"# env-dep:"
_ESCAPED = re.compile(r"\\(.)")
_PLAIN = {"n": "\n", "r": "\r", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Read:
    """What a call read. Sources are as the file spells them."""

    sources: tuple[str, ...]
    variables: tuple[tuple[str, str | None], ...]
    """Name and value; None where it was not set."""


def parse(text: bytes) -> Read:
    """Read a dependency file."""
    sources, variables = [], []
    for line in text.splitlines():
        if line.startswith(_VARIABLE):
            name, equals, value = os.fsdecode(line[len(_VARIABLE) :]).partition("=")
            variables.append((_unescaped(name), _unescaped(value) if equals else None))
        elif line.endswith(b":") and not line.startswith(b"#"):
            sources.append(os.fsdecode(line[:-1]).replace("\\ ", " "))
    return Read(tuple(sources), tuple(variables))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _PLAIN.get(found[1], found[0]), text)
