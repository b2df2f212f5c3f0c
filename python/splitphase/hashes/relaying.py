"""Lay an object out again: what stands behind a section of another size moves, as the assembler and the linker have it.

They put one section behind the other, each at the next multiple of its alignment, and the section headers at a multiple
of a word (binutils' bfd, assign_file_positions_for_non_load_sections). An object that is not laid out so is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from splitphase import elf
from splitphase.hashes.sources import Source, Spool, blocks


@dataclass(frozen=True, slots=True)
class _Span:
    """A section, or the section headers (None). Offset, size and alignment in bytes."""

    section: elf.Section | None
    offset: int
    size: int
    step: int


def laid_out(image: elf.Image, source: Source, changed: Mapping[elf.Section, Source]) -> Spool | None:
    """The object with other contents for some sections; None where it is laid out in another way.

    `source` is the object with what is rewritten in place.
    """
    layout = image.layout
    if layout is None:
        return None
    start = min(section.offset for section in changed)
    spans = _behind(image, layout.shentsize, start)
    moved: dict[elf.Section | None, tuple[int, int]] = {}
    old = new = start
    for span in spans:
        content = changed.get(span.section) if span.section else None
        size = span.size if content is None else content.size
        movable = span.section is None or image.relocatable or not span.section.allocated
        if not movable or -(-old // span.step) * span.step != span.offset:
            return None
        place = -(-new // span.step) * span.step
        moved[span.section] = place, size
        old, new = span.offset + span.size, place + size
    hidden = any(section.kind == elf.NOBITS and section.offset > start for section in image.sections)
    if hidden or old != source.size or None not in moved:
        return None
    result = Spool()
    for block in blocks(source, 0, start):
        result.write(block)
    for span in spans:
        result.write(bytes(moved[span.section][0] - result.size))
        if span.section is None:
            result.write(_headers(image, layout, source, moved))
        elif span.section in changed:
            for block in blocks(changed[span.section]):
                result.write(block)
        else:
            for block in blocks(source, span.offset, span.offset + span.size):
                result.write(block)
    offset, code = layout.shoff
    result.stream.seek(offset)
    result.stream.write(struct.pack(layout.order + code, moved[None][0]))
    return result


def _behind(image: elf.Image, entry: int, start: int) -> list[_Span]:
    """All from an offset on, in the order of the file; empty sections before what begins where they stand."""
    spans = [
        _Span(section, section.offset, section.size, max(1, section.alignment))
        for section in image.sections
        if section.kind not in (0, elf.NOBITS) and section.offset >= start
    ]
    table = min(section.header for section in image.sections)
    spans.append(_Span(None, table, entry * len(image.sections), 8 if image.wide else 4))
    return sorted((span for span in spans if span.offset >= start), key=lambda span: (span.offset, span.size > 0))


def _headers(
    image: elf.Image, layout: elf.Layout, source: Source, moved: Mapping[elf.Section | None, tuple[int, int]]
) -> bytes:
    table = min(section.header for section in image.sections)
    data = bytearray(source.read(table, layout.shentsize * len(image.sections)))
    for section in image.sections:
        if section in moved:
            place, size = moved[section]
            struct.pack_into(layout.order + layout.word, data, section.header - table + layout.sh_offset, place)
            struct.pack_into(layout.order + layout.word, data, section.header - table + layout.sh_size, size)
    return bytes(data)
