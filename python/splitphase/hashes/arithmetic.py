"""Constants that GCC makes of others: where two strings differ little it adds the difference to the register.

    movabs $0x342d337a2d386a79, %rsi        yj8-z3-4, the end of one output's hash
    add    $0x34bac2ff, %rsi                3nl-z3-4, the end of another's

The difference depends on both hashes. Such a sum is recomputed here to see whether it is any of the hash.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from splitphase import elf
from splitphase.hashes.chunks import X86_64, Piece
from splitphase.hashes.forms import WEAK_SHAPES, Form, Subject, forms_of
from splitphase.hashes.sources import Source

_NEARBY = 256
_STEP = re.compile(
    rb"(?P<load>[\x48\x49][\xb8-\xbf])"
    rb"|(?P<long>[\x48\x49]\x81[\xc0-\xc7\xe8-\xf7])"
    rb"|(?P<rax>\x48[\x05\x2d\x35])"
    rb"|(?P<short>[\x48\x49]\x83[\xc0-\xc7\xe8-\xf7])"
    rb"|(?P<lea>[\x48\x49\x4c\x4d]\x8d[\x80-\x83\x85-\x8b\x8d-\x93\x95-\x9b\x9d-\xa3\xa5-\xab\xad-\xb3\xb5-\xbb\xbd-\xbf])",
    re.DOTALL,
)
_PRINTABLE = re.compile(rb"[\t\n -~]+\0*")
_LARGE = 1 << 16
"""Less is added to what the register holds by then: an address, a counter."""
_MASK = (1 << 64) - 1


def derived(source: Source, pieces: Iterable[Piece], subjects: Iterable[Subject]) -> Iterator[Piece]:
    """Chunks in code from which other text is computed, or beside which the hash's text is."""
    chunks = [
        piece
        for piece in pieces
        if piece.chunk and piece.place and piece.place.image.machine == X86_64
        if piece.section is not None and piece.section.flags & elf.EXECUTABLE
    ]
    ours = _windows(forms_of(subjects, WEAK_SHAPES)) if chunks else set()
    for piece in chunks:
        start = max(0, piece.run.offset - _NEARBY)
        if _sums(source.read(start, 2 * _NEARBY), ours):
            yield piece


def _windows(forms: Iterable[Form]) -> set[bytes]:
    """All 8 bytes with any of the hash."""
    return {
        form.text[start : start + 8]
        for form in forms
        for start in range(max(0, form.hash_start - 7), min(form.hash_end, len(form.text) - 7))
    }


def _sums(data: bytes, ours: set[bytes]) -> bool:
    """Whether a sum of what was loaded and a number is ours, or text of what was ours."""
    registers: dict[int, int] = {}
    at = 0
    while match := _STEP.search(data, at):
        at = match.start() + 1
        code, end = match[0], match.end()
        number = data[end : end + 8]
        if match["load"]:
            if len(number) == 8:
                registers[code[1] & 7 | (code[0] & 1) << 3] = int.from_bytes(number, "little")
                at = end + 8
            continue
        base = 0 if match["rax"] else code[2] & 7 | (code[0] & 1) << 3
        value = registers.get(base)
        if value is None or len(number) < 4:
            continue
        amount = struct.unpack("<b", number[:1])[0] if match["short"] else struct.unpack("<i", number[:4])[0]
        result = _result(match, code, value, amount) & _MASK
        old, new = value.to_bytes(8, "little"), result.to_bytes(8, "little")
        if new in ours or (abs(amount) >= _LARGE and old in ours and _PRINTABLE.fullmatch(new)):
            return True
        registers[(code[2] >> 3 & 7 | (code[0] & 4) << 1) if match["lea"] else base] = result
    return False


def _result(match: re.Match[bytes], code: bytes, value: int, amount: int) -> int:
    if match["lea"]:
        return value + amount
    kind = code[1] if match["rax"] else code[2] & 0xF8
    if kind in (0x05, 0xC0):
        return value + amount
    return value - amount if kind in (0x2D, 0xE8) else value ^ (amount & _MASK)
