"""The folder of the source tree. Its name differs between versions and checkouts: `hello-2.10`, `hello-2.12`, `source`.

Commands are compared with a name of ours in its place. An object is taken into a tree of another name where that name
is no part of it: it does not hold the name, has no debug information, and its compiler, if its command says the name,
does not see it behind the preprocessor.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from splitphase.checkpoint.proof import Call, run_compiler
from splitphase.checkpoint.record import Checkpoint, Unit
from splitphase.environment import packages_own, wrapper_flags
from splitphase.rewrite import Rewriter

_NAME = "\0folder"
_ANYWHERE = r"(?:(?<![^\s\"'=:,;])|(?<=[\s\"'=:,;]-[IDLFUo])|(?<=-isystem)|(?<=-iquote)|(?<=-idirafter)|(?<=-include))"
"""Where a path begins in a command."""
_ASKED = re.compile(rb"__builtin_(?:FILE|source_location)|source_location|__PRETTY_FUNCTION__")
"""What the preprocessor leaves to the compiler and that may say the name of a file."""
_TIED = re.compile(
    r"-g(?!0$)|.*-prefix-map=(?!/nix/store/)|-funique-internal-linkage-names|--debug|-Wa,(?:.*,)?--?(?:g|debug)"
)
"""Words with which an object may hold the name in a form in which it is not found: compressed, or as a hash."""


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


class Name:
    """The name of a folder as compilers may leave it in what they write, cleaned or not."""

    def __init__(self, top: str, folder: str) -> None:
        # Where a byte is no letter or digit, they may write another one, or several: `\\"`, `_`.
        parts = re.split(rb"[^A-Za-z0-9]+", f"{top}/{folder}".encode(errors="surrogateescape"))
        self._pattern = re.compile(rb"[^A-Za-z0-9]+".join(parts))

    def stands_in(self, data: bytes) -> bool:
        """Whether it stands in there."""
        return self._pattern.search(data) is not None

    def tied(self, call: Call, contents: Iterable[bytes]) -> bool:
        """Whether files that a call made may hold the name."""
        words = (*call.words, *wrapper_flags(os.environ))
        if any(_TIED.match(word) for word in words):
            return True
        return any(self.stands_in(data) for data in contents)

    def seen(self, call: Call) -> bool:
        """Whether a compiler sees the name, or that cannot be told."""
        environment = packages_own(os.environ)
        if not self.stands_in("\n".join([*call.words, *wrapper_flags(environment)]).encode(errors="surrogateescape")):
            return False
        for variant in call.variants:
            text = run_compiler([*call.front(), *variant, "-E", "-P"], call.directory, environment)
            if text is None or self.stands_in(text) or _ASKED.search(text):
                return True
        return False


def moved(checkpoint: Checkpoint, top: str, folder: str) -> Checkpoint:
    """The checkpoint as if its source tree had been in the folder of this name; the same where that cannot be."""
    observed = checkpoint.observed
    old = folder_of(observed.directory, top)
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


def refused(units: Sequence[Unit], call: Callable[[Unit], Call], name: Name, jobs: int) -> dict[str, str]:
    """Which of these units cannot be taken into a folder of this name, by output, and why."""
    differs = "the source's folder has another name"
    found = {unit.output: f"{differs}, which it holds" for unit in units if unit.tied}
    asked = [unit for unit in units if not unit.tied]
    with ThreadPoolExecutor(jobs) as pool:
        seen = pool.map(lambda unit: name.seen(call(unit)), asked)
        for unit, saw in zip(asked, seen, strict=True):
            if saw:
                found[unit.output] = f"{differs}, which its compiler sees"
    return found
