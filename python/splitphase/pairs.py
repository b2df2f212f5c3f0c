"""`NAME=VALUE` options of the command line."""

from __future__ import annotations

from collections.abc import Iterable

from splitphase.errors import SplitphaseError


def read_pairs(entries: Iterable[str], option: str) -> dict[str, str]:
    """Read repeated `NAME=VALUE`; the last of a name counts. Raises SplitphaseError without `=`."""
    pairs: dict[str, str] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator or not name:
            raise SplitphaseError(f"{option} {entry!r} is not NAME=VALUE", hint="see --help")
        pairs[name] = value
    return pairs
