"""Hashes in text that encodes text: hexadecimal, numbers of an array in C, base 64 (RFC 4648, three alignments).

Found whole, they are rewritten: the code is regular. Broken over lines they are refused: where each character stands
depends on what else is in the text.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

from splitphase.hashes.chunks import Piece, reach
from splitphase.hashes.forms import HASH_END, HASH_START, PLAIN, STORE, Form, Shape, Subject
from splitphase.hashes.scanner import Run
from splitphase.hashes.sources import Source
from splitphase.tokens import HASH_LENGTH

BROKEN = "the hash is encoded and broken over lines"
_SEPARATORS = (
    ("hexadecimal", "", ""),
    ("numbers in hexadecimal", "0x", ","),
    ("numbers in hexadecimal", "0x", ", "),
    ("escapes in hexadecimal", "\\x", ""),
)
_CERTAIN = 8
"""So many characters of a hash in a row are no accident (1 in 2^40); 4 of another hash often are the same."""
_NUMBER = re.compile(rb"(?:0[xX]|\\x)([0-9a-fA-F]{1,2})")
_BETWEEN = b"\n\r\"' \t"
_SPLIT = _BETWEEN + b"\\"


def encoded_forms(known: Iterable[Subject]) -> tuple[Form, ...]:
    """Every hash in every code; the text is what depends on it and on nothing but what is beside it."""
    return tuple(
        Form(subject, shape, old, new, 0, len(old))
        for subject in known
        for (shape, old), (_, new) in zip(_texts(subject.old), _texts(subject.new), strict=True)
    )


def _texts(value: str) -> Iterator[tuple[Shape, bytes]]:
    for label, before, behind in _SEPARATORS:
        for style in ("02x", "02X"):
            text = behind.join(before + format(byte, style) for byte in value.encode())
            yield Shape(label, "latin-1", len(before + behind) + 2), text.encode()
    path = f"{STORE}{value}-".encode()
    for shift in range(3):
        plain = bytes(shift) + path + bytes(-(shift + len(path)) % 3)
        first, last = (shift + HASH_START) * 8 // 6, -(-(shift + HASH_END) * 8 // 6)
        yield Shape("base 64", "latin-1", 1), base64.b64encode(plain)[first:last]


def encoded_pieces(source: Source, runs: Iterable[Run]) -> Iterator[Piece]:
    """What each run is; a few numbers that a longer array shares with the hash by accident are left out."""
    for run in runs:
        if run.length == len(run.form.text):
            yield Piece(run, "whole")
        elif not run.form.shape.numbers or run.length >= _CERTAIN * run.form.shape.unit or _around(source, run):
            yield Piece(run, "part", problem=BROKEN)


def _around(source: Source, run: Run) -> bool:
    """Whether the numbers on the lines beside go on with the hash."""
    margin = 2 * len(run.form.text)
    start = max(0, run.offset - margin)
    text = source.read(start, min(source.size, run.end + margin) - start)
    numbers = _NUMBER.findall(text.translate(None, _BETWEEN))
    return run.form.subject.old.encode() in bytes(int(number, 16) for number in numbers)


def broken(source: Source, piece: Piece) -> str:
    """Why a part of a hash in plain text cannot be rewritten: the rest of it stands behind the end of a line."""
    run = piece.run
    first, last = reach(run)
    if run.form.shape != PLAIN or (first <= HASH_START and last >= HASH_END):
        return ""
    old = run.form.subject.old.encode()
    start = max(0, run.offset - 2 * HASH_LENGTH)
    around = source.read(start, run.end - start + 2 * HASH_LENGTH)
    return "the hash is broken over lines" if old in around.translate(None, _SPLIT) and old not in around else ""
