"""What a run means: a hash, a chunk of one, or a part of somebody else's store path.

Compilers cut strings into constants of 8, 16 or 32 bytes, which stand in instructions (x86's movabs) or, merged and in
any order, in read-only data. What stands beside such a chunk is foreign, and where it agrees with the text by accident
the run is too long; rewriting would then damage code. So the ends of a chunk are found by where chunks can stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from splitphase import elf
from splitphase.hashes.forms import HASH_END, HASH_START, NAME_LENGTH, PLAIN, STORE
from splitphase.hashes.scanner import Run
from splitphase.hashes.sources import Patch, Source
from splitphase.tokens import SEED_LENGTH

_CERTAIN = 12
"""So many characters of a hash in a row are no accident (1 in 2^60)."""
ACCIDENT = 2
"""Bytes by which a chunk's run may be too long by accident."""
CHUNKS = (32, 16, 8)
X86_64 = 62
_BESIDE = 4
_NAME = re.compile(rb"[0-9A-Za-z+._?=-]+")
_LETTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")
_NO_TEXT = frozenset(range(9)) | frozenset(range(14, 32)) | frozenset(range(127, 256))


@dataclass(frozen=True, slots=True)
class Place:
    """The object that an offset of a file lies in: the file itself, or a member of an archive."""

    start: int
    size: int
    member: str
    image: elf.Image

    def section(self, offset: int) -> elf.Section | None:
        """The section that an offset of the file lies in."""
        return self.image.section_at(offset - self.start)


@dataclass(frozen=True, slots=True)
class Piece:
    """A find, its ends settled."""

    run: Run
    kind: str
    place: Place | None = None
    section: elf.Section | None = None
    problem: str = ""
    """Why it cannot be rewritten; empty if it can."""

    @property
    def patch(self) -> Patch:
        """What is to stand there."""
        run = self.run
        return Patch(run.offset, run.form.replacement[run.start : run.start + run.length])

    @property
    def chunk(self) -> bool:
        """Whether it stands alone as compilers place it."""
        return self.kind.startswith("chunk")

    @property
    def constant(self) -> bool:
        """Whether it stands where chunks stand: several side by side may look like a whole path."""
        section = self.section
        return section is not None and section.allocated and section.kind != elf.STRTAB


def reach(run: Run) -> tuple[int, int]:
    """The characters of the text that a run covers, from and to, in reading order."""
    unit = run.form.shape.unit
    first, last = -(-run.start // unit), (run.start + run.length) // unit
    if run.form.shape.swapped:
        total = len(run.form.text) // unit
        return total - last, total - first
    return first, last


def name_after(source: Source, piece: Piece) -> str:
    """The name that follows a whole hash in plain text; empty where there is none."""
    run = piece.run
    first, last = reach(run)
    if run.form.shape != PLAIN or first > HASH_START or last <= HASH_END:
        return ""
    start = run.offset + HASH_END + 1 - run.start
    found = _NAME.match(source.read(start, NAME_LENGTH))
    return found[0].decode() if found else ""


def settle(source: Source, runs: Iterable[Run], place_of: Callable[[int], Place | None]) -> Iterator[Piece]:
    """Say what each run is; those that belong to other store paths are left out."""
    found = list(runs)
    for index, run in enumerate(found):
        first, last = reach(run)
        if first <= HASH_START and last >= HASH_END:
            place = place_of(run.offset)
            section = place.section(run.offset) if place else None
            yield Piece(run, _whole_kind(first, last), place, section)
        elif not of_another(
            source, run, (*found[max(0, index - _BESIDE) : index], *found[index + 1 : index + _BESIDE])
        ):
            yield _part(source, run, place_of(run.offset))


def _whole_kind(first: int, last: int) -> str:
    if first == 0:
        return "whole"
    return "base name" if last > HASH_END else "bare hash"


def of_another(source: Source, run: Run, others: Iterable[Run]) -> bool:
    """Whether the run is a part of a store path or base name with another hash.

    Constants in a row look like one as well: then `others`, what else was found nearby, explain its letters.
    """
    first, last = reach(run)
    if min(last, HASH_END) - max(first, HASH_START) >= _CERTAIN:
        return False
    form = run.form
    start = run.offset - run.start
    low, high = start + form.hash_start, start + form.hash_end
    if any(low < other.end and other.offset < high for other in others if other.offset != run.offset):
        return False
    lost = max(0, -start)
    data = bytes(lost) + source.read(max(0, start), len(form.text) - lost)
    text = form.shape.decode(data.ljust(len(form.text), b"\0"))
    value = text[HASH_START:HASH_END]
    if not _LETTERS.issuperset(value) or value == form.subject.old:
        return False
    return text.startswith(STORE) or text[HASH_END : HASH_END + 1] == "-"


def _part(source: Source, run: Run, place: Place | None) -> Piece:
    """A run with a part of the hash."""
    first, last = reach(run)
    section = place.section(run.offset) if place else None
    if run.form.shape.unit > 1 and section is not None and section.allocated:
        problem = "a compiler has cut a wide string up, and its other parts cannot be told from numbers"
        return Piece(run, f"part of {last - first}", place, section, problem)
    if run.form.shape.unit > 1 or (run.form.shape.swapped and place is None):
        return Piece(run, f"part of {last - first}", place, section)
    if first == HASH_START and last == HASH_START + SEED_LENGTH and _before(source, run, 5).lower() == b"seed=":
        return Piece(run, "seed", place, section)
    if section is not None and section.flags & elf.EXECUTABLE:
        return _in_code(source, run, place, section)
    if first == HASH_START and source.read(run.end, 1) == b"\0":
        # A string that is a truncated hash: no compiler cuts `/nix/store/` off just there, and ends a string behind.
        return Piece(run, f"part of {last - first}", place, section)
    textual = not section.allocated or bool(section.flags & elf.STRINGS) if section else _textual(source, run)
    if textual or not (first > HASH_START or last < HASH_END):
        return Piece(run, "seed" if last - first == SEED_LENGTH else f"part of {last - first}", place, section)
    return _in_data(source, run, place, section)


def _before(source: Source, run: Run, count: int) -> bytes:
    return source.read(max(0, run.offset - count), min(count, run.offset))


def _textual(source: Source, run: Run) -> bool:
    around = _before(source, run, 16) + source.read(run.end, 16)
    return _NO_TEXT.isdisjoint(around)


def cut(run: Run, start: int, end: int) -> Run:
    """The part of a run between two offsets of the data."""
    return replace(run, offset=start, length=end - start, start=run.start + start - run.offset)


def immediate(source: Source, run: Run) -> Run | None:
    """The part of a run that is the immediate of an x86-64 `movabs` (REX.W, B8 to BF, 8 bytes)."""
    start = max(0, run.offset - 2)
    data = source.read(start, run.end - start)
    for place in range(2, len(data) - 7):
        if data[place - 2] & 0xF8 == 0x48 and data[place - 1] & 0xF8 == 0xB8:
            return cut(run, start + place, start + place + 8)
    return None


def _in_code(source: Source, run: Run, place: Place | None, section: elf.Section | None) -> Piece:
    if place and place.image.machine == X86_64:
        exact = immediate(source, run)
        if exact is not None:
            return Piece(exact, "chunk 8", place, section)
    if run.length in CHUNKS:
        return Piece(run, f"chunk {run.length}", place, section)
    problem = f"{run.length} bytes of the hash's text stand between instructions, and where they end is not certain"
    return Piece(run, f"part of {run.length}", place, section, problem)


def _in_data(source: Source, run: Run, place: Place | None, section: elf.Section | None) -> Piece:
    """In data that may be constants or text, or both side by side."""
    if run.length in CHUNKS:
        return Piece(run, f"chunk {run.length}", place, section)
    # What an address is aligned to: sections of objects are aligned in memory, not in the file.
    # An edge outside of the hash is certain: the text before or after it is the same in any case.
    first, last = reach(run)
    if run.form.shape.swapped:
        first, last = HASH_START + HASH_END - last, HASH_START + HASH_END - first
    shift = section.address - section.offset - place.start if section and place else 0
    for size in CHUNKS:
        start = run.offset + -(run.offset + shift) % size if first > HASH_START else run.offset
        end = run.end - (run.end + shift) % size if last < HASH_END else run.end
        if start < end and run.length - (end - start) <= ACCIDENT:
            return Piece(cut(run, start, end), f"chunk {end - start}", place, section)
    beside = _before(source, run, 1) * (first > HASH_START) + source.read(run.end, 1) * (last < HASH_END)
    if any(chr(byte) in _LETTERS for byte in beside):
        problem = f"{run.length} bytes of the hash's text stand in data, and where they end is not certain"
        return Piece(run, f"part of {run.length}", place, section, problem)
    return Piece(run, f"part of {run.length}", place, section)
