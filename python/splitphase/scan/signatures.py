"""What tells whether a path changed: device, inode, mode, size, mtime and ctime, read for many paths in one call.

A signature is 48 bytes, `stat.c` has the layout; all zero where there is nothing. The kernel stamps changes with a
clock that ticks every few milliseconds, so a signature whose ctime is younger than `RACY` (nanoseconds) may stay the
same over the next change. Whoever keeps such a one must look again.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from splitphase.errors import SplitphaseError

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
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise SplitphaseError(
            f"the reader of file times cannot be loaded: {error}",
            hint=f"compile it: cc -std=c11 -O2 -shared -fPIC -o {LIBRARY} {os.path.dirname(LIBRARY)}/stat.c "
            "(lib/splitphase.nix and dev/setup.sh do)",
        ) from error
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.signatures.argtypes, library.signatures.restype = [ctypes.c_char_p, size, ctypes.c_int, pointer], None
    library.renew.argtypes, library.renew.restype = [ctypes.c_char_p, size, pointer, pointer], size
    return library


def signatures(paths: Sequence[str], *, follow: bool = True) -> bytes:
    """The signatures of absolute paths, one behind the other; `follow` is whether that of a link is its target's."""
    out = ctypes.create_string_buffer(SIZE * len(paths) or 1)
    _library().signatures(_joined(paths), len(paths), follow, out)
    return out.raw[: SIZE * len(paths)]


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
    if text.count("\0") == len(paths) - 1:
        return os.fsencode(text) + b"\0"
    # No file has a name with a NUL: nothing is at the empty path either.
    return b"".join(os.fsencode(path if "\0" not in path else "") + b"\0" for path in paths)
