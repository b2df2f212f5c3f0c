"""Chunks in context: those that hold little of a hash, and whether the others of the same string are there.

What a chunk begins another one must end. A chunk with 1 to 4 characters of the hash is one only if a sibling goes on
where it stops; and where a chunk stops and nothing goes on, the rest is in a form that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from splitphase import elf
from splitphase.hashes.chunks import ACCIDENT, CHUNKS, X86_64, Piece, Place, cut, immediate, of_another, reach
from splitphase.hashes.forms import HASH_END, HASH_START, Form
from splitphase.hashes.scanner import Run, Scanner
from splitphase.hashes.sources import Source, Window
from splitphase.tokens import HASH_LENGTH

_NEARBY = 128
_WINDOW = 8
_CASES = "this chunk is the same for the hash in upper and in lower case, and both are cut up here"
_SHORT = "this may be the end of the hash with its short name, or a number"
_MOVABS = rb"[\x48-\x4f][\xb8-\xbf]"
_HASH_LIKE = re.compile(_MOVABS + rb"(?=([0-9abcdfghijklmnpqrsvwxyz]{8}))", re.DOTALL)
_NUMBER = re.compile(rb"(?:[\xc7\x81][\x00-\xff]{1,6}|[\x35\x3d\xb8-\xbf])\Z", re.DOTALL)
"""What stands before the 4 bytes of an x86 instruction's number: mov, cmp, xor."""
_NO_NAME = rb"[^0-9A-Za-z+._?=-]"
_BLOCK = 1 << 20


def weak_pieces(
    source: Source, scanner_of: Callable[[frozenset[str]], Scanner], strong: list[Piece]
) -> Iterator[Piece]:
    """Chunks with 1 to 4 characters of the hash, in the objects where their siblings stand as well."""
    for place in dict.fromkeys(piece.place for piece in strong if piece.place and piece.constant):
        known = [piece for piece in strong if piece.place is place]
        scanner = scanner_of(frozenset(piece.run.form.subject.old for piece in known if piece.constant))
        found = list(scanner.runs(source) if place.size == source.size else _shifted(scanner, place))
        waiting = list(_candidates(source, place, (*found, *_short(place, scanner.forms)), known))
        for reached in (_NEARBY, _NEARBY + 1):
            # Chunks first: a whole path says least of what a chunk elsewhere belongs to.
            more: list[Piece] | None = None
            while more is None or more:
                # One may be the next one's only sibling: two ends of the same string overlap.
                more, left = [], []
                for run, section in waiting:
                    if any(run.offset < piece.run.end and piece.run.offset < run.end for piece in (*known, *more)):
                        continue
                    piece = _weak_piece(source, run, scanner.forms, (place, section), known, reached)
                    if piece is None:
                        left.append((run, section))
                    elif not _beside_another(source, piece, known):
                        more.append(piece)
                yield from more
                known, waiting = [*known, *more], left


def _candidates(
    source: Source, place: Place, runs: Iterable[Run], known: list[Piece]
) -> Iterator[tuple[Run, elf.Section]]:
    for run in runs:
        section = place.section(run.offset)
        near = [piece.run for piece in known if abs(piece.run.offset - run.offset) < _NEARBY]
        if section is not None and section.allocated and not of_another(source, run, near):
            exact = run if run.length < _WINDOW else _exact(source, run, place, section)
            if exact is not None:
                yield exact, section


def _shifted(scanner: Scanner, place: Place) -> Iterator[Run]:
    for run in scanner.runs(place.image.source):
        yield replace(run, offset=run.offset + place.start)


def _exact(source: Source, run: Run, place: Place, section: elf.Section) -> Run | None:
    """The part of a run that is a chunk with some of the hash."""
    found: Run | None = None
    if section.flags & elf.EXECUTABLE:
        found = immediate(source, run) if place.image.machine == X86_64 else run if run.length in CHUNKS else None
    else:
        first, _ = reach(run)
        shift = section.address - section.offset - place.start
        at_end = (first < HASH_START) != run.form.shape.swapped
        for size in (16, 8):
            start = run.offset if at_end else run.offset + -(run.offset + shift) % size
            end = run.end - (run.end + shift) % size if at_end else run.end
            if end - start >= 8 and run.length - (end - start) <= ACCIDENT:
                found = cut(run, start, end)
                break
    if found is None:
        return None
    first, last = reach(found)
    return found if first < HASH_END and last > HASH_START else None


def _weak_piece(
    source: Source,
    run: Run,
    forms: Iterable[Form],
    where: tuple[Place, elf.Section],
    known: list[Piece],
    reached: int,
) -> Piece | None:
    """The run in the form of its siblings, so far away at most: digits are the same in upper and in lower case."""
    place, section = where
    seen = run.form.text[run.start : run.start + run.length]
    kind = f"chunk {run.length if run.length in CHUNKS else _WINDOW}"
    pieces = [
        Piece(replace(run, form=form), kind, place, section)
        for form in forms
        if form.subject == run.form.subject
        and form.shape.swapped == run.form.shape.swapped
        and form.text[run.start : run.start + run.length] == seen
    ]
    far = {piece: distance for piece in pieces if (distance := _sibling(piece, known)) is not None}
    least = min(far.values(), default=_NEARBY + 2)
    if least > reached:
        return None
    nearest = [piece for piece, distance in far.items() if distance == least]
    if len({piece.patch.data for piece in nearest}) > 1:
        return replace(nearest[0], problem=_CASES)
    if run.length < _WINDOW and not section.flags & elf.EXECUTABLE and not _ended(source, run):
        return replace(nearest[0], problem=_SHORT)
    return nearest[0]


def _ended(source: Source, run: Run) -> bool:
    """Whether a name ends where a run ends."""
    beside = source.read(run.offset - 1, 1) if run.form.shape.swapped else source.read(run.end, 1)
    return re.fullmatch(_NO_NAME, beside, re.DOTALL) is not None


def _sibling(piece: Piece, known: Iterable[Piece]) -> int | None:
    """How far away it goes on where a weak chunk ends in the hash; in code in bytes. A chunk is nearer than text."""
    first, last = reach(piece.run)
    edge = last if first < HASH_START else first - 1
    code = piece.section is not None and piece.section.flags & elf.EXECUTABLE
    far = [
        (abs(other.run.offset - piece.run.offset) if code and other.section == piece.section else _NEARBY)
        if other.chunk
        else _NEARBY + 1
        for other in known
        if _holds(other, piece, edge)
    ]
    return min(*far, _NEARBY + 1) if far else None


def _beside_another(source: Source, piece: Piece, known: list[Piece]) -> bool:
    """Whether the string that a weak chunk in code is of goes on with another hash: its chunk is nearer than ours."""
    if piece.section is None or not piece.section.flags & elf.EXECUTABLE:
        return False
    run = piece.run
    first, last = reach(run)
    edge = last if first < HASH_START else first - 1
    ours = [abs(other.run.offset - run.offset) for other in known if other.chunk and _holds(other, piece, edge)]
    start = max(0, run.offset - _NEARBY // 2)
    for match in _HASH_LIKE.finditer(source.read(start, _NEARBY)):
        at = start + match.start(1)
        if abs(at - run.offset) < min(ours, default=_NEARBY) and not any(
            other.run.offset <= at < other.run.end for other in known
        ):
            return True
    return False


def _holds(other: Piece, piece: Piece, edge: int) -> bool:
    """Whether another piece of the same hash, in the same form, has a character of the text."""
    start, end = reach(other.run)
    one, two = other.run.form, piece.run.form
    return (
        other.constant
        and one.subject.old == two.subject.old
        and (one.shape.upper_hash, one.shape.swapped) == (two.shape.upper_hash, two.shape.swapped)
        and start <= edge < end
    )


def _short(place: Place, forms: Iterable[Form]) -> Iterator[Run]:
    """Ends of hashes with a name so short that the path ends inside of the chunk: `6-x/shar`."""
    tails: dict[bytes, tuple[Form, int]] = {}
    for form in forms:
        rest = len(form.subject.name) + 1
        for count in range(1, _WINDOW - rest) if form.subject.name else ():
            run = _run_of(form, HASH_END - count, count + rest, 0)
            tails.setdefault(form.text[run.start : run.start + run.length], (form, count))
    for section in place.image.sections if tails else ():
        if section.allocated and section.kind not in (elf.NOBITS, elf.STRTAB):
            yield from _tails_in(place, section, tails)


def _tails_in(place: Place, section: elf.Section, tails: dict[bytes, tuple[Form, int]]) -> Iterator[Run]:
    code = bool(section.flags & elf.EXECUTABLE)
    for text, (form, count) in tails.items():
        gap = rb"[\x00-\xff]{%d}" % (_WINDOW - len(text) if form.shape.swapped else 0)
        found = re.compile((_MOVABS if code else b"") + gap + b"(?P<tail>" + re.escape(text) + b")", re.DOTALL)
        for offset in range(0, section.size, _BLOCK):
            data = Window(place.image.source, section.offset, section.size).read(offset, _BLOCK + 32)
            for match in found.finditer(data):
                start = offset + match.start("tail")
                aligned = start - (_WINDOW - len(text) if form.shape.swapped else 0) + section.address
                if match.start() < _BLOCK and (code or aligned % _WINDOW == 0):
                    yield _run_of(form, HASH_END - count, len(text), place.start + section.offset + start)


def _run_of(form: Form, first: int, length: int, offset: int) -> Run:
    """Characters of a form's text as a run."""
    return Run(offset, length, form, len(form.text) - first - length if form.shape.swapped else first)


def uncovered(source: Source, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Chunks whose hash is not all there: the rest of it stands somewhere in a form that is not known."""
    groups: dict[tuple[int, str], list[Piece]] = {}
    for piece in pieces:
        if piece.place is not None and piece.constant:
            groups.setdefault((piece.place.start, piece.run.form.subject.old), []).append(piece)
    for group in groups.values():
        covered: set[int] = set()
        for piece in group:
            first, last = reach(piece.run)
            covered.update(range(max(first, HASH_START), min(last, HASH_END)))
        chunks = [piece for piece in group if piece.chunk]
        if chunks and len(covered) < HASH_LENGTH:
            yield chunks[0]
            continue
        yield from (piece for piece in chunks if _goes_on(source, piece, group) or _ends(piece, group))
        yield from _rows(source, group)


def _ends(piece: Piece, group: Iterable[Piece]) -> bool:
    """Whether nothing goes on where a chunk stops. A string does: LLVM copies from it, and only the end from code."""
    first, last = reach(piece.run)
    edges = [edge for edge, inside in ((first - 1, first > HASH_START), (last, last < HASH_END)) if inside]
    return any(not any(_holds(other, piece, edge) for other in group) for edge in edges)


def _rows(source: Source, group: list[Piece]) -> Iterator[Piece]:
    """A hash in data, read from by code that has more of it in a number of 4 bytes."""
    asked: set[frozenset[bytes]] = set()
    for piece in group:
        section, texts = piece.section, frozenset(_quarters(piece.run.form, HASH_START, HASH_END))
        if not piece.chunk and section is not None and not section.flags & elf.EXECUTABLE and texts not in asked:
            asked.add(texts)
            if _in_numbers(source, piece, texts, group):
                yield piece


def _quarters(form: Form, first: int, last: int) -> set[bytes]:
    """Each 4 characters of the hash that begin in a part of the text."""
    if form.shape.swapped or form.shape.unit > 1:
        return set()
    return {form.text[start : start + 4] for start in range(max(first, HASH_START), min(last, HASH_END) - 3)}


def _goes_on(source: Source, piece: Piece, group: list[Piece]) -> bool:
    """Whether a number of 4 bytes in the code has more of the hash. A whole path elsewhere is no excuse."""
    run = piece.run
    if run.form.shape.swapped or piece.section is None or piece.place is None:
        return False
    first, last = reach(run)
    if not piece.section.flags & elf.EXECUTABLE:
        # The code that uses a constant may be anywhere.
        return _in_numbers(source, piece, _quarters(run.form, first - 4, last + 5), group)
    edges = [*range(first - 4, first), *range(last - 3, last + 1)]
    texts = {
        run.form.text[edge : edge + 4]
        for edge in edges
        if HASH_START - 3 < edge < HASH_END and not first <= edge <= last - 4
    }
    origin = piece.section.offset + piece.place.start
    start, end = max(origin, run.offset - _NEARBY), min(origin + piece.section.size, run.end + _NEARBY)
    near = _unknown(source, start, end, group)
    return any(text in near for text in texts)


def _in_numbers(source: Source, piece: Piece, texts: Collection[bytes], group: list[Piece]) -> bool:
    """Whether one of the texts is the number of an instruction anywhere in the object."""
    if piece.place is None or piece.place.image.machine != X86_64 or not texts:
        return False
    wanted = re.compile(b"|".join(map(re.escape, sorted(texts))))
    for code in piece.place.image.sections:
        if code.flags & elf.EXECUTABLE and code.kind != elf.NOBITS:
            start = piece.place.start + code.offset
            for base in range(start, start + code.size, _BLOCK):
                data = _unknown(source, max(start, base - 8), min(start + code.size, base + _BLOCK + 3), group)
                if any(_NUMBER.search(data[max(0, at - 7) : at]) for at in _places(wanted, data)):
                    return True
    return False


def _places(wanted: re.Pattern[bytes], data: bytes) -> Iterator[int]:
    return (match.start() for match in wanted.finditer(data))


def _unknown(source: Source, start: int, end: int, group: Iterable[Piece]) -> bytes:
    """The data between two offsets, with zeros for what is known."""
    data = bytearray(source.read(start, end - start))
    for other in group:
        low, high = max(other.run.offset - start, 0), min(other.run.end - start, len(data))
        if low < high:
            data[low:high] = bytes(high - low)
    return bytes(data)
