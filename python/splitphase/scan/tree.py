"""The file system as a scan sees it: each directory listed once, paths walked the way the kernel walks them.

The tree must not change while a `Tree` is in use.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

from splitphase.errors import SplitphaseError

from .directives import tidy

_PRECOMPILED = (".gch", ".pch")


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of one directory that an include can name."""

    files: frozenset[str]
    """All that is not a directory, links followed."""
    entries: frozenset[str]
    """Files and directories."""
    links: frozenset[str]
    precompiled: dict[str, tuple[str, ...]]
    """`x.h` to `x.h.gch`, or to the files in the directory `x.h.gch`: the compiler asks for them before `x.h`."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a path leads."""

    spelled: str
    """The path without the `x/..` pairs in which `x` is no symlink."""
    physical: str
    """No symlink, no `..`."""
    links: tuple[str, ...] = ()
    """Symlinks on the way, at their physical place."""
    crossed: tuple[str, ...] = ()
    """Physical directories that a `..` steps out of: they must exist, even though nothing in them is read."""
    hops: int = 0
    """How often the spelling steps through a symlink."""


@dataclass(frozen=True, slots=True)
class Place:
    """A directory, as one spelling reaches it."""

    walk: Walk
    listing: Listing


_ROOT = Walk("/", "/")


class Tree:
    """Cached questions about directories. Every path given is absolute."""

    def __init__(self) -> None:
        self._listings: dict[str, Listing | None] = {}
        self._walks: dict[str, Walk] = {"/": _ROOT, "": _ROOT}
        self._places: dict[str, Place | None] = {}

    def listing(self, directory: str) -> Listing | None:
        """The directory's entries, or None where there is no such directory."""
        try:
            return self._listings[directory]
        except KeyError:
            found = self._listings[directory] = _list(directory)
            return found

    def place(self, directory: str) -> Place | None:
        """The directory with the way to it, or None where there is none."""
        try:
            return self._places[directory]
        except KeyError:
            place = None
            if "\0" not in directory and os.path.isdir(directory):
                walk = self.walk(directory)
                listing = self.listing(walk.physical)
                place = Place(walk, listing) if listing is not None else None
            self._places[directory] = place
            return place

    def is_file(self, path: str) -> bool:
        """Whether the path names something that is not a directory."""
        directory, _, name = path.rpartition("/")
        listing = self.listing(directory or "/")
        return listing is not None and name in listing.files

    def walk(self, path: str) -> Walk:
        """Follow a path that exists."""
        try:
            return self._walks[path]
        except KeyError:
            walk = self._walks[path] = self._walk(tidy(path))
            return walk

    def _walk(self, path: str) -> Walk:
        parent_path, _, name = path.rstrip("/").rpartition("/")
        parent = self.walk(parent_path)
        if name in {"", "."}:
            return parent
        if name == "..":
            return _step_out(parent)
        spelled, physical = parent.spelled.rstrip("/") + "/" + name, parent.physical.rstrip("/") + "/" + name
        try:
            target = os.readlink(physical)
        except OSError:
            return Walk(spelled, physical, parent.links, parent.crossed, parent.hops)
        end = self.walk(tidy(os.path.join(parent.physical, target)))
        return Walk(
            spelled,
            end.physical,
            _join(parent.links, (physical,), end.links),
            _join(parent.crossed, end.crossed),
            parent.hops + 1,
        )


def _step_out(inside: Walk) -> Walk:
    # `x/..` may be dropped only if `x` is a plain directory: then spelling and place end in the same name, and
    # the way to the parent is the same whichever of the two one leaves.
    physical = os.path.dirname(inside.physical)
    crossed = _join(inside.crossed, (inside.physical,))
    last = os.path.basename(inside.spelled)
    plain = last != ".." and (not inside.links or _ends_plain(inside))
    spelled = os.path.dirname(inside.spelled) if plain else inside.spelled.rstrip("/") + "/.."
    return Walk(spelled, physical, inside.links, crossed, inside.hops)


def _ends_plain(walk: Walk) -> bool:
    return not os.path.islink(walk.spelled)


def _join(*parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _list(directory: str) -> Listing | None:
    files, every, links = set(), set(), set()
    precompiled: dict[str, tuple[str, ...]] = defaultdict(tuple)
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                every.add(entry.name)
                if entry.is_symlink():
                    links.add(entry.name)
                is_directory = entry.is_dir()
                if not is_directory and (entry.name not in links or os.path.exists(entry.path)):
                    files.add(entry.name)
                stem, suffix = os.path.splitext(entry.name)
                if suffix in _PRECOMPILED:
                    precompiled[stem] += _inside(entry.path, entry.name) if is_directory else (entry.name,)
    except PermissionError as error:
        raise SplitphaseError(
            f"cannot list {directory}, so what an include finds in it is unknown: {error.strerror}",
            hint="make the directory readable before the cut, or take it off the include path",
        ) from error
    except (OSError, ValueError):
        return None
    return Listing(frozenset(files), frozenset(every), frozenset(links), dict(precompiled))


def _inside(directory: str, name: str) -> tuple[str, ...]:
    return tuple(f"{name}/{entry}" for entry in sorted(os.listdir(directory)))
