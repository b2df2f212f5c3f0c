"""Numbers for what a scan finds, so that sets of it are integers: a union is one `|`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Any, TypeVar

T = TypeVar("T")
_BITS = bytes.maketrans(b"01", b"\0\1")


def selected(values: Iterable[T], bits: int) -> Iterator[T]:
    """Those of the values whose number is a bit that is set."""
    return compress(values, f"{bits:b}"[::-1].encode().translate(_BITS))


class Items:
    """Numbers for everything that is found."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, object], int] = {}
        self._values: list[Any] = []
        self._kinds: dict[str, int] = {}

    def bit(self, kind: str, value: object) -> int:
        """The bit of a value of one kind, made when it is first asked for."""
        key = (kind, value)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._values)
            self._values.append(value)
            self.mark(kind, 1 << number)
        return 1 << number

    def mark(self, kind: str, bits: int) -> None:
        """Let numbers that exist be of one more kind."""
        self._kinds[kind] = self._kinds.get(kind, 0) | bits

    def all(self, kind: str) -> int:
        """The bits of one kind."""
        return self._kinds.get(kind, 0)

    def values(self, bits: int) -> Iterator[Any]:
        """What the bits stand for: a path, a name or a tuple, as the kind has it."""
        return selected(self._values, bits)
