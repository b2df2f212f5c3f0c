"""What stands in front of the source: forced includes and macros.

They come from the command's own words and from the variables that nixpkgs' compiler wrapper turns into words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from splitphase.environment import wrapper_flags

from . import arguments as command
from .arguments import Arguments
from .directives import Directives, parse


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in front of the source."""

    headers: tuple[str, ...]
    """What `-include`, `-imacros` and `-include-pch` name."""
    text: bytes
    """The macros as a file would define them."""
    directives: Directives
    """What that text says."""
    response_files: tuple[str, ...]
    """Those that variables name; absolute."""


def given(arguments: Arguments, directory: str, environment: Mapping[str, str]) -> Given:
    """Read them. A compiler that is not wrapped does not see the variables: then this is too much, never too little."""
    words = tuple(wrapper_flags(environment))
    hidden = any(word.startswith("@") for word in words)
    added = command.read(("cc", *words), directory) if hidden else _read(words)
    parts = (arguments, added)
    headers = [name for part in parts for name in part.values("-include", "-imacros", "-include-pch")]
    macros = tuple(value for part in parts for value in part.values("-D"))
    text, directives = _parse(macros)
    return Given(tuple(headers), text, directives, added.response_files)


@lru_cache(maxsize=64)
def _read(words: tuple[str, ...]) -> Arguments:
    return command.read(("cc", *words), "/")


@lru_cache(maxsize=1024)
def _parse(macros: tuple[str, ...]) -> tuple[bytes, Directives]:
    lines = (f"#define {' '.join(value.partition('=')[::2])}\n" for value in macros)
    text = os.fsencode("".join(lines))
    return text, parse(text)
