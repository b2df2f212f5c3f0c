"""Packs: one content-addressed archive for each action, holding every file that it reads from the build tree.

A pack is a tar archive (GNU format, fixed owner, modes and time, names relative to `$NIX_BUILD_TOP`, sorted) compressed
with zstd. The header and content of each file are put together once and joined for every pack that holds the file:
hundreds of files go into each of hundreds of packs.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splitphase.errors import SplitphaseError
from splitphase.intercept.journal import File
from splitphase.paths import Tree

_BLOCK = 512
_LEVEL = "-1"
_BATCH = 200
_SECOND = ".splitphase/second"


@dataclass(frozen=True, slots=True)
class Pack:
    """What one action reads. All paths absolute, below the tree's top."""

    script: str
    """The action itself, shell text; stored as `.splitphase/action.sh`."""
    files: tuple[File, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Symlinks on the way to files, each with its target."""
    folders: tuple[str, ...] = ()
    """Folders that must exist even if nothing in the pack lies in them."""
    times: Mapping[str, int] = field(default_factory=dict)
    """Of files whose time counts, in seconds; all others get time 1."""
    second: str = ""
    """The script of a second run, for the proof by two tokens. It lies in `.splitphase/second`, below which are all
    files that are others then."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """A written pack: its file name in the packs output and the SHA-256 of the file, hexadecimal."""

    name: str
    sha256: str


class PackWriter:
    """Writes packs into a folder; `captured` holds the files' contents under their digests.

    `second` makes the content of a file for a second run.
    """

    def __init__(
        self, tree: Tree, captured: Path, target: Path, second: Callable[[bytes], bytes] | None = None
    ) -> None:
        self._tree = tree
        self._captured = captured
        self._target = target
        self._second = second
        self._entries: dict[tuple[object, ...], bytes] = {}
        self._pending: list[tuple[int, Path]] = []
        self._written: dict[int, PackFile] = {}
        target.mkdir(parents=True, exist_ok=True)

    def add(self, number: int, pack: Pack) -> None:
        """Write one pack uncompressed; `finish` compresses."""
        entries: dict[str, tuple[Any, ...]] = {
            file.path: (file.digest, pack.times.get(file.path, 1)) for file in pack.files
        }
        entries |= {link: (target,) for link, target in pack.links}
        entries |= {folder: () for folder in pack.folders if folder != self._tree.top and folder not in entries}
        target = self._target / f"{number}.tar"
        with target.open("wb") as stream:
            stream.write(_entry(".splitphase/action.sh", pack.script.encode(errors="surrogateescape"), tarfile.REGTYPE))
            stream.writelines(self._cached(path, facts) for path, facts in sorted(entries.items()))
            if pack.second:
                text = pack.second.encode(errors="surrogateescape")
                stream.write(_entry(f"{_SECOND}/.splitphase/action.sh", text, tarfile.REGTYPE))
                own = {file.path for file in pack.files if file.own}
                stream.writelines(self._cached(path, entries[path], second=True) for path in sorted(own))
            stream.write(bytes(2 * _BLOCK))
        self._pending.append((number, target))
        if len(self._pending) >= _BATCH:
            self._compress()

    def finish(self) -> dict[int, PackFile]:
        """Compress what is left and return the files by number; equal packs share one file."""
        self._compress()
        return self._written

    def _cached(self, path: str, facts: tuple[Any, ...], *, second: bool = False) -> bytes:
        entry = self._entries.get((path, second, *facts))
        if entry is None:
            name = f"{_SECOND}/{self._tree.relative(path)}" if second else self._tree.relative(path)
            if not facts:
                entry = _entry(name, b"", tarfile.DIRTYPE)
            elif len(facts) == 1:
                entry = _entry(name, b"", tarfile.SYMTYPE, link=facts[0])
            else:
                digest, time = facts
                content = (self._captured / digest).read_bytes()
                content = self._second(content) if second and self._second else content
                entry = _entry(name, content, tarfile.REGTYPE, mtime=time)
            self._entries[path, second, *facts] = entry
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


def _entry(name: str, content: bytes, kind: bytes, *, link: str = "", mtime: int = 1) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.linkname = kind, len(content), mtime, link
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
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
