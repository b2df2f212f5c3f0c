"""The folder of the source tree. Its name differs between versions and checkouts: `hello-2.10`, `hello-2.12`, `source`.

Commands and paths are compared with a name of ours in its place. Which objects can be taken into a tree of another name
is tied.py's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from splitphase.checkpoint.record import Checkpoint
from splitphase.rewrite import Rewriter

_NAME = "\0folder"
_ANYWHERE = r"(?:(?<![^\s\"'=:,;])|(?<=[\s\"'=:,;]-[IDLFUo])|(?<=-isystem)|(?<=-iquote)|(?<=-idirafter)|(?<=-include))"
"""Where a path begins in a command."""


def folder_of(directory: str, top: str) -> str:
    """The first component of a working directory below the top; empty where it is not below it."""
    return directory.removeprefix(f"{top}/").split("/")[0] if directory.startswith(f"{top}/") else ""


class Spelling:
    """How commands and their working directories are written down."""

    def __init__(self, escape: Rewriter, top: str, folder: str) -> None:
        self.escape = escape
        self.top = top
        self.folder = folder
        path = re.escape(escape.text(f"{top}/{folder}"))
        self._path = re.compile(rf"{_ANYWHERE}{path}(?=[/\s\"':;,]|$)") if folder else None

    def text(self, command: str) -> str:
        """A command, with hashes escaped."""
        escaped = self.escape.text(command)
        return self._path.sub(lambda _: _NAME, escaped) if self._path else escaped

    def path(self, relative: str) -> str:
        """A path relative to the top."""
        return renamed(self.escape.text(relative), self.folder, _NAME) if self.folder else relative


def moved(checkpoint: Checkpoint, top: str, folder: str) -> Checkpoint:
    """The checkpoint as if its source tree had been in the folder of this name; the same where that cannot be."""
    observed = checkpoint.observed
    old = folder_of(observed.directory, top)
    if not checkpoint.only_compiles or folder == old:
        return checkpoint
    paths = [*observed.listing, *checkpoint.left, *checkpoint.read]
    if not old or not folder or any(path == folder or path.startswith(f"{folder}/") for path in paths):
        return checkpoint

    def keys(entries: Mapping[str, str]) -> dict[str, str]:
        return {renamed(path, old, folder): value for path, value in entries.items()}

    units = tuple(
        replace(
            unit,
            output=renamed(unit.output, old, folder),
            extra=tuple(renamed(path, old, folder) for path in unit.extra),
            reads=tuple(renamed(path, old, folder) for path in unit.reads),
        )
        for unit in checkpoint.units
    )
    directory = f"{top}/{renamed(observed.directory.removeprefix(f'{top}/'), old, folder)}"
    return replace(
        checkpoint,
        observed=replace(observed, directory=directory, listing=keys(observed.listing)),
        units=units,
        read=keys(checkpoint.read),
        left=keys(checkpoint.left),
    )


def renamed(path: str, old: str, new: str) -> str:
    """A relative path whose first component gets another name."""
    first, slash, rest = path.partition("/")
    return f"{new}{slash}{rest}" if first == old else path
