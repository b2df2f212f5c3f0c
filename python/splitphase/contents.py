"""What there is in the tree of a build."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from splitphase.snapshot import MACHINE_BOUND

CALLED = ".splitphase-called"
"""Folder below the top with what stands before build tools while buildPhase runs."""
LOGS = frozenset(
    (".ninja_log", ".ninja_deps", "compiler_depend.internal", "compiler_depend.make", "compiler_depend.ts",
     "depend.internal", "depend.make")
)  # fmt: skip
"""What Ninja and CMake's Makefiles remember of earlier runs, and nobody else reads."""


def walk(top: str, own: str, skip: str = "") -> Iterator[str]:
    """Every path below `top`, relative, sorted, links not followed; less `own`, `skip` and what each build writes.

    Of a folder that cannot be read compilers see nothing, either.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        with suppress(PermissionError), os.scandir(f"{top}/{folder}") as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{folder}{entry.name}"
                if (not folder and entry.name in (own, CALLED, *MACHINE_BOUND)) or path == skip:
                    continue
                yield path
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{path}/")


def is_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def contents(place: Path, own: str) -> Iterator[tuple[str, str]]:
    """Every path and its kind, mode and what it holds, less what build tools remember."""
    if not is_folder(place):
        return
    for path in walk(str(place), own):
        found = place / path
        status = os.lstat(found)
        if found.name in LOGS:
            continue
        held = ""
        with suppress(PermissionError):
            if stat.S_ISREG(status.st_mode):
                held = hashlib.sha256(found.read_bytes()).hexdigest()
            elif stat.S_ISLNK(status.st_mode):
                held = os.readlink(found)
        yield path, f"{status.st_mode:o} {held}"
