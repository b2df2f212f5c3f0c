"""The files that a call writes: their names, how the shim writes them, and whether a compiler did."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from splitphase.intercept.call import Call, Judged, Kind
from splitphase.intercept.keys import Key
from splitphase.intercept.protocol import How


def how_put(path: str, judged: Judged, key: Key) -> How:
    """How a file of a call is written."""
    if path == judged.depfile:
        return How.TEXT
    if judged.kind is Kind.LINK:
        # A linker writes its map over what is there.
        return How.PROGRAM if path == judged.output else How.TEXT
    if path in judged.programs:
        return How.PROGRAM
    return how_written(key) if path == judged.output else How.OBJECT


def written(call: Call, judged: Judged) -> list[str]:
    """Absolute paths of what a call may write, in the order of an entry's files; the dependency file may be none."""
    return [
        os.path.join(call.directory, judged.output),
        os.path.join(call.directory, judged.depfile) if judged.depfile else "",
        *(os.path.join(call.directory, path) for path in judged.extra),
    ]


def how_written(key: Key) -> How:
    """How the compiler of a compile writes its object."""
    return How.OBJECT if key.gcc else How.REPLACED


def results(call: Call, judged: Judged, states: Sequence[object]) -> list[bytes | None]:
    """What the call wrote, in the order of an entry's files; None for what it left as it was."""
    found: list[bytes | None] = []
    for path, before in zip(written(call, judged), states, strict=True):
        found.append(Path(path).read_bytes() if os.path.isfile(path) and state(path) != before else None)
    return found


def state(path: str) -> object:
    """What changes whenever a file is written; None where there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
