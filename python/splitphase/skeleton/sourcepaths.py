"""The store paths of sources: hidden in a skeleton, which is not to depend on them, and shown again in the end.

While the package is configured, a dangling link stands at each hidden path. It leads over a link in memory, whose
access time tells whether anything looked there: then what it saw was not what the stock build would have seen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from splitphase.errors import SplitphaseError
from splitphase.hashes.trees import FILE, LINK, entries
from splitphase.paths import existing_store_paths
from splitphase.tokens import token

SOURCE = token("the path of the sources")
"""Stands for the hash of the store path that was unpacked; lib/internalAttributes.nix has it as well."""
STORE, MEMORY = Path("/nix/store"), Path("/dev/shm")  # noqa: S108 - a name of always, in the sandbox
_TOP = re.compile(r"/nix/store/([0-9a-z]{32})(-[^/ ]+)")
_LONG_AGO, _LATER = 1_000_000_000_000, 2_000_000_000_000
_PREFIX = b"/nix/store/"


def named(paths: Iterable[str]) -> dict[str, str]:
    """The names behind the hashes of these store paths (`-x.tar`), each with its hash. Raises SplitphaseError."""
    found: dict[str, str] = {}
    for path in paths:
        match = _TOP.match(path)
        if match is None:
            raise SplitphaseError(f"the source {path} is not in the store")
        if found.setdefault(match[2], match[1]) != match[1]:
            raise SplitphaseError(f"two sources have the name {match[2][1:]}")
    for one in found:
        if any(other != one and other.startswith(one) for other in found):
            raise SplitphaseError(f"the name of another source begins with {one[1:]}")
    return found


def hide(text: str, sources: Mapping[str, str]) -> str:
    """Put the token for the hash of each source."""
    for name, value in sources.items():
        text = text.replace(value + name, SOURCE + name)
    return text


def show(text: str, sources: Mapping[str, str]) -> str:
    """Undo `hide`."""
    for name, value in sources.items():
        text = text.replace(SOURCE + name, value + name)
    return text


def is_clear(text: str, names: Collection[str]) -> bool:
    """Whether `show` finds every token of a text, for sources of these names."""
    return SOURCE not in show(text, dict.fromkeys(names, ""))


def store_paths_below(root: Path) -> dict[str, set[str]]:
    """The store paths that files and links below a folder name, as far as they are there; by the names of these."""
    found: dict[str, set[str]] = {}
    for name, kind in entries(str(root)):
        path = os.path.join(root, name)
        if kind == LINK:
            data = os.fsencode(os.readlink(path))
        elif kind == FILE:
            with open(path, "rb") as stream:
                data = stream.read()
        else:
            continue
        if _PREFIX in data:
            found[name] = existing_store_paths(data.decode(errors="surrogateescape"))
    return found


class StandIns:
    """Links in the places of hidden paths."""

    def __init__(self, names: Iterable[str], store: Path = STORE, memory: Path = MEMORY) -> None:
        """Make them. Raises SplitphaseError where they cannot be made, or would not tell."""
        self._links: list[Path] = []
        folder = memory / ".splitphase"
        names = list(names)
        if not names:
            return
        try:
            folder.mkdir()
            probe = self._link(folder / "probe")
            os.path.exists(probe)
            if not _was_followed(probe):
                raise SplitphaseError(f"{memory} keeps no access times, so nobody can tell who looks for the source")
            self._links = [self._link(folder / (SOURCE + name)) for name in names]
            for link in self._links:
                (store / link.name).symlink_to(link)
        except OSError as error:
            raise SplitphaseError(f"nothing can be put in the place of the source: {error}") from error

    @staticmethod
    def _link(path: Path) -> Path:
        path.symlink_to("/nonexistent")
        os.utime(path, ns=(_LONG_AGO, _LATER), follow_symlinks=False)
        return path

    def were_followed(self) -> bool:
        """Whether anything looked at one of the paths, or below."""
        return any(map(_was_followed, self._links))


def _was_followed(link: Path) -> bool:
    return link.lstat().st_atime_ns != _LONG_AGO
