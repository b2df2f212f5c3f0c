"""What lies in the folder of a cargo package, or in the whole tree: for calls of rustc that may read what none says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

_VENDORED = ".cargo-checksum.json"
"""cargo asks for this file in each package that is vendored."""
_LEFT_OUT = frozenset((".git", ".hg", ".svn"))
_TARGET = ("CACHEDIR.TAG", ".fingerprint")
"""What a folder has that cargo writes to."""


@dataclass(frozen=True, slots=True)
class Below:
    """Something in a folder. `link` is what a symbolic link says; `file`: it is a regular file, or leads to one."""

    path: str
    file: bool
    link: str = ""


def vendored(package: str) -> bool:
    """Whether the package in this folder is vendored: it reads its own folder and what it is given."""
    return os.path.exists(os.path.join(package, _VENDORED))


def walk(folder: str, *, packages: bool) -> Iterator[Below]:
    """All below a folder, sorted, less what cargo writes and what belongs to version control.

    Packages in it are gone into only with `packages`; those that are vendored never: their checksum stands for them.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            yield Below(entry.path, entry.is_file(), os.readlink(entry.path))
        elif entry.is_file():
            yield Below(entry.path, file=True)
        elif entry.is_dir():
            if entry.name in _LEFT_OUT or any(os.path.exists(os.path.join(entry.path, name)) for name in _TARGET):
                continue
            yield Below(entry.path, file=False)
            if vendored(entry.path):
                yield Below(os.path.join(entry.path, _VENDORED), file=True)
            elif packages or not os.path.exists(os.path.join(entry.path, "Cargo.toml")):
                yield from walk(entry.path, packages=packages)
