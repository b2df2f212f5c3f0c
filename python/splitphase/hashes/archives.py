"""Archives whose members stand in them as they are: `ar` (also thin) and tar.

Formats: System V `ar` with GNU's long names (ar.h, binutils' bfd/archive.c); POSIX.1-1988 ustar headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from splitphase.hashes.sources import Patch, Patched, Source, Spool, Window, blocks

AR, THIN = b"!<arch>\n", b"!<thin>\n"
_AR_HEADER = 60
_LONG_NAME = re.compile(rb"/(\d+)(?::(\d+))? */?")
"""GNU ar leaves the `/` behind a base name of 15 characters in its place in a thin archive."""
_TAR_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A member's content. Bytes of the archive.

    `raw` is the name as it stands. A member of a thin archive that lies in another archive has that one's name, and the
    offset of its header there as `origin`; else `origin` is 0.
    """

    name: str
    header: int
    start: int
    size: int
    raw: bytes = b""
    origin: int = 0


def ar_members(source: Source) -> Iterator[Member]:
    """The members of an archive, without symbol and name tables; those of a thin archive have no bytes in it."""
    magic = source.read(0, 8)
    position, names = 8, b""
    while position + _AR_HEADER <= source.size:
        header = source.read(position, _AR_HEADER)
        digits = header[48:58].strip()
        if header[58:60] != b"`\n" or not digits.isdigit():
            return
        size, name = int(digits), header[:16].rstrip()
        start = position + _AR_HEADER
        table = name in (b"/", b"//", b"/SYM64/") or name.startswith(b"__.SYMDEF")
        if name == b"//":
            names = source.read(start, size)
        if not table:
            size = 0 if magic == THIN else size
            shown, origin = name.rstrip(b"/"), 0
            place = _LONG_NAME.fullmatch(name)
            if place:
                begin = int(place[1])
                shown = names[begin : names.find(b"\n", begin)].rstrip(b"/")
                origin = int(place[2] or 0)
            within = min(size, source.size - start)
            yield Member(shown.decode(errors="replace"), position, start, within, shown, origin)
        position = start + size + size % 2


def ar_rebuilt(source: Source, members: Mapping[int, Source]) -> Source:
    """An archive with other contents for the members that start there; its symbol table follows."""
    result = Spool()
    result.write(AR)
    moved: dict[int, int] = {}
    tables: list[tuple[int, int]] = []
    position = 8
    while position + _AR_HEADER <= source.size:
        header = source.read(position, _AR_HEADER)
        if header[58:60] != b"`\n":
            break
        start, size = position + _AR_HEADER, int(header[48:58])
        content = members.get(start) or Window(source, start, size)
        moved[position] = result.size
        width = {b"/": 4, b"/SYM64/": 8}.get(header[:16].rstrip())
        if width:
            tables.append((result.size + _AR_HEADER, width))
        result.write(header[:48] + str(content.size).encode().ljust(10) + header[58:])
        for block in blocks(content):
            result.write(block)
        result.write(b"\n" * (content.size % 2))
        position = start + size + size % 2
    patches = []
    for table, width in tables:
        for index in range(int.from_bytes(result.read(table, width), "big")):
            place = table + width * (index + 1)
            old = int.from_bytes(result.read(place, width), "big")
            patches.append(Patch(place, moved.get(old, old).to_bytes(width, "big")))
    return Patched(result, patches)


def is_tar(head: bytes) -> bool:
    """Whether a file's first 512 bytes are a tar header."""
    return head[257:262] == b"ustar" and _stored(head) == _sum(head)


def tar_members(source: Source) -> Iterator[Member]:
    """All entries of a tar archive, also those that only describe others."""
    position = 0
    while position + _TAR_BLOCK <= source.size:
        header = source.read(position, _TAR_BLOCK)
        if not header.strip(b"\0"):
            position += _TAR_BLOCK
            continue
        size = _number(header[124:136])
        if _stored(header) != _sum(header) or size is None:
            return
        prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
        name = (prefix + b"/" if prefix else b"") + header[:100].split(b"\0", 1)[0]
        if header[156:157] not in (b"0", b"\0", b"7", b"x", b"g", b"L", b"K", b"S"):
            size = 0
        start = position + _TAR_BLOCK
        yield Member(name.decode(errors="replace"), position, start, size)
        position = start + -(-size // _TAR_BLOCK) * _TAR_BLOCK


def tar_checksums(source: Source, patches: Iterable[Patch]) -> Iterator[Patch]:
    """The checksums of the headers that patches touch."""
    patches = sorted(patches, key=lambda patch: patch.offset)
    changed = Patched(source, patches)
    place = 0
    for member in tar_members(source) if patches else ():
        while place < len(patches) and patches[place].end <= member.header:
            place += 1
        if place < len(patches) and patches[place].offset < member.header + _TAR_BLOCK:
            header = changed.read(member.header, _TAR_BLOCK)
            yield Patch(member.header + 148, f"{_sum(header):06o}\0 ".encode())


def _number(field: bytes) -> int | None:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b"\0 ")
    return int(digits, 8) if digits and set(digits) <= set(b"01234567") else None if digits else 0


def _stored(header: bytes) -> int | None:
    return _number(header[148:156]) if len(header) == _TAR_BLOCK else None


def _sum(header: bytes) -> int:
    return sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
