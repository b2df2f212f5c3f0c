"""What object files hide: compressed sections, GCC's link-time bytecode, LLVM bitcode.

Formats: gABI "Compression Header" (SHF_COMPRESSED; 1 is zlib, 2 zstd); GNU `.zdebug_*` ("ZLIB", size, zlib stream);
GCC's lto-streamer.h (sections `.gnu.lto_*`, zlib or zstd streams); LLVM's BitCodeFormat.rst (characters of 6, 7, 8
or 12 bits at any bit).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from splitphase import elf
from splitphase.hashes import packed
from splitphase.hashes.forms import Form, Shape, Subject
from splitphase.hashes.sources import Source, Window

BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_CHAR6 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
_OLD_HEADER = 12


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed section; `header` is what stands before the stream."""

    section: elf.Section
    header: bytes
    stream: Source
    old_style: bool


def is_bitcode(head: bytes) -> bool:
    """Whether a file's or section's first bytes are LLVM's."""
    return head.startswith(BITCODE)


def is_compressed(section: elf.Section) -> bool:
    """Whether a section's bytes are a compressed stream."""
    return bool(section.flags & elf.COMPRESSED) or section.name.startswith(".zdebug_")


def compressed_sections(image: elf.Image) -> Iterator[Compressed]:
    """The compressed sections of an ELF file."""
    length = 24 if image.wide else 12
    for section in image.sections:
        if section.kind == elf.NOBITS:
            continue
        if section.flags & elf.COMPRESSED and section.size > length:
            yield _compressed(image, section, length, old_style=False)
        elif section.name.startswith(".zdebug_") and image.source.read(section.offset, 4) == b"ZLIB":
            yield _compressed(image, section, _OLD_HEADER, old_style=True)


def _compressed(image: elf.Image, section: elf.Section, length: int, *, old_style: bool) -> Compressed:
    header = image.source.read(section.offset, length)
    stream = Window(image.source, section.offset + length, section.size - length)
    return Compressed(section, header, stream, old_style)


def lto_sections(image: elf.Image) -> Iterator[elf.Section]:
    """Sections with GCC's bytecode. Options are plain text and may be rewritten."""
    for section in image.sections:
        if section.name.startswith(".gnu.lto_") and section.name != ".gnu.lto_.opts" and section.kind != elf.NOBITS:
            yield section


def lto_content(image: elf.Image, section: elf.Section) -> Source | None:
    """What a bytecode section holds, if it is compressed."""
    for header in (0, 8):
        if section.size > header:
            window = Window(image.source, section.offset + header, section.size - header)
            content = packed.zlib_content(window)
            if content is not None:
                return content.source
    return None


def bitcode_sections(image: elf.Image) -> Iterator[elf.Section]:
    """Sections with LLVM bitcode."""
    for section in image.sections:
        if (
            section.kind != elf.NOBITS
            and section.name.startswith(".llvm")
            and is_bitcode(image.source.read(section.offset, 4))
        ):
            yield section


@dataclass(frozen=True, slots=True)
class _Packing:
    width: int
    codes: dict[str, int] = field(default_factory=dict)


def bitcode_forms(known: Iterable[Subject]) -> tuple[Form, ...]:
    """The hashes as bitcode has them: characters of 6, 7, 8 or 12 bits, least significant bit first, at any bit."""
    packings = (
        _Packing(6, {letter: code for code, letter in enumerate(_CHAR6)}),
        _Packing(7, {chr(code): code for code in range(128)}),
        _Packing(8, {chr(code): code for code in range(128)}),
        # Numbers of variable width, five bits and a sixth for "more": strings that are not ASCII throughout.
        _Packing(12, {chr(code): code & 31 | 32 | code >> 5 << 6 for code in range(32, 128)}),
    )
    found = []
    for subject in known:
        for text in sorted({subject.old, subject.old.upper()}):
            for packing in packings:
                for shift in range(8):
                    data = _bits([packing.codes[letter] for letter in text], packing.width, shift)
                    if packing.width != 8 or shift:
                        shape = Shape(f"{packing.width}-bit characters", "latin-1", 1)
                        found.append(Form(subject, shape, data, data, 0, len(data)))
    return tuple(found)


def _bits(codes: list[int], width: int, shift: int) -> bytes:
    """Whole bytes of a bit string that begins at bit `shift` of a byte."""
    value = sum(code << (index * width + shift) for index, code in enumerate(codes))
    data = value.to_bytes(-(-(len(codes) * width + shift) // 8), "little")
    first = 1 if shift else 0
    last = (len(codes) * width + shift) // 8
    return data[first:last]
