"""Write what was decided: in place, or so that a crash leaves the old file or the new one.

In place keeps hard links and holes by itself and is for trees that nobody else uses. The other way makes a copy beside
the file and renames it; further names of the file in the same tree become links to the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitphase.hashes.findings import Outcome
from splitphase.hashes.sources import BLOCK, blocks


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


def write_in_place(path: Path, outcome: Outcome, status: os.stat_result) -> None:
    """Write patches, or the whole new content, into the file itself. Mode and times stay."""
    if not status.st_mode & stat.S_IWUSR:
        path.chmod(stat.S_IMODE(status.st_mode) | stat.S_IWUSR)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _apply(descriptor, outcome)
        finally:
            os.close(descriptor)
    finally:
        if stat.S_IMODE(path.lstat().st_mode) != stat.S_IMODE(status.st_mode):
            path.chmod(stat.S_IMODE(status.st_mode))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def write_beside(path: Path, outcome: Outcome, status: os.stat_result) -> None:
    """Write a new file beside, with all that the old one has, and put it in its place at once."""
    with unlocked(path.parent):
        descriptor, name = tempfile.mkstemp(prefix=".splitphase-", dir=path.parent)
        try:
            try:
                if outcome.replacement is None:
                    _copy(path, descriptor, status.st_size)
                _apply(descriptor, outcome)
                dress(path, descriptor, status)
            finally:
                os.close(descriptor)
            os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns))
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise


def link_beside(path: Path, target: Path) -> None:
    """Let `path` be another name of `target`, at once."""
    with unlocked(path.parent):
        name = tempfile.mktemp(prefix=".splitphase-", dir=path.parent)  # noqa: S306 - os.link refuses a name that exists
        os.link(target, name)
        try:
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def _apply(descriptor: int, outcome: Outcome) -> None:
    if outcome.replacement is not None:
        offset = 0
        for block in blocks(outcome.replacement):
            _write(descriptor, block, offset)
            offset += len(block)
        os.ftruncate(descriptor, offset)
        return
    for patch in outcome.patches:
        _write(descriptor, patch.data, patch.offset)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def dress(path: Path, descriptor: int, status: os.stat_result) -> None:
    """Give a new file the owner, extended attributes and mode of the old one."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    try:
        for name in os.listxattr(path):
            with contextlib.suppress(PermissionError):
                os.setxattr(descriptor, name, os.getxattr(path, name))
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _copy(path: Path, target: int, size: int) -> None:
    """Copy a file's data; its holes stay holes."""
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.ftruncate(target, size)
        for start, end in _extents(source, size):
            offset = start
            while offset < end:
                data = os.pread(source, min(BLOCK, end - offset), offset)
                if not data:
                    return
                _write(target, data, offset)
                offset += len(data)
    finally:
        os.close(source)


def _extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has data."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            start, end = end, size
        yield start, end
