"""The file system as a scan sees it: each directory listed once, paths walked the way the kernel walks them.

The tree may change: `refresh` compares everything that was looked at with what is there now. What is learned about one
path (`_Step`, `Listing`) is brought up to date; what is derived from many (walks, places) is dropped where it may be
wrong, and so must whatever else was derived from answers.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass

from splitphase.errors import SplitphaseError

from .directives import tidy
from .signatures import ABSENT, RACY, Fixed, Watch, difference, entries, signature_of

FILE, DIRECTORY, LINK = b"fdl"
"""Kinds of directory entries. A file is all that is neither of the others."""
PRECOMPILED = (".gch", ".pch")
"""The compiler asks for `x.h.gch`, or for the files in a directory of that name, before `x.h`."""
_MAX_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""


@dataclass(slots=True)
class Listing:
    """The entries of one directory. Places hold on to it, so `refresh` changes it in place."""

    directory: str
    """Physical."""
    entries: bytes
    """As `signatures.entries` gives them."""
    kinds: dict[str, int]
    """The same, by name."""
    whole: bool = False
    """Whether all its entries are an answer, not single names."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a path leads."""

    spelled: str
    """The path without the `x/..` pairs in which `x` is no symlink."""
    physical: str
    """No symlink, no `..`."""
    mode: int
    """What is there, as `st_mode` says it; 0 where nothing is."""
    links: tuple[str, ...] = ()
    """Symlinks on the way, at their physical place."""
    crossed: tuple[str, ...] = ()
    """Physical directories that a `..` steps out of: they must exist, even though nothing in them is read."""
    hops: int = 0
    """How often the spelling steps through a symlink."""
    ends_in_link: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether a directory is there."""
        return stat.S_ISDIR(self.mode)


@dataclass(frozen=True, slots=True)
class Place:
    """A directory, as one spelling reaches it."""

    walk: Walk
    listing: Listing


@dataclass(frozen=True, slots=True)
class _Step:
    """What one physical path is, as far as walks depend on it."""

    mode: int
    target: str | None = None
    """Where a symlink points."""


_ROOT = Walk("/", "/", stat.S_IFDIR)


class Tree:
    """Cached questions about directories. Every path given is absolute. One thread at a time."""

    def __init__(self, fixed: Fixed | None = None) -> None:
        self.fixed = fixed or Fixed()
        self.asked: set[str] = set()
        """Every name that anything was ever looked for by. Other names may come and go."""
        self._watch = Watch()
        self._racy: set[str] = set()
        self._steps: dict[str, _Step] = {}
        self._listings: dict[str, Listing] = {}
        self._walks: dict[str, Walk] = {"/": _ROOT, "": _ROOT}
        self._places: dict[str, Place | None] = {}

    def refresh(self) -> bool:
        """Look at everything again. Returns whether earlier answers may be wrong; then they are forgotten here."""
        stale = False
        for path in self._racy.union(self._watch.changed()):
            stale |= self._look_again(path)
        if stale:
            self.forget()
        return stale

    def forget(self) -> None:
        """Drop what is derived, but keep what is known of single paths."""
        self._walks = {"/": _ROOT, "": _ROOT}
        self._places = {}

    def place(self, directory: str) -> Place | None:
        """The directory with the way to it, or None where there is none. Raises SplitphaseError if it is unreadable."""
        try:
            return self._places[directory]
        except KeyError:
            walk = self.walk(directory)
            listing = self._listing(walk.physical) if walk.is_directory else None
            place = self._places[directory] = Place(walk, listing) if listing is not None else None
            return place

    def has_file(self, place: Place, name: str) -> bool:
        """Whether the entry is something that is not a directory, links followed."""
        self.asked.add(name)
        kind = place.listing.kinds.get(name)
        if kind == LINK:
            mode = self.walk(f"{place.listing.directory.rstrip('/')}/{name}").mode
            return bool(mode) and not stat.S_ISDIR(mode)
        return kind == FILE

    def precompiled(self, place: Place, base: str) -> list[str]:
        """The precompiled headers of `base`, relative to the directory."""
        found = []
        for suffix in PRECOMPILED:
            name = base + suffix
            if name not in place.listing.kinds:
                continue
            if self.has_file(place, name):
                found.append(name)
                continue
            inside = self.place(f"{place.listing.directory.rstrip('/')}/{name}")
            if inside is not None:
                inside.listing.whole = True
                found += [f"{name}/{entry}" for entry in sorted(inside.listing.kinds)]
        return found

    def is_file(self, path: str) -> bool:
        """Whether the path names something that is not a directory."""
        directory, _, name = path.rpartition("/")
        place = self.place(directory or "/")
        return place is not None and self.has_file(place, name)

    def walk(self, path: str, depth: int = 0) -> Walk:
        """Follow a path; `depth` counts the links on the way that led here."""
        try:
            return self._walks[path]
        except KeyError:
            walk = self._walks[path] = self._walk(tidy(path), depth)
            return walk

    def _walk(self, path: str, depth: int) -> Walk:
        parent_path, _, name = path.rstrip("/").rpartition("/")
        parent = self.walk(parent_path, depth)
        if name in {"", "."}:
            return parent
        spelled, physical = parent.spelled.rstrip("/") + "/" + name, parent.physical.rstrip("/") + "/" + name
        self.asked.add(name)
        if not parent.is_directory:
            return Walk(spelled, physical, 0, parent.links, parent.crossed, parent.hops)
        if name == "..":
            return self._step_out(parent)
        step = self._step(physical)
        if step.target is None:
            return Walk(spelled, physical, step.mode, parent.links, parent.crossed, parent.hops)
        if depth >= _MAX_LINKS:
            return Walk(spelled, physical, 0, parent.links, parent.crossed, parent.hops)
        end = self.walk(tidy(os.path.join(parent.physical, step.target)), depth + 1)
        return Walk(
            spelled,
            end.physical,
            end.mode,
            _join(parent.links, (physical,), end.links),
            _join(parent.crossed, end.crossed),
            parent.hops + 1,
            ends_in_link=True,
        )

    def _step_out(self, inside: Walk) -> Walk:
        # `x/..` may be dropped only if `x` is a plain directory: then spelling and place end in the same name, and
        # the way to the parent is the same whichever of the two one leaves.
        physical = os.path.dirname(inside.physical)
        crossed = _join(inside.crossed, (inside.physical,))
        last = os.path.basename(inside.spelled)
        plain = last != ".." and (not inside.links or not self.walk(inside.spelled).ends_in_link)
        spelled = os.path.dirname(inside.spelled) if plain else inside.spelled.rstrip("/") + "/.."
        return Walk(spelled, physical, stat.S_IFDIR, inside.links, crossed, inside.hops)

    def _step(self, physical: str) -> _Step:
        step = self._steps.get(physical)
        if step is None:
            step = self._steps[physical] = self._look(physical)
        return step

    def _look(self, path: str) -> _Step:
        status = self._observe(path)
        if status is None:
            return _Step(0)
        if stat.S_ISLNK(status.st_mode):
            try:
                return _Step(status.st_mode, os.readlink(path))
            except OSError:
                return _Step(0)  # it went meanwhile, which the next refresh sees
        # Permissions of a directory say whether anything in it can be reached.
        return _Step(status.st_mode if stat.S_ISDIR(status.st_mode) else stat.S_IFMT(status.st_mode))

    def _observe(self, path: str) -> os.stat_result | None:
        """Stat a path, before anything else is read from it, and watch it from that state on."""
        now = time.time_ns()
        try:
            status = os.lstat(path)
        except (OSError, ValueError):
            status = None
        if not self.fixed.covers(path):
            self._watch.set(path, ABSENT if status is None else signature_of(status))
            self._racy.discard(path)
            if status is not None and status.st_ctime_ns >= now - RACY:
                self._racy.add(path)
        return status

    def _listing(self, directory: str) -> Listing | None:
        listing = self._listings.get(directory)
        if listing is None:
            found = self._list(directory)
            if found is not None:
                kinds = {os.fsdecode(entry[1:]): entry[0] for entry in found.split(b"\0") if entry}
                listing = self._listings[directory] = Listing(directory, found, kinds)
        return listing

    def _list(self, directory: str) -> bytes | None:
        self._observe(directory)
        try:
            return entries(directory)
        except PermissionError as error:
            raise SplitphaseError(
                f"cannot list {directory}, so what an include finds in it is unknown: {error.strerror}",
                hint="make the directory readable before the cut, or take it off the include path",
            ) from error
        except OSError:
            return None

    def _look_again(self, path: str) -> bool:
        """Bring one path up to date; whether that may change an answer."""
        old, new = self._steps.get(path), self._look(path)
        self._steps[path] = new
        listing = self._listings.get(path)
        if listing is None:
            return new != old
        try:
            found = self._list(path) if stat.S_ISDIR(new.mode) else None
        except SplitphaseError:
            found = None
        if found is None:
            del self._listings[path]
            return True
        gone, come = difference(listing.entries, found)
        listing.entries = found
        for entry in gone:
            del listing.kinds[os.fsdecode(entry[1:])]
        for entry in come:
            listing.kinds[os.fsdecode(entry[1:])] = entry[0]
        changed = {os.fsdecode(entry[1:]) for entry in gone | come}
        return new != old or (listing.whole and bool(changed)) or any(map(self._is_asked, changed))

    def _is_asked(self, name: str) -> bool:
        stem, suffix = os.path.splitext(name)
        return name in self.asked or (suffix in PRECOMPILED and stem in self.asked)


def _join(*parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
