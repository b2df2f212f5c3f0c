"""`NAME=VALUE` options of the command line."""

from __future__ import annotations

from collections.abc import Iterable

from splitphase.errors import SplitphaseError


def read_pairs(entries: Iterable[str], option: str) -> dict[str, str]:
    """Read repeated `NAME=VALUE`; raises SplitphaseError for an entry without `=` or a name given twice."""
    pairs: dict[str, str] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator or not name or name in pairs:
            raise SplitphaseError(f"{option} {entry!r} is not NAME=VALUE with a name of its own", hint="see --help")
        pairs[name] = value
    return pairs
