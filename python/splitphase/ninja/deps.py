"""`.ninja_deps`: the headers that compilers reported, for edges with `deps = gcc` or `msvc`.

Source: ninja's src/deps_log.cc, version 4 (Ninja 1.9 and later). After `# ninjadeps`, a newline and the version come
records, all numbers 32-bit integers in the machine's byte order. Each begins with the size of what follows; its highest
bit tells the two kinds apart:

- path: the bytes, up to 3 NULs to a multiple of 4, and the complement of the path's number (paths count from 0);
- deps, bit set: number of the output, low and high half of a time in ns, numbers of the inputs.

Ninja appends, so a later record replaces an earlier one for the same output. It looks paths up as they are spelled
here.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from splitphase.errors import BuildGraphError
from splitphase.ninja.paths import CanonicalPaths

_SIGNATURE = b"# ninjadeps\n"
_VERSION = 4
_HEADER = _SIGNATURE + struct.pack("=i", _VERSION)
_DEPS_BIT = 1 << 31
_MOST_BYTES = (1 << 19) - 1
"""Size of the largest record; Ninja drops it and all that follows where it is larger."""
_NUMBER = struct.Struct("=I")
_DEPS_HEAD = struct.Struct("=iIi")
"""Number of the output; its time in two halves, the low one first in either byte order."""
_START_OVER = "delete the file: Ninja then compiles everything with deps again"


@dataclass(frozen=True, slots=True)
class DepsEntry:
    """What one output was made from besides the inputs that build.ninja names."""

    output: str
    """Canonical path, as in the graph."""
    mtime_ns: int
    """Since the epoch: the output's time when it was recorded. The output is stale if it is newer than this."""
    deps: tuple[str, ...]
    """Canonical paths, the source file among them."""


def read_deps(path: str) -> dict[str, DepsEntry]:
    """Read a deps log as Ninja does.

    The last record for an output wins; all from the first damaged record on is dropped. Raises BuildGraphError where
    there is no file or it is of another version.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise BuildGraphError(
            f"cannot read {path}: {error.strerror}",
            hint="build the package with Ninja first, or name its build directory",
        ) from error
    if not data.startswith(_HEADER):
        raise BuildGraphError(f"{path} is not a deps log of Ninja, version {_VERSION}", hint=_START_OVER)
    paths, records = _records(data)
    return {
        paths[number]: DepsEntry(paths[number], mtime, tuple(map(paths.__getitem__, deps)))
        for number, (mtime, deps) in records.items()
        if 0 <= number < len(paths)
    }


def _records(data: bytes) -> tuple[list[str], dict[int, tuple[int, array[int]]]]:
    """All paths by number, and the last time and deps of each output by its number."""
    paths: list[str] = []
    known: set[str] = set()
    records: dict[int, tuple[int, array[int]]] = {}
    at = len(_HEADER)
    while at + 4 <= len(data):
        (size,) = _NUMBER.unpack_from(data, at)
        is_deps, size = size >= _DEPS_BIT, size & (_DEPS_BIT - 1)
        record = data[at + 4 : at + 4 + size]
        at += 4 + size
        if size > _MOST_BYTES or len(record) < size:
            break
        if is_deps:
            if size < _DEPS_HEAD.size or size % 4:
                break
            number, low, high = _DEPS_HEAD.unpack_from(record)
            deps = array("i", record[_DEPS_HEAD.size :])
            if deps and (min(deps) < 0 or max(deps) >= len(paths)):
                break
            records[number] = (high << 32 | low, deps)
        else:
            # Not Ninja's error: a path of 4 NULs, which it would take for an empty path.
            name = _padded_name(record[:-4])
            if not name or name in known or _NUMBER.unpack(record[-4:])[0] != ~len(paths) & 0xFFFFFFFF:
                break
            known.add(name)
            paths.append(name)
    return paths, records


def _padded_name(record: bytes) -> str:
    end = len(record)
    for _ in range(3):
        if end and record[end - 1] == 0:
            end -= 1
    return record[:end].decode("utf-8", "surrogateescape")


def write_deps(path: str, entries: Iterable[DepsEntry]) -> None:
    """Replace the deps log in one step. Paths are made canonical, as Ninja expects them.

    Raises BuildGraphError for what a deps log cannot hold.
    """
    numbers: dict[str, int] = {}
    canonical = CanonicalPaths()
    chunks = [_HEADER]
    for entry in entries:
        deps = [_number(path, canonical[name], numbers, chunks) for name in (entry.output, *entry.deps)]
        body = (
            _DEPS_HEAD.pack(deps[0], entry.mtime_ns & 0xFFFFFFFF, entry.mtime_ns >> 32) + array("i", deps[1:]).tobytes()
        )
        chunks.append(_NUMBER.pack(_sized(path, entry.output, body) | _DEPS_BIT) + body)
    temporary = f"{path}.splitphase"
    with open(temporary, "wb") as stream:
        stream.write(b"".join(chunks))
    os.replace(temporary, path)


def _number(path: str, name: str, numbers: dict[str, int], chunks: list[bytes]) -> int:
    """Number of a canonical path; the first mention writes its record."""
    number = numbers.get(name)
    if number is None:
        number = numbers[name] = len(numbers)
        encoded = name.encode("utf-8", "surrogateescape")
        if not encoded or b"\0" in encoded:
            raise BuildGraphError(f"{path}: {name!r} is no path", hint="leave it out of the deps")
        body = encoded + bytes(-len(encoded) % 4) + _NUMBER.pack(~number & 0xFFFFFFFF)
        chunks.append(_NUMBER.pack(_sized(path, name, body)) + body)
    return number


def _sized(path: str, name: str, body: bytes) -> int:
    if len(body) > _MOST_BYTES:
        raise BuildGraphError(
            f"{path}: the record of {name[:200]} has {len(body)} bytes, Ninja reads no more than {_MOST_BYTES}",
            hint="leave the output out of the deps log: Ninja builds it again, as it would after its own run",
        )
    return len(body)
