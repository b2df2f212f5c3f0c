"""Zip and jar files: their members, and the file put together again where some of them have other contents.

Format: PKWARE APPNOTE 6.3. The central directory says what there is. All that is not a changed member's data is copied
as it stands, so the order, the gaps and what stands before the first member stay.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from splitphase.hashes.packed import (
    Content,
    UnreadableError,
    Way,
    compress_with,
    deflate_ways,
    inflate,
    repack,
    run_filter,
)
from splitphase.hashes.sources import Source, Spool, Window, blocks

MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
STORED, DEFLATED, BZIP2, XZ, ZSTD = 0, 8, 12, 95, 93
_ENCRYPTED, _DESCRIPTOR = 1, 8
_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_LIMIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """A member. Offsets of the file, sizes in bytes."""

    name: str
    method: int
    flags: int
    central: int
    """Where its entry in the central directory is."""
    local: int
    start: int
    """Where its data begin."""
    packed: int
    size: int

    @property
    def signed(self) -> bool:
        """Whether it signs others: a jar with changed members is not valid any more."""
        name = self.name.upper()
        return name.startswith("META-INF/") and name.endswith((".SF", ".RSA", ".DSA", ".EC"))


@dataclass(frozen=True, slots=True)
class Directory:
    """A zip file's members and the places that name offsets."""

    entries: tuple[Entry, ...]
    start: int
    """Where the central directory is."""
    end: int
    """Where the end record is."""
    end64: int | None


def read(source: Source) -> Directory | None:
    """Read the central directory; None where it is damaged or in a form that is not read."""
    tail_start = max(0, source.size - 65557)
    tail = source.read(tail_start, 65557)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        return None
    number, _, start = struct.unpack_from("<HII", tail, place + 10)
    end, end64 = tail_start + place, None
    locator = source.read(end - 20, 20) if end >= 20 else b""
    if locator[:4] == _LOCATOR:
        end64 = int.from_bytes(locator[8:16], "little")
        record = source.read(end64, 56)
        if record[:4] != _END64 or len(record) < 56:
            return None
        number, _, start = struct.unpack_from("<QQQ", record, 32)
    try:
        entries = tuple(_entries(source, number, start))
    except (struct.error, IndexError):
        return None
    spans = sorted((entry.start, entry.start + entry.packed) for entry in entries)
    overlap = any(one[1] > other[0] for one, other in pairwise(spans))
    if len(entries) != number or overlap or (spans and spans[-1][1] > start):
        return None
    return Directory(entries, start, end, end64)


def _entries(source: Source, number: int, position: int) -> Iterator[Entry]:
    for _ in range(number):
        head = source.read(position, 46)
        flags, method = struct.unpack_from("<HH", head, 8)
        packed, size, name_length, extra_length, comment_length = struct.unpack_from("<IIHHH", head, 20)
        (local,) = struct.unpack_from("<I", head, 42)
        if head[:4] != b"PK\x01\x02":
            return
        name = source.read(position + 46, name_length)
        wide = _zip64(source.read(position + 46 + name_length, extra_length))
        values = iter(wide)
        size = next(values) if size == _LIMIT else size
        packed = next(values) if packed == _LIMIT else packed
        local = next(values) if local == _LIMIT else local
        local_head = source.read(local, 30)
        if local_head[:4] != b"PK\x03\x04":
            return
        start = local + 30 + sum(struct.unpack_from("<HH", local_head, 26))
        shown = name.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        yield Entry(shown, method, flags, position, local, start, packed, size)
        position += 46 + name_length + extra_length + comment_length


def _zip64(extra: bytes) -> tuple[int, ...]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            return struct.unpack_from(f"<{length // 8}Q", extra, 4)
        extra = extra[4 + length :]
    return ()


def content(source: Source, entry: Entry) -> Content:
    """What a member holds. Raises UnreadableError."""
    if entry.flags & _ENCRYPTED:
        raise UnreadableError("it is encrypted")
    data = Window(source, entry.start, entry.packed)
    if entry.method == STORED:
        return Content(data)
    if entry.method == DEFLATED:
        return inflate(data, lambda: zlib.decompressobj(-15), (zlib.error,)) if entry.packed else Content(data)
    if entry.method == BZIP2:
        return inflate(data, bz2.BZ2Decompressor, (OSError, ValueError))
    if entry.method == XZ:
        return inflate(data, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), (lzma.LZMAError,))
    if entry.method == ZSTD:
        return Content(run_filter(["zstd", "-q", "-d", "-c"], data))
    raise UnreadableError(f"compression method {entry.method} is not known")


def pack(source: Source, entry: Entry, old: Content, changed: Source) -> tuple[Source, bool]:
    """Compress a member's new content; whether the parameters are certain. Raises UnreadableError."""
    data = Window(source, entry.start, entry.packed)
    if entry.method == STORED:
        return changed, True
    if entry.method == DEFLATED:
        return repack(data, old.source, changed, deflate_ways(-15))
    if entry.method == BZIP2:
        ways = (Way(f"bzip2 -{level}", compress_with(lambda level=level: bz2.BZ2Compressor(level)))  # type: ignore[misc]
                for level in range(9, 0, -1))  # fmt: skip
        return repack(data, old.source, changed, ways)
    raise UnreadableError(f"members with compression method {entry.method} are not written")


def rebuild(source: Source, directory: Directory, members: Mapping[Entry, tuple[Source, Source]]) -> Source:
    """The file with other data for these members: compressed and as they are."""
    spool = Spool()
    moved: dict[int, int] = {}
    position = 0
    facts = {entry: (_checksum(plain), packed.size, plain.size) for entry, (packed, plain) in members.items()}
    for entry in sorted(directory.entries, key=lambda entry: entry.local):
        _copy(spool, source, position, entry.local)
        moved[entry.central] = spool.size
        position = entry.start
        header = bytearray(source.read(entry.local, entry.start - entry.local))
        if entry not in members:
            spool.write(bytes(header))
            continue
        packed = members[entry][0]
        if not entry.flags & _DESCRIPTOR:
            _sizes(header, 14, 30 + int.from_bytes(header[26:28], "little"), facts[entry])
        spool.write(bytes(header))
        _copy(spool, packed, 0, packed.size)
        position = entry.start + entry.packed
        if entry.flags & _DESCRIPTOR:
            position += _descriptor(spool, source, position, entry, facts[entry])
    _copy(spool, source, position, directory.start)
    start = spool.size
    shift = start - directory.start
    end = directory.end64 if directory.end64 is not None else directory.end
    table = bytearray(source.read(directory.start, end - directory.start))
    for entry in directory.entries:
        _central(table, entry, entry.central - directory.start, moved[entry.central], facts.get(entry))
    spool.write(bytes(table))
    last = bytearray(source.read(end, source.size - end))
    if directory.end64 is not None:
        struct.pack_into("<Q", last, 48, start)
        struct.pack_into("<Q", last, directory.end - 20 - end + 8, directory.end64 + shift)
    field = directory.end - end + 16
    if last[field : field + 4] != b"\xff" * 4:
        struct.pack_into("<I", last, field, start)
    spool.write(bytes(last))
    return spool


def _copy(spool: Spool, source: Source, start: int, end: int) -> None:
    for block in blocks(source, start, end):
        spool.write(block)


def _checksum(source: Source) -> int:
    value = 0
    for block in blocks(source):
        value = zlib.crc32(block, value)
    return value


def _sizes(header: bytearray, field: int, extra: int, values: tuple[int, int, int]) -> None:
    """Write checksum, packed size and size; `field` is where they are, `extra` where extra fields begin."""
    struct.pack_into("<I", header, field, values[0])
    wide = []
    for place, value in ((field + 8, values[2]), (field + 4, values[1])):
        if header[place : place + 4] == b"\xff" * 4:
            wide.append(value)
        else:
            struct.pack_into("<I", header, place, value)
    while wide and extra + 4 <= len(header):
        kind, length = struct.unpack_from("<HH", header, extra)
        if kind == 1:
            struct.pack_into(f"<{len(wide)}Q", header, extra + 4, *wide)
            return
        extra += 4 + length


def _central(table: bytearray, entry: Entry, place: int, local: int, changed: tuple[int, int, int] | None) -> None:
    name_length = int.from_bytes(table[place + 28 : place + 30], "little")
    extra = place + 46 + name_length
    if changed:
        _sizes(table, place + 16, extra, changed)
    if entry.local == local:
        return
    if table[place + 42 : place + 46] != b"\xff" * 4:
        struct.pack_into("<I", table, place + 42, local)
        return
    before = sum(table[place + field : place + field + 4] == b"\xff" * 4 for field in (20, 24))
    while extra + 4 <= len(table):
        kind, length = struct.unpack_from("<HH", table, extra)
        if kind == 1:
            struct.pack_into("<Q", table, extra + 4 + 8 * before, local)
            return
        extra += 4 + length


def _descriptor(spool: Spool, source: Source, position: int, entry: Entry, values: tuple[int, int, int]) -> int:
    """Write the record behind a member whose sizes were not known before; return the old one's length."""
    old = source.read(position, 24)
    signature = old[:4] == b"PK\x07\x08"
    fields = old[4:] if signature else old
    wide = int.from_bytes(fields[4:12], "little") == entry.packed and (
        int.from_bytes(fields[12:20], "little") == entry.size
    )
    code = "<IQQ" if wide else "<III"
    spool.write(old[:4] * signature + struct.pack(code, *values))
    return 4 * signature + struct.calcsize(code)
