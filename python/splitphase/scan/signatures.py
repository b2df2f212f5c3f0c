"""What tells whether a path changed: device, inode, mode, size, mtime and ctime, read for many paths in one call.

A signature is 48 bytes, `stat.c` has the layout; all zero where there is nothing. The kernel stamps changes with a
clock that ticks every few milliseconds, so a signature whose ctime is younger than `RACY` (nanoseconds) may stay the
same over the next change. Whoever keeps such a one must look again.
"""

from __future__ import annotations

import ctypes
import os
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from splitphase.native import load

LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_stat.so")
SIZE = 48
ABSENT = bytes(SIZE)
RACY = 100_000_000
_LAYOUT = struct.Struct("=QQQQqq")


@dataclass(frozen=True, slots=True)
class Fixed:
    """Which paths never change while the build runs."""

    prefixes: tuple[str, ...] = ("/nix/store/",)
    """Each ends in `/`."""
    mutable: tuple[str, ...] = ()
    """Folders that change all the same: the build's own tree and outputs. None ends in `/`."""

    def covers(self, path: str) -> bool:
        """Whether an absolute path without links and `..` lies there."""
        return path.startswith(self.prefixes) and not any(
            path.startswith(folder) and path[len(folder) : len(folder) + 1] in {"", "/"} for folder in self.mutable
        )


@cache
def _library() -> ctypes.CDLL:
    library = load(LIBRARY, "the reader of file times")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.signatures.argtypes, library.signatures.restype = [ctypes.c_char_p, size, ctypes.c_int, pointer], None
    library.entries.argtypes, library.entries.restype = [ctypes.c_char_p, pointer, size], ctypes.c_longlong
    library.renew.argtypes, library.renew.restype = [ctypes.c_char_p, size, pointer, pointer], size
    return library


def signatures(paths: Sequence[str], *, follow: bool = True) -> bytes:
    """The signatures of absolute paths, one behind the other; `follow` is whether that of a link is its target's."""
    out = ctypes.create_string_buffer(SIZE * len(paths) or 1)
    _library().signatures(_joined(paths), len(paths), follow, out)
    return out.raw[: SIZE * len(paths)]


def entries(directory: str) -> bytes:
    """The entries of a directory, each a letter, the name and a NUL: `d` directory, `l` symlink, `f` all else.

    Raises OSError.
    """
    room = 1 << 16
    while True:
        out = ctypes.create_string_buffer(room)
        size: int = _library().entries(os.fsencode(directory), out, room)
        if size < 0:
            raise OSError(-size, os.strerror(-size), directory)
        if size <= room:
            return out.raw[:size]
        room = 2 * size


def difference(old: bytes, new: bytes) -> tuple[set[bytes], set[bytes]]:
    """Which entries, without the NUL, only the old and only the new of two texts from `entries` has.

    File systems mostly keep the order, so that a few new entries among thousands are cheap.
    """
    if old == new:
        return set(), set()
    shorter = min(len(old), len(new))
    # The key is whether that many bytes are not the same at both starts, and later at both ends.
    same = bisect_left(range(1, shorter + 1), x=True, key=lambda size: not new.startswith(old[:size]))
    start = old.rfind(b"\0", 0, same) + 1
    same = bisect_left(range(1, shorter - start + 1), x=True, key=lambda size: not new.endswith(old[-size:]))
    # The first name that ends in the common end may have begun before it.
    tail = len(old) - 1 - old.find(b"\0", len(old) - same) if same else 0
    one, other = (set(text[start : len(text) - tail].split(b"\0")) for text in (old, new))
    return one - other, other - one


def split(joined: bytes) -> Iterator[bytes]:
    """The single signatures."""
    return (joined[start : start + SIZE] for start in range(0, len(joined), SIZE))


def signature_of(status: os.stat_result) -> bytes:
    """The signature as Python's own stat calls give it."""
    return _LAYOUT.pack(
        status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


class Watch:
    """Paths whose signatures are compared all at once. Links are not followed."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._numbers: dict[str, int] = {}
        self._joined = b""
        self._known = bytearray()

    def set(self, path: str, signature: bytes) -> None:
        """Watch a path from the state that the signature tells."""
        number = self._numbers.setdefault(path, len(self._paths))
        if number == len(self._paths):
            self._paths.append(path)
            self._joined = b""
        self._known[SIZE * number : SIZE * (number + 1)] = signature

    def changed(self) -> list[str]:
        """The paths whose signature is not what it was at the last time; from now on the new one counts."""
        count = len(self._paths)
        if not count:
            return []
        if not self._joined:
            self._joined = _joined(self._paths)
        numbers = (ctypes.c_uint32 * count)()
        known = (ctypes.c_char * len(self._known)).from_buffer(self._known)
        found: int = _library().renew(self._joined, count, known, numbers)
        return [self._paths[number] for number in numbers[:found]]


def _joined(paths: Sequence[str]) -> bytes:
    text = "\0".join(paths)
    if text.count("\0") >= len(paths):
        # No file has a name with a NUL: nothing is at the empty path either.
        text = "\0".join(path if "\0" not in path else "" for path in paths)
    return os.fsencode(text) + b"\0"
