"""What is recorded of calls, and how workers of the server hand it to who plans.

Each worker appends to a file of its own. Calls of one build have most of their files and nearly all of their
environment in common: what is equal is one object, and one pickler for the whole file writes each object once.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitphase.intercept.links import Given

_CALLS = "calls-{}.pickle"
_LEFT = "left-{}.pickle"
STUBS = "stubs"
"""Folder with the content of each stub: that of an object is named by its call, and `.o`."""
REAL = "digests"
"""Folder with a file for each object that was made for real: named by its digest, it holds its call."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the tree that a call may read."""

    path: str
    digest: str
    """Of its content as it is in the tree, in hex: the name under which it is captured, escaped."""
    own: bool
    """Whether an output's hash stands in it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as the plan needs it. Paths are absolute, and hold real hashes as they do in the tree."""

    key: str
    kind: str
    program: str
    words: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    full: Mapping[str, str]
    """The whole environment, for running it in the tree."""
    source: str
    shown: str
    written: tuple[str, ...]
    """The object, the dependency file (empty: none), others."""
    files: tuple[File, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    folders: tuple[str, ...] = ()
    times: tuple[tuple[str, int], ...] = ()
    store: tuple[str, ...] = ()
    """Files outside of the tree that it may read."""
    given: tuple[Given, ...] = ()
    """What a link reads."""
    archiver: str = ""
    """The `ar` of a link's build."""
    soname: str = ""
    """The name that a link gives its library, if any."""
    reason: str = ""
    """Why it cannot be a derivation, or nothing."""


@dataclass(frozen=True, slots=True)
class Left:
    """A compile or link that is not recorded."""

    shown: str
    kind: str
    reason: str


class _Appended:
    """A file that is written to its end, and not kept open."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, data: Any) -> int:  # noqa: ANN401 - what is like bytes
        """Write all of it."""
        with self._path.open("ab") as stream:
            return stream.write(data)


class Journal:
    """One worker's."""

    def __init__(self, scratch: Path) -> None:
        self._pickler = pickle.Pickler(_Appended(scratch / _CALLS.format(os.getpid())), protocol=5)
        self._left = scratch / _LEFT.format(os.getpid())
        self._same: dict[object, Any] = {}

    def same(self, value: Any) -> Any:  # noqa: ANN401 - whatever may be equal
        """The object that stands for all that are equal to this one; a mapping must have its items in one order."""
        key = tuple(value.items()) if isinstance(value, Mapping) else value
        return self._same.setdefault(key, value)

    def call(self, call: Recorded) -> None:
        """Note a call, before it is answered."""
        self._pickler.dump(call)

    def left(self, left: Left) -> None:
        """Note a call that is not recorded."""
        with self._left.open("ab") as stream:
            pickle.dump(left, stream)


def recorded(scratch: Path) -> list[Recorded]:
    """The calls that were recorded, in an order that does not depend on which worker answered."""
    found: list[Recorded] = [call for path in scratch.glob(_CALLS.format("*")) for call in _read(path)]
    return sorted(found, key=lambda call: (call.kind, call.directory, call.written, call.words))


def left(scratch: Path) -> list[Left]:
    """The calls that were not, sorted, each once."""
    found: set[Left] = {one for path in scratch.glob(_LEFT.format("*")) for one in _read(path)}
    return sorted(found, key=lambda one: (one.kind, one.shown, one.reason))


def _read(path: Path) -> Iterator[Any]:
    with path.open("rb") as stream:
        unpickler = pickle.Unpickler(stream)  # noqa: S301 - our own
        while True:
            try:
                yield unpickler.load()
            except (EOFError, pickle.UnpicklingError):
                # The end; or a worker is writing the last one, which no call was answered for yet.
                return
