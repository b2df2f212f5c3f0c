"""After configure: whether its skeleton was enough, and where the blanked files are now."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from splitphase.hashes.examine import Engine
from splitphase.hashes.survey import survey
from splitphase.skeleton.blank import MARK, SAID, VERSION, read_blanked
from splitphase.skeleton.fill import Filled
from splitphase.skeleton.sourcepaths import SOURCE, is_clear
from splitphase.skeleton.watch import Seen
from splitphase.snapshot import MACHINE_BOUND

DUMPS = ("variables", "functions", "options")
"""Of the shell's state, in the scratch folder."""


def judge(top: Path, scratch: Path, outputs: Collection[Path], seen: Seen, skeleton: Path) -> tuple[str, Filled | None]:
    """What is wrong with using a tree that was configured from a skeleton; empty if nothing.

    Then the other value is what is to be filled in it. Nothing is wrong by itself where files were opened.
    """
    if seen.problem or seen.opened:
        return seen.problem, None
    about = read_blanked(skeleton)
    blanked = {str(top / now) for now, _ in seen.blanked}
    roots = [top / entry for entry in sorted(set(os.listdir(top)) - {scratch.name, *MACHINE_BOUND})]
    roots += [path for path in outputs if os.path.lexists(path)]
    for path, find in survey(roots, Engine({MARK: MARK, SOURCE: SOURCE}, {MARK: "mark", SOURCE: "source"})).finds:
        if find.hash == SOURCE:
            return f"{path} names the store path of the source", None
        if path not in blanked:
            return f"{path} has something of a file that had no content", None
    for name in DUMPS:
        if not is_clear((scratch / name).read_text(errors="surrogateescape"), about.hidden):
            return "the shell's state has the store path of the source in another form", None
    return "", Filled(seen.began, about.times, seen.blanked)


def say(folder: Path, problem: str, opened: Collection[str] = (), blanked: int = 0) -> None:
    """Write what the evaluation reads.

    `problem` is why this part is of no use, `opened` what needs its content, `blanked` how many files do not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fields = {"version": VERSION, "problem": problem, "opened": sorted(opened), "blanked": blanked}
    beside = folder / f"{SAID}.new"
    beside.write_text(json.dumps(fields) + "\n")
    beside.rename(folder / SAID)
