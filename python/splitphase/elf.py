"""The GNU build-id of an ELF file: find it and compute it anew after an equal-length rewrite.

GNU ld's `--build-id=sha1` (and `md5`) is a digest over the linked file's own headers and sections, so a program that
holds its output path has a build-id that depends on the path. `refresh` recomputes it, but only where the present
value is exactly what this module computes: another linker's digest is left alone, and the two-token proof then
refuses the file.

Format: System V ABI for the headers; binutils' bfd for what the digest covers: the ELF header with e_phoff and
e_shoff zero, the program headers, then for each section its header with sh_offset zero and its contents, the
section that holds the build-id all zero. The static symbol table and the string tables beside it (.symtab, .strtab,
.shstrtab) are not sections to bfd and only their headers count.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

_MAGIC = b"\x7fELF"
_SYMTAB = 2
_STRTAB = 3
_NOTE = 7
_NOBITS = 8
_ALLOC = 2
_NT_GNU_BUILD_ID = 3
_DIGESTS = {20: "sha1", 16: "md5"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Field offsets of one ELF class; `order` is a struct byte-order mark."""

    order: str
    ehsize: int
    phoff: tuple[int, str]
    shoff: tuple[int, str]
    counts: int
    phentsize: int
    shentsize: int
    sh_offset: tuple[int, str]
    sh_size: tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Section:
    header: int
    kind: int
    allocated: bool
    offset: int
    size: int


def refresh(data: bytearray, original: bytes | bytearray) -> bool:
    """Recompute the build-id of `data`, an equal-length rewrite of `original`; return whether it was done."""
    layout = _layout(original)
    place = _build_id(original, layout) if layout else None
    if layout is None or place is None:
        return False
    start, length = place
    if _digest(original, layout, place) != bytes(original[start : start + length]):
        return False
    data[start : start + length] = _digest(data, layout, place)
    return True


def _layout(data: bytes | bytearray) -> _Layout | None:
    if len(data) < 52 or data[:4] != _MAGIC or data[5] not in (1, 2):
        return None
    order = "<" if data[5] == 1 else ">"
    if data[4] == 2 and len(data) >= 64:
        return _Layout(order, 64, (32, "Q"), (40, "Q"), 54, 56, 64, (24, "Q"), (32, "Q"))
    if data[4] == 1:
        return _Layout(order, 52, (28, "I"), (32, "I"), 42, 32, 40, (16, "I"), (20, "I"))
    return None


def _get(data: bytes | bytearray, layout: _Layout, base: int, field: tuple[int, str]) -> int:
    return int(struct.unpack_from(layout.order + field[1], data, base + field[0])[0])


def _sections(data: bytes | bytearray, layout: _Layout) -> list[_Section]:
    shoff = _get(data, layout, 0, layout.shoff)
    entsize, number = struct.unpack_from(layout.order + "HH", data, layout.counts + 4)
    if not shoff or entsize != layout.shentsize or shoff + entsize * number > len(data):
        return []
    sections = []
    for index in range(number):
        header = shoff + index * entsize
        (kind,) = struct.unpack_from(layout.order + "I", data, header + 4)
        allocated = bool(_get(data, layout, header, (8, layout.sh_size[1])) & _ALLOC)
        offset, size = _get(data, layout, header, layout.sh_offset), _get(data, layout, header, layout.sh_size)
        if kind != _NOBITS and offset + size > len(data):
            return []
        sections.append(_Section(header, kind, allocated, offset, size))
    return sections


def _build_id(data: bytes | bytearray, layout: _Layout) -> tuple[int, int] | None:
    """Offset and length of the build-id's bytes, or None."""
    for section in _sections(data, layout):
        if section.kind != _NOTE or section.size < 16:
            continue
        position, end = section.offset, section.offset + section.size
        while position + 12 <= end:
            name, descriptor, kind = struct.unpack_from(layout.order + "III", data, position)
            content = position + 12 + (name + 3) // 4 * 4
            if kind == _NT_GNU_BUILD_ID and bytes(data[position + 12 : position + 16]) == b"GNU\0":
                return (content, descriptor) if descriptor in _DIGESTS else None
            position = content + (descriptor + 3) // 4 * 4
    return None


def _digest(data: bytes | bytearray, layout: _Layout, place: tuple[int, int]) -> bytes:
    start, length = place
    view = memoryview(data)
    digest = hashlib.new(_DIGESTS[length], usedforsecurity=False)
    header = bytearray(view[: layout.ehsize])
    phoff = _get(data, layout, 0, layout.phoff)
    for offset, code in (layout.phoff, layout.shoff):
        struct.pack_into(layout.order + code, header, offset, 0)
    digest.update(header)
    (phnum,) = struct.unpack_from(layout.order + "H", data, layout.counts + 2)
    digest.update(view[phoff : phoff + phnum * layout.phentsize])
    for section in _sections(data, layout):
        section_header = bytearray(view[section.header : section.header + layout.shentsize])
        struct.pack_into(layout.order + layout.sh_offset[1], section_header, layout.sh_offset[0], 0)
        digest.update(section_header)
        if section.kind in (_NOBITS, _SYMTAB) or (section.kind == _STRTAB and not section.allocated):
            continue
        if section.offset <= start < section.offset + section.size:
            digest.update(bytes(section.size))
        else:
            digest.update(view[section.offset : section.offset + section.size])
    return digest.digest()
