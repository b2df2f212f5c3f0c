"""Which calls write a file at one time: what stands in it then is not certain to be the one's or the other's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


class Writers:
    """The kept calls of one worker; all workers of a build share the folder.

    Each output has a file of lines `+ID`, `-ID`.
    """

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch / "writers"
        self._folder.mkdir(exist_ok=True)

    def begin(self, number: int, paths: Iterable[str]) -> None:
        """A call is going to write these files."""
        self._say("+", number, paths)

    def alone(self, number: int, paths: Iterable[str]) -> bool:
        """A call has ended: whether no other one that is kept ran at any time since it began.

        One that never ended, since its compiler failed, counts as running.
        """
        paths = list(paths)
        self._say("-", number, paths)
        name = f"{os.getpid()}.{number}"
        return all(_alone(self._file(path).read_text().splitlines(), name) for path in paths if path)

    def _say(self, sign: str, number: int, paths: Iterable[str]) -> None:
        for path in paths:
            if path:
                with self._file(path).open("a") as stream:
                    stream.write(f"{sign}{os.getpid()}.{number}\n")

    def _file(self, path: str) -> Path:
        return self._folder / hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()


def _alone(lines: list[str], name: str) -> bool:
    begun = lines.index(f"+{name}")
    before: set[str] = set()
    for line in lines[:begun]:
        (before.add if line[0] == "+" else before.discard)(line[1:])
    return not before and all(line == f"-{name}" for line in lines[begun + 1 :])
