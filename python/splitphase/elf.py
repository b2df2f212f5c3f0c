"""ELF files: their sections, and the GNU build-id, computed anew after an equal-length rewrite.

GNU ld's `--build-id=sha1` (and `md5`) is a digest over the linked file's own headers and sections, so a program that
holds its output path has a build-id that depends on the path. `fresh_build_id` computes it, but only where the present
value is exactly what this module computes: another linker's digest is left alone, and the two-token proof then
refuses the file.

Format: System V ABI for the headers; binutils' bfd for what the digest covers: the ELF header with e_phoff and
e_shoff zero, the program headers, then for each section its header with sh_offset zero and its contents, the
section that holds the build-id all zero. The static symbol table and the string tables beside it (.symtab, .strtab,
.shstrtab) are not sections to bfd and only their headers count.
"""

from __future__ import annotations

import hashlib
import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from splitphase.hashes.sources import Memory, Patch, Source, blocks

MAGIC = b"\x7fELF"
SYMTAB, STRTAB, NOTE, NOBITS, DYNSYM = 2, 3, 7, 8, 11
DYNAMIC = 6
NEEDED, SONAME, RPATH, RUNPATH = 1, 14, 15, 29
ALLOC, EXECUTABLE, STRINGS, COMPRESSED = 0x2, 0x4, 0x20, 0x800
_NT_GNU_BUILD_ID = 3
_DIGESTS = {20: "sha1", 16: "md5"}
_MANY = 1 << 20
_BIG_NOTE = 1 << 16


@dataclass(frozen=True, slots=True)
class Layout:
    """Field offsets of one ELF class; `order` is a struct byte-order mark."""

    order: str
    ehsize: int
    phoff: tuple[int, str]
    shoff: tuple[int, str]
    counts: int
    phentsize: int
    shentsize: int
    section: str
    word: str

    @property
    def sh_offset(self) -> int:
        """Where a section header holds its section's offset."""
        return 24 if self.word == "Q" else 16

    @property
    def sh_size(self) -> int:
        """Where a section header holds its section's size."""
        return 32 if self.word == "Q" else 20


@dataclass(frozen=True, slots=True)
class Section:
    """One section. Offsets and sizes in bytes of the file; `header` is its section header's offset."""

    header: int
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    alignment: int
    entry_size: int

    @property
    def allocated(self) -> bool:
        """Whether it is in memory when the program runs."""
        return bool(self.flags & ALLOC)

    def holds(self, offset: int) -> bool:
        """Whether an offset of the file lies in it."""
        return self.kind != NOBITS and self.offset <= offset < self.offset + self.size


class Image:
    """The sections of an ELF file; none where its headers lie."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.layout = _layout(source.read(0, 64))

    @cached_property
    def _table(self) -> tuple[bytes, bytes]:
        """The section headers, and the section names; nothing where they lie."""
        layout = self.layout
        if layout is None:
            return b"", b""
        shoff = self._get(0, layout.shoff)
        entsize, number, names = struct.unpack(layout.order + "HHH", self.source.read(layout.counts + 4, 6))
        if not shoff or entsize != layout.shentsize or shoff + entsize > self.source.size:
            return b"", b""
        if number == 0:
            number = self._get(shoff, (layout.sh_size, layout.word))
        if names == 0xFFFF:
            names = self._get(shoff, (layout.sh_size + struct.calcsize(layout.word), "I"))
        if number > _MANY or shoff + entsize * number > self.source.size:
            return b"", b""
        table = self.source.read(shoff, entsize * number)
        if names >= number:
            return table, b""
        fields = struct.unpack_from(layout.order + layout.section, table, names * entsize)
        return table, self.source.read(fields[4], fields[5])

    @property
    def may_hide(self) -> bool:
        """Whether any section is compressed or has bytecode: told from all headers at once."""
        table, names = self._table
        if self.layout is None or not table:
            return False
        place = (9 if self.order == "<" else 14) if self.wide else (9 if self.order == "<" else 10)
        flags = set(table[place :: self.layout.shentsize])
        return any(flag & COMPRESSED >> 8 for flag in flags) or any(
            part in names for part in (b".zdebug_", b".gnu.lto_", b".llvmbc", b".llvm.lto")
        )

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in the order of their headers; none where one of them lies."""
        layout = self.layout
        table, texts = self._table
        if layout is None or not table:
            return ()
        shoff = self._get(0, layout.shoff)
        raw = list(struct.iter_unpack(layout.order + layout.section, table))
        for fields in raw:
            if fields[1] != NOBITS and fields[4] + fields[5] > self.source.size:
                return ()
        found = []
        for index, (name, kind, flags, address, offset, size, link, _, alignment, entry) in enumerate(raw):
            text = texts[name : texts.find(b"\0", name)].decode(errors="replace") if name < len(texts) else ""
            header = shoff + index * layout.shentsize
            found.append(Section(header, text, kind, flags, address, offset, size, link, alignment, entry))
        return tuple(found)

    def notes(self) -> Iterator[bytes]:
        """The content of each section of notes, in the order of the headers."""
        if self.layout is not None:
            for fields in struct.iter_unpack(self.layout.order + self.layout.section, self._table[0]):
                if fields[1] == NOTE:
                    yield self.source.read(fields[4], fields[5])

    def dynamic(self) -> Iterator[tuple[int, str]]:
        """The entries of the dynamic section whose value is a string: DT_NEEDED, SONAME, RPATH, RUNPATH."""
        for table in self.sections:
            if self.layout is None or table.kind != DYNAMIC or table.link >= len(self.sections):
                continue
            strings = self.sections[table.link]
            texts = self.source.read(strings.offset, strings.size)
            entry = struct.Struct(self.layout.order + self.layout.word * 2)
            for tag, value in entry.iter_unpack(self.source.read(table.offset, table.size // entry.size * entry.size)):
                if tag == 0:
                    return
                if tag in {NEEDED, SONAME, RPATH, RUNPATH}:
                    yield tag, os.fsdecode(texts[value : texts.find(b"\0", value)])

    def section_at(self, offset: int) -> Section | None:
        """The section that holds an offset of the file."""
        return next((section for section in self.sections if section.holds(offset)), None)

    @cached_property
    def machine(self) -> int:
        """e_machine; 62 is x86-64."""
        return self._get(18, (0, "H"))

    @cached_property
    def relocatable(self) -> bool:
        """Whether it is an object, whose sections are not mapped where they stand (e_type is ET_REL)."""
        return self._get(16, (0, "H")) == 1

    @property
    def order(self) -> str:
        """The struct byte-order mark."""
        return self.layout.order if self.layout else "<"

    @property
    def wide(self) -> bool:
        """Whether it is a 64-bit file."""
        return bool(self.layout and self.layout.word == "Q")

    def hashed_name(self, start: int, end: int) -> str:
        """The dynamic symbol whose name these bytes of the file are part of; a hash table depends on it."""
        layout = self.layout
        for table in self.sections:
            if layout is None or table.kind != DYNSYM or not table.entry_size or table.link >= len(self.sections):
                continue
            strings = self.sections[table.link]
            if not strings.holds(start):
                continue
            texts = self.source.read(strings.offset, strings.size)
            symbols = self.source.read(table.offset, table.size // table.entry_size * table.entry_size)
            for place in range(0, len(symbols), table.entry_size):
                (name,) = struct.unpack_from(layout.order + "I", symbols, place)
                stop = texts.find(b"\0", name)
                if name and strings.offset + name < end and start < strings.offset + stop:
                    return texts[name:stop].decode(errors="replace")
        return ""

    @cached_property
    def _symbols(self) -> tuple[list[int], list[tuple[int, str]]]:
        """Offsets of symbols in the file, sorted, and for each its end and its name."""
        found: list[tuple[int, int, str]] = []
        layout = self.layout
        tables = [section for section in self.sections if section.kind in (SYMTAB, DYNSYM)]
        relocatable = self._get(16, (0, "H")) == 1
        for table in tables:
            if layout is None or table.link >= len(self.sections):
                continue
            code = layout.order + ("IBBHQQ" if self.wide else "IIIBBH")
            size = struct.calcsize(code)
            strings = self.sections[table.link]
            texts = self.source.read(strings.offset, strings.size)
            for fields in struct.iter_unpack(code, self.source.read(table.offset, table.size // size * size)):
                name, index, value, length = (
                    (fields[0], fields[3], fields[4], fields[5])
                    if self.wide
                    else (fields[0], fields[5], fields[1], fields[2])
                )
                if name and length and index < len(self.sections):
                    section = self.sections[index]
                    start = section.offset + value - (0 if relocatable else section.address)
                    text = texts[name : texts.find(b"\0", name)].decode(errors="replace")
                    found.append((start, start + length, text))
        found.sort()
        return [start for start, _, _ in found], [(end, text) for _, end, text in found]

    def symbol_at(self, offset: int) -> str:
        """The function or variable that an offset of the file lies in, where the file still names it."""
        starts, rest = self._symbols
        place = bisect_right(starts, offset) - 1
        return rest[place][1] if place >= 0 and offset < rest[place][0] else ""

    def build_id(self) -> tuple[int, int] | None:
        """Offset and length of the GNU build-id's bytes, if it is a digest."""
        for section in self.sections:
            if section.kind != NOTE or not 16 <= section.size <= _BIG_NOTE:
                continue
            data = self.source.read(section.offset, section.size)
            position = 0
            while position + 12 <= len(data):
                name, descriptor, kind = struct.unpack_from(self.order + "III", data, position)
                content = position + 12 + (name + 3) // 4 * 4
                if kind == _NT_GNU_BUILD_ID and data[position + 12 : position + 16] == b"GNU\0":
                    return (section.offset + content, descriptor) if descriptor in _DIGESTS else None
                position = content + (descriptor + 3) // 4 * 4
        return None

    def digest(self, place: tuple[int, int]) -> bytes:
        """What GNU ld writes at this place."""
        start, length = place
        layout = self.layout
        digest = hashlib.new(_DIGESTS[length], usedforsecurity=False)
        if layout is None:
            return b""
        header = bytearray(self.source.read(0, layout.ehsize))
        phoff = self._get(0, layout.phoff)
        for offset, code in (layout.phoff, layout.shoff):
            struct.pack_into(layout.order + code, header, offset, 0)
        digest.update(header)
        (phnum,) = struct.unpack_from(layout.order + "H", header, layout.counts + 2)
        digest.update(self.source.read(phoff, phnum * layout.phentsize))
        for section in self.sections:
            section_header = bytearray(self.source.read(section.header, layout.shentsize))
            struct.pack_into(layout.order + layout.word, section_header, layout.sh_offset, 0)
            digest.update(section_header)
            if section.kind in (NOBITS, SYMTAB) or (section.kind == STRTAB and not section.allocated):
                continue
            if section.offset <= start < section.offset + section.size:
                digest.update(bytes(section.size))
            else:
                for block in blocks(self.source, section.offset, section.offset + section.size):
                    digest.update(block)
        return digest.digest()

    def _get(self, base: int, field: tuple[int, str]) -> int:
        code = self.order + field[1]
        data = self.source.read(base + field[0], struct.calcsize(code))
        return int(struct.unpack(code, data)[0]) if len(data) == struct.calcsize(code) else 0


def fresh_build_id(changed: Source, original: Source) -> Patch | None:
    """The build-id that a changed file needs, where the original's is what GNU ld computes."""
    before = Image(original)
    place = before.build_id()
    if place is None or before.digest(place) != original.read(*place):
        return None
    return Patch(place[0], Image(changed).digest(place))


def refresh(data: bytearray, original: bytes | bytearray) -> bool:
    """Recompute the build-id of `data`, an equal-length rewrite of `original`; return whether it was done."""
    patch = fresh_build_id(Memory(data), Memory(original))
    if patch is None:
        return False
    data[patch.offset : patch.end] = patch.data
    return True


def _layout(data: bytes) -> Layout | None:
    if len(data) < 52 or data[:4] != MAGIC or data[5] not in (1, 2):
        return None
    order = "<" if data[5] == 1 else ">"
    if data[4] == 2 and len(data) >= 64:
        return Layout(order, 64, (32, "Q"), (40, "Q"), 54, 56, 64, "IIQQQQIIQQ", "Q")
    if data[4] == 1:
        return Layout(order, 52, (28, "I"), (32, "I"), 42, 32, 40, "IIIIIIIIII", "I")
    return None
