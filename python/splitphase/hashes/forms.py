"""The forms in which a store path stands in files: what the scanner looks for, and what is written instead.

A subject is `/nix/store/<hash>-<name>`. Where the name is not known the text ends behind the dash. Each form is the
same text in other bytes: upper case (nixpkgs' GCC upper-cases the hash in `__FILE__`), reversed (LLVM swaps the bytes
of the constants that it expands memcmp into), UTF-16 and UTF-32.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from splitphase.errors import RewriteError
from splitphase.tokens import HASH_LENGTH

STORE = "/nix/store/"
HASH_START, HASH_END = len(STORE), len(STORE) + HASH_LENGTH
NAME_LENGTH = 15
"""Characters of a name that matter: those which share a constant of 16 bytes with the hash."""
BASE32 = frozenset("0123456789abcdfghijklmnpqrsvwxyz")
STRONG_HASH = 5
"""Every 8-byte window with so many characters of the hash holds an aligned 4-byte word with one of them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One hash and what is to stand in its place (itself where nothing is to be replaced)."""

    old: str
    new: str
    name: str = ""

    def text(self, value: str) -> str:
        """The text that is looked for, with this value for the hash."""
        return f"{STORE}{value}-{self.name[:NAME_LENGTH]}"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a text becomes bytes."""

    label: str
    codec: str
    unit: int
    upper_hash: bool = False
    upper_rest: bool = False
    swapped: bool = False

    @property
    def numbers(self) -> bool:
        """Whether these are numbers of an array, or escapes: text of so many characters for each of the hash."""
        return self.unit >= 4 and self.codec == "latin-1"

    def encode(self, text: str) -> bytes:
        """The bytes of a subject's text."""
        start, middle, end = text[:HASH_START], text[HASH_START:HASH_END], text[HASH_END:]
        if self.upper_rest:
            start, end = start.upper(), end.upper()
        if self.upper_hash:
            middle = middle.upper()
        data = (start + middle + end).encode(self.codec)
        return data[::-1] if self.swapped else data

    def decode(self, data: bytes) -> str:
        """Bytes of this shape as lower-case text in reading order; what is no such text becomes `?`."""
        if self.swapped:
            data = data[::-1]
        return data.decode(self.codec, "replace").lower()


PLAIN = Shape("", "latin-1", 1)
SHAPES = (
    PLAIN,
    Shape("upper case", "latin-1", 1, upper_hash=True),
    Shape("upper case", "latin-1", 1, upper_hash=True, upper_rest=True),
    Shape("reversed", "latin-1", 1, swapped=True),
    Shape("UTF-16LE", "utf-16-le", 2),
    Shape("UTF-16BE", "utf-16-be", 2),
    Shape("UTF-32LE", "utf-32-le", 4),
    Shape("UTF-32BE", "utf-32-be", 4),
)
WEAK_SHAPES = tuple(shape for shape in SHAPES if shape.unit == 1)
"""Those that compilers cut into chunks."""


@dataclass(frozen=True, slots=True)
class Form:
    """A subject's text in one shape. Offsets and lengths in bytes."""

    subject: Subject
    shape: Shape
    text: bytes
    replacement: bytes
    hash_start: int
    hash_end: int


def subjects(pairs: Mapping[str, str], names: Mapping[str, str] | None = None) -> tuple[Subject, ...]:
    """Check hashes and their replacements, and name them. Raises RewriteError."""
    names = names or {}
    for old, new in pairs.items():
        if len(old) != HASH_LENGTH or len(new) != HASH_LENGTH or not (old + new).isascii():
            raise RewriteError(
                f"cannot rewrite {old!r} to {new!r}: both must have {HASH_LENGTH} characters",
                hint="this is the part of a store path between /nix/store/ and the first dash",
            )
    return tuple(Subject(old, new, names.get(old, "")) for old, new in pairs.items())


def forms_of(known: Iterable[Subject], shapes: Iterable[Shape] = SHAPES) -> tuple[Form, ...]:
    """Every subject in every shape."""
    shapes = tuple(shapes)
    found = []
    for subject in known:
        old, new = subject.text(subject.old), subject.text(subject.new)
        for shape in shapes:
            start, end = HASH_START * shape.unit, HASH_END * shape.unit
            if shape.swapped:
                start, end = (len(old) - HASH_END) * shape.unit, (len(old) - HASH_START) * shape.unit
            found.append(Form(subject, shape, shape.encode(old), shape.encode(new), start, end))
    return tuple(found)


def split_path(text: str) -> tuple[str, str]:
    """Hash and name of a store path or base name, or a hash alone. Raises RewriteError."""
    base = text[HASH_START:] if text.startswith(STORE) else text
    base = base.split("/", 1)[0]
    value, dash, name = base[:HASH_LENGTH], base[HASH_LENGTH : HASH_LENGTH + 1], base[HASH_LENGTH + 1 :]
    if len(value) != HASH_LENGTH or not (value.isascii() and value.isalnum()) or dash not in ("", "-"):
        raise RewriteError(
            f"{text!r} is neither a hash of {HASH_LENGTH} characters nor a store path",
            hint="for instance /nix/store/<hash>-hello-1.0, or the hash alone",
        )
    return value, name
