"""Put the content of today's sources into a tree that was configured from their skeleton.

Times become those that a build would have in which the sources were unpacked and then configured: sources keep theirs,
what configure made follows, in its order.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from splitphase import archive, snapshot
from splitphase.errors import ManifestError
from splitphase.hashes.trees import entries
from splitphase.relocate import remove
from splitphase.rewrite import Rewriter, inside
from splitphase.skeleton.blank import CONTENT, Sources, Times, put
from splitphase.skeleton.sourcepaths import named, show

FILLED = "filled.json"
_HINT = "build the package's prepare step again"


@dataclass(frozen=True, slots=True)
class Filled:
    """What is to be filled in a tree; beside the snapshot of that tree."""

    began: int
    """When configure began. Nanoseconds."""
    times: Times
    blanked: tuple[tuple[str, str], ...]
    """Where a file is, and what it is called among the sources."""

    def write(self, folder: Path) -> None:
        """Write it beside a snapshot."""
        fields = {"began": self.began, **asdict(self.times), "blanked": self.blanked}
        (folder / FILLED).write_text(json.dumps(fields, separators=(",", ":")) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Filled:
        """Read it. Raises ManifestError."""
        try:
            raw = json.loads((folder / FILLED).read_text())
            blanked = tuple((now, before) for now, before in raw["blanked"])
            return cls(raw["began"], Times(raw["calm"], raw["later"]), blanked)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(f"{folder}: no tree of a skeleton: {error!r}", hint=_HINT) from error


def fill(
    top: Path, outputs: Mapping[str, Path], sources: Path, configured: Path, restore: Rewriter, state: Path
) -> None:
    """Fill the tree at `top`, which was unpacked from the snapshot `configured`, from the snapshot `sources`.

    `state` is the file with the shell's state. Raises ManifestError where the two do not belong together.
    """
    filled = Filled.read(configured)
    about = Sources.read(sources)
    staging = top / ".splitphase-sources"
    staging.mkdir()
    archive.unpack(sources / "tree.tar.zst", staging, "the sources", _HINT).finish()
    restore.paths(staging, snapshot.read_index(sources).escaped)
    tree = staging / "tree"
    places = {tree: top, **{staging / "outputs" / name: path for name, path in outputs.items()}}
    there = [(before, after) for before, after in places.items() if os.path.lexists(before)]
    today = {now: status for before, after in there for now, status in _statuses(before, after)}
    done: set[tuple[int, int]] = set()
    for now, before in filled.blanked:
        _put(inside(tree, before), inside(top, now), done)
    remove(staging)
    _give_times(list(places.values()), top, today, filled, about.began)
    state.write_text(show(state.read_text(errors="surrogateescape"), named(about.paths)), errors="surrogateescape")


def _statuses(folder: Path, shown: Path) -> Iterator[tuple[str, os.stat_result]]:
    """All below a folder, as if it were another one; what is no folder by itself."""
    if not folder.is_dir() or folder.is_symlink():
        yield str(shown), os.lstat(folder)
        return
    for name, _ in entries(str(folder)):
        yield os.path.join(shown, name), os.lstat(os.path.join(folder, name))


def _put(source: Path, target: Path, done: set[tuple[int, int]]) -> None:
    """Put the content of a source into a blanked file, in place: it may have several names."""
    status = target.lstat()
    if (status.st_dev, status.st_ino) in done:
        return
    if not stat.S_ISREG(status.st_mode) or target.read_bytes() != CONTENT or not source.is_file():
        raise ManifestError(f"{target} is not as it was when the package was configured", hint=_HINT)
    done.add((status.st_dev, status.st_ino))
    put(target, source.read_bytes())
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _give_times(places: list[Path], top: Path, today: Mapping[str, os.stat_result], filled: Filled, began: int) -> None:
    """Sources get the times that they have today, what configure made times after them.

    A copy of what is of the build, with its time, gets that of the latest such file.
    """
    blanked = {str(top / now): str(top / before) for now, before in filled.blanked}
    # Times that lie in the future say nothing of an order.
    past = [one for one in today.values() if one.st_mtime_ns <= time.time_ns()]
    last = max((one.st_mtime_ns for one in past), default=0)
    copied = max((one.st_mtime_ns for one in past if not stat.S_ISDIR(one.st_mode)), default=0)
    made: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    for path, status in (one for place in places if os.path.lexists(place) for one in _statuses(place, place)):
        if (status.st_dev, status.st_ino) in seen or os.path.relpath(path, top) in snapshot.MACHINE_BOUND:
            continue
        seen.add((status.st_dev, status.st_ino))
        source = today.get(blanked.get(path, path))
        if path in blanked or stat.S_ISDIR(status.st_mode):
            expected = filled.times.calm
        elif source is None or source.st_mtime_ns >= began:
            expected = filled.times.later
        else:
            expected = source.st_mtime_ns
        if status.st_mtime_ns == expected:
            _set(path, copied if source is None else source.st_mtime_ns)
        elif status.st_mtime_ns >= filled.began:
            made[path] = status.st_mtime_ns
    after = _after(max(last, filled.began), filled.began, max(made.values(), default=0))
    for path, moment in made.items():
        _set(path, after(moment))


def _after(start: int, began: int, ended: int) -> Callable[[int], int]:
    """What maps times from `began` to `ended` to those from `start` on, in their order, never into the future."""
    room = max(time.time_ns() - start, 1)
    long = max(ended - began, 1)

    def moved(moment: int) -> int:
        passed = moment - began
        return start + (passed if long <= room else passed * room // long)

    return moved


def _set(path: str, moment: int) -> None:
    os.utime(path, ns=(moment, moment), follow_symlinks=False)
