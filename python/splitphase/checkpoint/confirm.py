"""What a build took from a checkpoint: noted while it runs, and looked at again when it is done.

Any command of a build may write files that nothing declares, so only then is it certain what an object was to be made
from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.checkpoint.decide import Judge, appeared
from splitphase.checkpoint.facts import Facts, absolute, fixed
from splitphase.checkpoint.folder import moved
from splitphase.checkpoint.record import SCRATCH, Checkpoint, Unit
from splitphase.checkpoint.request import Request
from splitphase.snapshot import TAKEN


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a finished build says of what was taken."""

    reason: str
    """Why an object that was taken may not be what the build would have compiled, or nothing."""
    again: int
    """How many objects the build tool compiled although they were there."""


def note(top: str, folder: str, taken: Mapping[Unit, int]) -> None:
    """Remember what was taken, with its times (nanoseconds), and the stamps of what it was made from."""
    paths = {path for unit in taken for path in unit.reads if not fixed(path)}
    noted = {
        "folder": folder,
        "units": {unit.output: moment for unit, moment in taken.items()},
        "stamps": {path: _stamp(absolute(top, path)) for path in sorted(paths)},
    }
    Path(top, TAKEN).write_text(json.dumps(noted))


def confirm(request: Request, found: Checkpoint) -> Confirmed:
    """Look at the finished build; once, since the note is gone then.

    Behind a call that was caught other commands may have run: what they did to objects says nothing of whether the
    tool used these, so all of them are looked at.
    """
    top = request.top
    path = Path(top, TAKEN)
    if not path.exists():
        return Confirmed("", 0)
    noted = json.loads(path.read_text())
    path.unlink()
    found = moved(found, top, noted["folder"])
    facts = request.facts()
    written = {
        path
        for path, stamp in noted["stamps"].items()
        if _stamp(absolute(top, path)) != stamp and facts.digest(absolute(top, path)) != found.read[path]
    }
    times = noted["units"]
    still = [unit for unit in found.units if _modified(f"{top}/{unit.output}") == times.get(unit.output)]
    again = len(times) - len(still)
    if request.call:
        still = [unit for unit in found.units if unit.output in times]
        if still and request.problem:
            return Confirmed(request.problem, again)
    return Confirmed(_stale(found, facts, still, written), again)


def _stale(found: Checkpoint, facts: Facts, still: Collection[Unit], written: Collection[str]) -> str:
    if not still:
        return ""
    for unit in still:
        for path in unit.reads:
            if path in written:
                return f"the build wrote {path}, from which {unit.output} was made"
    names = appeared(found, facts.kinds(SCRATCH))
    if names is None:
        return "the build made or removed a link to a folder"
    judge = Judge(found, facts, names, "")
    for unit in still:
        reason = judge.shadowed(unit.reads)
        if reason:
            return f"the build made or removed files, and {unit.output} is older: {reason}"
    return ""


def _modified(path: str) -> int:
    return os.lstat(path).st_mtime_ns if os.path.lexists(path) else -1


def _stamp(path: str) -> list[int]:
    """What changes when a file is written."""
    if not os.path.exists(path):
        return []
    status = os.stat(path)
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
