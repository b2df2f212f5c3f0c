"""Wide strings that compilers cut up: constants of 2 characters of UTF-32 or 4 of UTF-16.

One alone is nothing special: tables of letters have them. So the scanner looks for the `/nix/store/` in such pieces,
and only where it is the hash's own pieces are looked for; where all of them are there, it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splitphase import elf
from splitphase.hashes.chunks import Piece, Place
from splitphase.hashes.findings import Find
from splitphase.hashes.forms import Subject
from splitphase.hashes.scanner import wide_marks
from splitphase.hashes.sources import Source

_CUTS = (("UTF-32LE", "utf-32-le", 2), ("UTF-16LE", "utf-16-le", 4))


def cut_up(
    source: Source, known: Iterable[Place], pieces: Iterable[Piece], subjects: Iterable[Subject]
) -> Iterator[tuple[Find, str]]:
    """What is found of each hash that stands in this form in an object, and why it cannot be rewritten."""
    marks = list(wide_marks(source))
    for place in known if marks else ():
        at = next((mark for mark in marks if place.start <= mark < place.start + place.size), None)
        if at is None:
            continue
        data = _mapped(place, pieces)
        section = place.section(at)
        for subject in subjects:
            label = next((label for label in _forms_in(data, subject)), "")
            if label:
                inside = (f"archive member {place.member}",) if place.member else ()
                name = section.name if section else ""
                where = ": ".join([*inside, f"section {name}"])
                problem = f"{where}, offset {at:#x}: a compiler has cut a wide string ({label}) up into numbers"
                yield Find("in pieces", label, subject.old, at, inside, name), problem


def _forms_in(data: bytes, subject: Subject) -> Iterator[str]:
    for label, codec, count in _CUTS:
        for value in (subject.old, subject.old.upper()):
            for shift in range(count):
                units = [value[start : start + count] for start in range(shift, len(value) - count + 1, count)]
                if all(unit.encode(codec) in data for unit in units):
                    yield label


def _mapped(place: Place, pieces: Iterable[Piece]) -> bytes:
    """The code and data of an object, without what is known to be text."""
    parts = []
    for section in place.image.sections:
        if section.allocated and section.kind not in (elf.NOBITS, elf.STRTAB):
            data = bytearray(place.image.source.read(section.offset, section.size))
            start = place.start + section.offset
            for piece in pieces:
                low, high = max(piece.run.offset, start) - start, min(piece.run.end - start, len(data))
                if piece.run.form.shape.unit > 1 and not piece.problem and low < high:
                    data[low:high] = bytes(high - low)
            parts.append(bytes(data))
    return b"".join(parts)
