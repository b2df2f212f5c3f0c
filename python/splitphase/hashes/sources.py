"""Bytes by offset: memory, files, parts of them, and what they will be once patched. Nothing is read as a whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol

BLOCK = 1 << 20
"""Bytes read at a time."""
_IN_MEMORY = 16 << 20


class Source(Protocol):
    """Something with bytes; `read` gives fewer than asked for only at its end."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in memory."""

    data: bytes | bytearray

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        return bytes(self.data[offset : offset + count])


@dataclass(frozen=True, slots=True)
class Opened:
    """A file by its descriptor, which stays the caller's."""

    descriptor: int
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        count = max(0, min(count, self.size - offset))
        data = os.pread(self.descriptor, count, offset)
        while len(data) < count:
            more = os.pread(self.descriptor, count - len(data), offset + len(data))
            if not more:
                raise OSError("the file became shorter while it was read")
            data += more
        return data


@dataclass(frozen=True, slots=True)
class Window:
    """A part of another source."""

    source: Source
    start: int
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        return self.source.read(self.start + offset, max(0, min(count, self.size - offset)))


class Joined:
    """One source behind the other."""

    def __init__(self, first: Source, second: Source) -> None:
        self._first, self._second = first, second
        self.size = first.size + second.size

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        count = max(0, min(count, self.size - offset))
        head = self._first.read(offset, min(count, self._first.size - offset)) if offset < self._first.size else b""
        at = max(0, offset - self._first.size)
        return head + self._second.read(at, count - len(head))


class Spool:
    """Bytes being written: in memory while they are few, else in a file without a name."""

    def __init__(self) -> None:
        self.stream: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as it
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append."""
        self.stream.seek(self.size)
        self.stream.write(data)
        self.size += len(data)

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        self.stream.seek(offset)
        return self.stream.read(max(0, count))

    def fill_from(self, stream: IO[bytes]) -> None:
        """Append what a stream holds."""
        self.stream.seek(self.size)
        shutil.copyfileobj(stream, self.stream, BLOCK)
        self.size = self.stream.tell()

    def __del__(self) -> None:
        self.stream.close()


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes to write at an offset; at most at the end of a source do they make it longer."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """Offset behind it."""
        return self.offset + len(self.data)


class Patched:
    """A source as it will be with these patches; a later patch wins over an earlier one."""

    def __init__(self, source: Source, patches: Iterable[Patch]) -> None:
        self._source = source
        self._patches = list(patches)
        self.size = max([source.size, *(patch.end for patch in self._patches)])
        order = sorted(range(len(self._patches)), key=lambda index: self._patches[index].offset)
        self._sorted = [(self._patches[index].offset, index) for index in order]
        self._longest = max((len(patch.data) for patch in self._patches), default=0)

    def read(self, offset: int, count: int) -> bytes:
        """These bytes."""
        count = max(0, min(count, self.size - offset))
        data = self._source.read(offset, count)
        first = bisect_right(self._sorted, (offset - self._longest, -1))
        last = bisect_right(self._sorted, (offset + count, -1))
        if first == last and len(data) == count:
            return data
        buffer = bytearray(data.ljust(count, b"\0"))
        for index in sorted(index for _, index in self._sorted[first:last]):
            patch = self._patches[index]
            start, end = max(patch.offset, offset), min(patch.end, offset + count)
            if start < end:
                buffer[start - offset : end - offset] = patch.data[start - patch.offset : end - patch.offset]
        return bytes(buffer)


def blocks(source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from `start` to `end`, a block at a time."""
    end = source.size if end is None else min(end, source.size)
    for offset in range(start, end, BLOCK):
        yield source.read(offset, min(BLOCK, end - offset))


def same(first: Source, second: Source) -> bool:
    """Whether two sources hold the same bytes."""
    return first.size == second.size and all(
        one == other for one, other in zip(blocks(first), blocks(second), strict=True)
    )
