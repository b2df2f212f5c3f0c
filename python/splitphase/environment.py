"""The environment that an action sees: an allow-list, less the include folders in the store that it does not use."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import pairwise

_INCLUDE_FLAGS = ("-isystem", "-idirafter", "-iquote", "-I")
_STORE = "/nix/store/"


def without_bash_env(environment: Mapping[str, str]) -> dict[str, str]:
    """For a compiler that the helper runs itself: no script is read before it, so it does not meet the shim."""
    return {name: value for name, value in environment.items() if name != "BASH_ENV"}


def forced_includes(environment: Mapping[str, str]) -> list[str]:
    """The `-include` and `-imacros` that the compiler wrapper takes from the environment; no command shows them."""
    found = []
    for name, value in sorted(environment.items()):
        if name.startswith("NIX_CFLAGS_COMPILE"):
            words = value.split()
            for flag, header in pairwise(words):
                if flag in ("-include", "-imacros"):
                    found += [flag, header]
    return found


def wrapper_flags(environment: Mapping[str, str]) -> list[str]:
    """The words that nixpkgs' compiler wrapper adds from the environment, for every role that it may have."""
    return [
        word
        for name, value in sorted(environment.items())
        if name.startswith("NIX_CFLAGS_COMPILE")
        for word in value.split()
    ]


def narrow_environment(environment: Mapping[str, str], used: Collection[str]) -> dict[str, str]:
    """Drop the store folders in which a compile finds nothing from its flags and search paths."""
    narrowed = {}
    for name, value in environment.items():
        if name.startswith("NIX_CFLAGS_COMPILE"):
            narrowed[name] = " ".join(without_folders(value.split(), used))
        elif name in ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH"):
            narrowed[name] = ":".join(entry for entry in value.split(":") if not _unused(entry, used))
        else:
            narrowed[name] = value
    return narrowed


def without_folders(words: list[str], used: Collection[str]) -> list[str]:
    """Drop `-I dir`, `-Idir`, `-isystem dir` and the like whose folder is in the store and not among `used`."""
    if any(word.startswith(("-grecord-command-line", "-frecord-")) for word in words):
        return words
    kept = []
    position = 0
    while position < len(words):
        word = words[position]
        flag = next((flag for flag in _INCLUDE_FLAGS if word.startswith(flag)), None)
        if flag is None:
            kept.append(word)
            position += 1
            continue
        length = 2 if word == flag and position + 1 < len(words) else 1
        folder = words[position + 1] if length == 2 else word[len(flag) :]
        if not _unused(folder, used):
            kept.extend(words[position : position + length])
        position += length
    return kept


def _unused(folder: str, used: Collection[str]) -> bool:
    return folder.startswith(_STORE) and folder not in used and os.path.normpath(folder) not in used
