"""Equal-length rewriting of output hashes: escape (hash to token) and restore (token to hash).

Found and rewritten: the 32 characters wherever they stand whole (contents, file names, symlink targets), and their
first 10 behind `-frandom-seed=`, which nixpkgs sets and `-g` writes into DW_AT_producer. An ELF file whose GNU
build-id covers the rewritten bytes gets it computed anew.
"""

from __future__ import annotations

import mmap
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from splitphase import elf
from splitphase.errors import RewriteError, UnsafePathError
from splitphase.tokens import HASH_LENGTH, SEED_LENGTH

SEED_FLAG = "-frandom-seed="
_PART_STARTS = (0, 8, 16, 24, 5, 13, 21)
"""Every eighth place, and those where 8-byte pieces of a text that begins with `/nix/store/` begin."""


class Rewriter:
    """Replaces 32-character strings by others of the same length, each wherever it occurs."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        for old, new in pairs.items():
            if len(old) != HASH_LENGTH or len(new) != HASH_LENGTH:
                raise RewriteError(
                    f"cannot rewrite {old!r} to {new!r}: both must have {HASH_LENGTH} characters",
                    hint="this is the part of a store path between /nix/store/ and the first dash",
                )
        self.pairs = dict(pairs)
        replacements = [
            *pairs.items(),
            *((SEED_FLAG + old[:SEED_LENGTH], SEED_FLAG + new[:SEED_LENGTH]) for old, new in pairs.items()),
        ]
        self._text = tuple(replacements)
        self._parts = tuple(old[start : start + 8].encode() for old in pairs for start in _PART_STARTS)
        self._bytes = tuple((old.encode(), new.encode()) for old, new in replacements)

    def text(self, value: str) -> str:
        """Rewrite a string."""
        for old, new in self._text:
            value = value.replace(old, new)
        return value

    def found_in(self, data: bytes | mmap.mmap) -> bool:
        """Whether any of the old strings occurs."""
        return any(data.find(old) >= 0 for old, _ in self._bytes)

    def plain(self, data: bytes) -> bytes:
        """Rewrite bytes, whatever they are."""
        for old, new in self._bytes:
            data = data.replace(old, new)
        return data

    def part_in(self, data: bytes) -> bool:
        """Whether a part of an old string occurs, in either case: any 15 characters, or 8 as compilers cut it up."""
        data = data.lower()
        return any(data.find(part) >= 0 for part in self._parts)

    def data(self, original: bytes) -> bytes:
        """Rewrite a file's contents, its GNU build-id included."""
        changed = self.plain(original)
        if changed != original and changed[:4] == b"\x7fELF":
            buffer = bytearray(changed)
            elf.refresh(buffer, original)
            return bytes(buffer)
        return changed

    def holds(self, path: Path) -> bool:
        """Whether any of the old strings occurs in a file's contents."""
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size < 1 << 16:
                return self.found_in(stream.read())
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
                return self.found_in(view)

    def file(self, path: Path) -> bool:
        """Rewrite a regular file in place: mode, times and hard links stay. Return whether anything was found."""
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size < SEED_LENGTH or not self.holds(path):
            return False
        locked = not status.st_mode & stat.S_IWUSR
        if locked:
            path.chmod(status.st_mode | stat.S_IWUSR)
        with path.open("r+b") as stream:
            changed = self.data(stream.read())
            stream.seek(0)
            stream.write(changed)
        if locked:
            path.chmod(stat.S_IMODE(status.st_mode))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return True

    def own_copies(self, root: Path) -> None:
        """Put a copy in the place of each absolute symlink below `root` to a file that holds an old string."""
        for path in list(walk(root)):
            target = os.readlink(path) if path.is_symlink() else ""
            if target.startswith("/") and path.is_file() and self.holds(path):
                path.unlink()
                shutil.copyfile(target, path)

    def entry(self, path: Path) -> Path | None:
        """Rewrite one file, symlink or folder name in place; return where it is now if anything was found."""
        found = False
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(path)
            if self.text(target) != target:
                with unlocked(path.parent):
                    path.unlink()
                    path.symlink_to(self.text(target))
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
                found = True
        elif stat.S_ISREG(status.st_mode):
            found = self.file(path)
        name = self.text(path.name)
        if name != path.name:
            with unlocked(path.parent):
                path = path.rename(path.with_name(name))
            found = True
        return path if found else None

    def tree(self, root: Path) -> list[str]:
        """Rewrite everything below `root`; return the changed paths, relative, sorted, as they are named now."""
        return self._below(root, [str(path.relative_to(root)) for path in walk(root)])

    def paths(self, root: Path, relative: Iterable[str]) -> list[str]:
        """Rewrite these paths below `root`, deepest first; return the changed ones as they are named now."""
        names = list(relative)
        for name in names:
            inside(root, name)
        return self._below(root, names)

    def _below(self, root: Path, names: list[str]) -> list[str]:
        changed = []
        for name in sorted(names, reverse=True):
            path = root / name
            status = path.parent.lstat()
            now = self.entry(path)
            if now is not None:
                changed.append(self.text(str(now.relative_to(root))))
                os.utime(path.parent, ns=(status.st_atime_ns, status.st_mtime_ns))
        return sorted(changed)


@contextmanager
def unlocked(*folders: Path) -> Iterator[None]:
    """Make folders writable for their owner meanwhile; what is no folder stays as it is. Modes are restored by path."""
    locked = [(folder, folder.lstat().st_mode) for folder in folders]
    locked = [(folder, mode) for folder, mode in locked if stat.S_ISDIR(mode) and not mode & stat.S_IWUSR]
    for folder, mode in locked:
        folder.chmod(stat.S_IMODE(mode) | stat.S_IWUSR)
    try:
        yield
    finally:
        for folder, mode in locked:
            folder.chmod(stat.S_IMODE(mode))


def move(source: Path, target: Path) -> None:
    """Rename to another folder; a folder must be writable itself for that, and has its mode again afterwards."""
    mode = source.lstat().st_mode
    locked = stat.S_ISDIR(mode) and not mode & stat.S_IWUSR
    if locked:
        source.chmod(stat.S_IMODE(mode) | stat.S_IWUSR)
    os.replace(source, target)
    if locked:
        target.chmod(stat.S_IMODE(mode))


def walk(root: Path) -> Iterator[Path]:
    """Everything below `root`, sorted, folders before what they hold; links are not followed."""
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))


def inside(root: Path, relative: str) -> Path:
    """Return `root/relative`, refusing a path that leaves the tree, by itself or through a symlinked folder."""
    parent, top = os.path.realpath(os.path.dirname(root / relative)), os.path.realpath(root)
    if relative.startswith("/") or ".." in relative.split("/") or not (parent + "/").startswith(top + "/"):
        raise UnsafePathError(
            f"path {relative!r} leaves {root}", hint="the snapshot or plan is damaged or not from splitphase"
        )
    return root / relative
