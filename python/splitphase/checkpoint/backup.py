"""The tree and the outputs as they are, to be put back where something that was tried has changed them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

from splitphase.contents import CALLED, contents, is_folder, walk
from splitphase.snapshot import UNPACKED

_Stamp = tuple[str, int, int, int, int]


class Backup:
    """A copy of all below `top`, less its folder `own`, which holds the copy, and of the package's outputs.

    It is gone when the `with` statement ends.
    """

    def __init__(self, top: str, own: str, outputs: Collection[Path]) -> None:
        self._folder = Path(top, own)
        self.problem = ""
        """Why there is no copy, or nothing."""
        self._trees = [_Tree(Path(top), self._folder / "top", own)]
        self._trees += [_Tree(path, self._folder / f"output{number}", "") for number, path in enumerate(outputs)]
        self._folder.mkdir()
        for tree in self._trees:
            self.problem = self.problem or tree.copy()

    def restore(self) -> None:
        """Make all what it was."""
        for tree in self._trees:
            tree.restore()

    def contents(self) -> list[tuple[str, str]]:
        """Every path there is, and what it is; times do not count."""
        return [entry for tree in self._trees for entry in contents(tree.place, tree.own)]

    def __enter__(self) -> Self:
        """The copy is made already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the copy."""
        remove(self._folder)


class _Tree:
    """One of these trees."""

    def __init__(self, place: Path, kept: Path, own: str) -> None:
        self.place = place
        self.kept = kept
        self.own = own
        self.before: list[_Stamp] | None = None
        """Nothing where it was not there."""

    def copy(self) -> str:
        """Copy it; says why that cannot be, or nothing."""
        if not os.path.lexists(self.place):
            return ""
        self.before = _stamps(self.place, self.own)
        sources = [self.place]
        if is_folder(self.place):
            self.kept.mkdir()
            entries = sorted(set(os.listdir(self.place)) - {self.own, CALLED, UNPACKED})
            sources = [self.place / entry for entry in entries]
        command = ["cp", "-a", "--reflink=auto", "--", *map(str, sources), str(self.kept)]
        run = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        return f"the tree cannot be copied: {run.stderr.strip().splitlines()[0]}" if sources and run.returncode else ""

    def restore(self) -> None:
        """Put back what has changed."""
        if self.before is None or not is_folder(self.kept):
            if self.before == _stamps(self.place, self.own):
                return
            if os.path.lexists(self.place):
                remove(self.place)
            if self.before is not None:
                subprocess.run(["cp", "-a", "--", str(self.kept), str(self.place)], check=True)
        elif not is_folder(self.place):
            remove(self.place)
            subprocess.run(["cp", "-a", "--", str(self.kept), str(self.place)], check=True)
        elif _stamps(self.place, self.own) != self.before:
            _put_back(self.place, self.kept, self.before, self.own)


def _stamps(place: Path, own: str) -> list[_Stamp] | None:
    """What changes when anything there does; nothing where there is nothing."""
    if not os.path.lexists(place):
        return None
    paths = list(walk(str(place), own)) if is_folder(place) else [""]
    found = []
    for path in paths:
        status = os.lstat(f"{place}/{path}" if path else place)
        found.append((path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size))
    return found


def _put_back(place: Path, copy: Path, before: Iterable[_Stamp], own: str) -> None:
    """Make a folder what it was. Folders stay the same ones: the shells that run the build are in them."""
    old, new = ({path: stamp for path, *stamp in stamps} for stamps in (before, _stamps(place, own) or []))
    for path in sorted(new.keys() - old.keys(), reverse=True):
        remove(place / path)
    for path in sorted(old):
        found, kept = place / path, copy / path
        if new.get(path) == old[path]:
            continue
        if is_folder(kept):
            if not is_folder(found):
                found.unlink(missing_ok=True)
                found.mkdir()
        else:
            if os.path.lexists(found):
                remove(found)
            subprocess.run(["cp", "-a", "--", str(kept), str(found)], check=True)
    for path in sorted(old, reverse=True):
        if new.get(path) != old[path] and is_folder(copy / path):
            shutil.copystat(copy / path, place / path)


def remove(path: Path) -> None:
    """Remove whatever is there."""
    if is_folder(path):
        subprocess.run(["chmod", "-R", "u+rwx", str(path)], check=False)
        shutil.rmtree(path)
    else:
        path.unlink()
