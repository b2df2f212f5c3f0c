"""The C scanner from Python: a table of forms, and the runs of data that agree with one of them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from splitphase.hashes.forms import STRONG_HASH, Form
from splitphase.hashes.sources import BLOCK, Source
from splitphase.native import load

LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_scan.so")
HIT, MAGIC, FAILED = 1, 2, 4
_ROOM = 4096
_SIFT_BUFFER = 256 << 10
_WINDOW = 8
_BESIDE = 32
_NUMBERS = 4


class _Form(ctypes.Structure):
    _fields_ = (
        ("text", ctypes.c_char_p),
        *(
            (name, ctypes.c_uint32)
            for name in (
                "length", "hash_start", "hash_end", "piece_start", "piece_end", "min_length", "min_hash", "stride",
                "period",
            )
        ),
    )  # fmt: skip


class _Run(ctypes.Structure):
    _fields_ = (
        ("offset", ctypes.c_uint64),
        ("length", ctypes.c_uint32),
        ("form", ctypes.c_uint16),
        ("start", ctypes.c_uint16),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Data that agrees with a form's text: a maximal run. Offsets and lengths in bytes."""

    offset: int
    length: int
    form: Form
    start: int
    """Offset in the form's text."""

    @property
    def end(self) -> int:
        """Offset behind it."""
        return self.offset + self.length


@cache
def _library() -> ctypes.CDLL:
    library = load(LIBRARY, "the hash scanner")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.table_new.argtypes, library.table_new.restype = [pointer, size], pointer
    library.table_free.argtypes, library.table_free.restype = [pointer], None
    library.table_margin.argtypes, library.table_margin.restype = [pointer], ctypes.c_uint32
    library.scan.argtypes = [pointer, ctypes.c_char_p, size, ctypes.POINTER(size), size, pointer, size]
    library.scan.restype = size
    library.wide_mark.argtypes, library.wide_mark.restype = [ctypes.c_char_p, size, size], size
    library.sift.argtypes = [pointer, ctypes.c_char_p, size, size, pointer]
    library.sift.restype = ctypes.c_int
    return library


def _strong(form: Form) -> tuple[int, int, int, int, int, int]:
    """Pieces (from, to), least length, least length in the hash, stride, period: for runs that count by themselves."""
    unit = form.shape.unit
    # In the other byte order the text stands some bytes earlier: both are to be met at the same word first.
    first, last = form.hash_start - 3, min(form.hash_end, len(form.text) - 3)
    if form.shape.codec.endswith("-le"):
        first -= unit - 1
    first = max(0, first)
    if form.shape.numbers:  # lines may have as few as these
        return first, last, _NUMBERS * unit - 2, _NUMBERS * unit - 2, 4, unit if unit > 4 else 0
    # Less would be found in tables of letters: 4 numbers in a row are nothing special.
    return first, last, _WINDOW * unit, STRONG_HASH * unit, _WINDOW if unit == 4 else 4, 0


def _weak(form: Form) -> tuple[int, int, int, int, int, int]:
    """The same for every window of 8 bytes that holds any of the hash."""
    first, last = max(0, form.hash_start - _WINDOW + 1), min(form.hash_end + _WINDOW - 1, len(form.text)) - 3
    return first, max(first, last), _WINDOW, 1, 4, 0


def wide_marks(source: Source) -> Iterator[int]:
    """Offsets where a wide `/nix/store/` stands in pieces, as compilers cut it up."""
    seek = _library().wide_mark
    for base in range(0, source.size, BLOCK):
        # As much as a piece with what stands beside it.
        start = max(0, base - _BESIDE)
        data = source.read(start, base - start + BLOCK + _BESIDE)
        end = min(len(data), base - start + BLOCK)
        at = seek(data, len(data), base - start)
        while at < end:
            yield start + at
            at = seek(data, len(data), at + 1)


class Scanner:
    """Looks for forms. A weak one finds whatever 8 bytes hold a character of the hash."""

    def __init__(self, forms: Sequence[Form], *, weak: bool = False) -> None:
        self.forms = tuple(forms)
        self._library = _library()
        raw = (_Form * max(1, len(self.forms)))()
        for index, form in enumerate(self.forms):
            first, last, length, inside, stride, period = (_weak if weak else _strong)(form)
            raw[index] = _Form(
                form.text, len(form.text), form.hash_start, form.hash_end, first, last, length, inside, stride, period
            )
        self._keep = raw
        self._table = self._library.table_new(raw, len(self.forms))
        if not self._table:
            raise MemoryError
        self.margin: int = self._library.table_margin(self._table)

    def __del__(self) -> None:
        if getattr(self, "_table", None):
            self._library.table_free(self._table)

    def runs(self, source: Source, block: int = BLOCK) -> Iterator[Run]:
        """The runs in a source, in order; `block` (bytes) has no influence on what they are."""
        margin, total = self.margin, source.size
        block = max(8, block & ~7)
        position = 0
        out = (_Run * _ROOM)()
        while position < total:
            base = max(0, position - margin) & ~7
            data = source.read(base, position - base + block + margin)
            if base + len(data) < min(total, position + block + margin):
                raise OSError("a file became shorter while it was read")
            end = min(position + block, total) - base
            at = ctypes.c_size_t(position - base)
            while at.value < end:
                found = self._library.scan(self._table, data, len(data), ctypes.byref(at), end, out, _ROOM)
                for raw in out[:found]:
                    yield Run(base + raw.offset, raw.length, self.forms[raw.form], raw.start)
            position = (base + at.value + 3) & ~3 if base + at.value < total else total

    def meets(self, data: bytes) -> bool:
        """Whether there is any run in these bytes."""
        at = ctypes.c_size_t(0)
        return bool(
            self._library.scan(self._table, data, len(data), ctypes.byref(at), len(data), ctypes.byref(_Run()), 1)
        )

    def sift(self, paths: Sequence[str]) -> bytes:
        """For each file the flags HIT, MAGIC (may hide text), FAILED (cannot be read). Links are not followed."""
        flags = ctypes.create_string_buffer(max(1, len(paths)))
        joined = b"".join(os.fsencode(path) + b"\0" for path in paths)
        if self._library.sift(self._table, joined, len(paths), max(_SIFT_BUFFER, 16 * self.margin), flags) < 0:
            raise MemoryError
        return flags.raw[: len(paths)]
