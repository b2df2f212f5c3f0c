"""Packs: one content-addressed archive for each action, holding every file that it reads from the build tree.

A pack is a tar archive (GNU format, fixed owner, mode and time, names relative to `$NIX_BUILD_TOP`, sorted) compressed
with zstd. The header and content of each file are put together once and joined for every pack that holds the file:
hundreds of files go into each of hundreds of packs.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from splitphase.errors import SplitphaseError
from splitphase.paths import Tree

_BLOCK = 512
_LEVEL = "-1"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Pack:
    """What one action reads. All paths absolute, below the tree's top."""

    script: str
    """The action itself, shell text; stored as `.splitphase/action.sh`."""
    files: frozenset[str]
    folders: frozenset[str] = frozenset()
    """Folders that must exist even if nothing in the pack lies in them."""
    timed: frozenset[str] = frozenset()
    """Files whose own time is read (`__TIMESTAMP__`); all others get time 1."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """A written pack: its file name in the packs output and the SHA-256 of the file, hexadecimal."""

    name: str
    sha256: str


class PackWriter:
    """Writes packs into a folder."""

    def __init__(self, tree: Tree, target: Path) -> None:
        self._tree = tree
        self._target = target
        self._entries: dict[tuple[str, int], bytes] = {}
        self._facts: dict[str, tuple[bytes, int]] = {}
        self._pending: list[tuple[int, Path]] = []
        self._written: dict[int, PackFile] = {}
        target.mkdir(parents=True, exist_ok=True)

    def content(self, path: str) -> bytes:
        """The bytes of a file as they are packed."""
        return Path(path).read_bytes()

    def add(self, number: int, pack: Pack) -> None:
        """Write one pack uncompressed; `finish` compresses."""
        chunks = [_entry(".splitphase/action.sh", pack.script.encode(errors="surrogateescape"), tarfile.REGTYPE)]
        folders = {folder for folder in pack.folders if self._tree.holds(folder) and folder != self._tree.top}
        times = self._times(pack)
        chunks += (self._cached(path, times.get(path, 1)) for path in sorted(folders | pack.files))
        chunks.append(bytes(2 * _BLOCK))
        target = self._target / f"{number}.tar"
        with target.open("wb") as stream:
            stream.writelines(chunks)
        self._pending.append((number, target))
        if len(self._pending) >= _BATCH:
            self._compress()

    def finish(self) -> dict[int, PackFile]:
        """Compress what is left and return the files by number; equal packs share one file."""
        self._compress()
        return self._written

    def _times(self, pack: Pack) -> dict[str, int]:
        """Times other than 1: a file's own where it is read, and different ones for equal files that had such.

        GCC's `#pragma once` takes two files for one where size, time and content are the same.
        """
        times = {path: int(os.stat(path).st_mtime) for path in pack.timed}
        equal: dict[bytes, list[str]] = {}
        for path in pack.files:
            equal.setdefault(self._fact(path)[0], []).append(path)
        for digest, paths in equal.items():
            if len(paths) > 1 and digest:
                ranks = {moment: rank for rank, moment in enumerate(sorted({self._fact(path)[1] for path in paths}))}
                for path in paths:
                    times.setdefault(path, 1 + ranks[self._fact(path)[1]])
        return times

    def _fact(self, path: str) -> tuple[bytes, int]:
        """Digest of a regular file (empty for others) and its time in seconds."""
        fact = self._facts.get(path)
        if fact is None:
            status = os.lstat(path)
            digest = hashlib.sha256(self.content(path)).digest() if stat.S_ISREG(status.st_mode) else b""
            fact = self._facts[path] = (digest, int(status.st_mtime))
        return fact

    def _cached(self, path: str, mtime: int) -> bytes:
        entry = self._entries.get((path, mtime))
        if entry is None:
            name = self._tree.relative(path)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                entry = _entry(name, b"", tarfile.SYMTYPE, link=os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                entry = _entry(name, b"", tarfile.DIRTYPE)
            else:
                mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
                entry = _entry(name, self.content(path), tarfile.REGTYPE, mtime=mtime, mode=mode)
            self._entries[path, mtime] = entry
        return entry

    def _compress(self) -> None:
        if not self._pending:
            return
        _run_zstd([path for _, path in self._pending])
        for number, path in self._pending:
            compressed = path.with_name(path.name + ".zst")
            digest = hashlib.sha256(compressed.read_bytes()).hexdigest()
            name = f"{digest}.tar.zst"
            compressed.rename(self._target / name)
            self._written[number] = PackFile(name, digest)
        self._pending.clear()


def _entry(name: str, content: bytes, kind: bytes, *, link: str = "", mtime: int = 1, mode: int = 0o644) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.linkname = kind, len(content), mtime, link
    info.mode = 0o755 if kind == tarfile.DIRTYPE else mode
    header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + content + bytes(-len(content) % _BLOCK)


def _run_zstd(paths: Iterable[Path]) -> None:
    """Compress files in place with as many zstd processes as there are cores, each for many files."""
    batches: list[list[str]] = [[] for _ in range(len(os.sched_getaffinity(0)))]
    for index, path in enumerate(paths):
        batches[index % len(batches)].append(str(path))
    running = [
        subprocess.Popen(["zstd", "-q", _LEVEL, "--no-check", "--rm", "--", *batch], stderr=subprocess.PIPE)
        for batch in batches
        if batch
    ]
    for process in running:
        _, errors = process.communicate()
        if process.returncode:
            raise SplitphaseError(
                f"zstd failed on a pack: {errors.decode(errors='replace').strip()}",
                hint="is the disk full? packs take about 0.3 MB an object",
            )
