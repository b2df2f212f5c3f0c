"""After configure: whether its skeleton was enough, and where the blanked files are now."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from pathlib import Path

from splitphase.hashes.examine import Engine
from splitphase.hashes.survey import survey
from splitphase.saved import state_of
from splitphase.shellstate import functions_in
from splitphase.skeleton.blank import MARK, SAID, VERSION, read_blanked
from splitphase.skeleton.fill import Filled
from splitphase.skeleton.sourcepaths import SOURCE, is_clear
from splitphase.skeleton.watch import Seen
from splitphase.snapshot import MACHINE_BOUND

_OWN = r"\b(?:local|declare|typeset|read)\b.*\b{0}\b|\bfor {0} in\b|^\s*{0}\+?="
_EARLIER = frozenset(("unpackPhase", "unpackFile", "_defaultUnpack", "patchPhase"))
"""The stdenv's own functions for what is over when a package is configured."""


def judge(
    top: Path, scratch: Path, outputs: Collection[Path], seen: Seen, skeleton: Path, over: Collection[str]
) -> tuple[str, Filled | None]:
    """What is wrong with using a tree that was configured from a skeleton; empty if nothing.

    Then the other value is what is to be filled in it. Nothing is wrong by itself where files were opened. `over` are
    names of attributes that were not there.
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
    if not is_clear(state_of(scratch), about.hidden):
        return "the shell's state has the store path of the source in another form", None
    found = _reader((scratch / "functions").read_text(errors="surrogateescape"), over)
    if found:
        return "the function {} of a setup hook reads ${}".format(*found), None
    return "", Filled(seen.began, about.times, seen.blanked)


def _reader(functions: str, names: Collection[str]) -> tuple[str, str] | None:
    """A function that reads one of these variables, unless it has one of its own by that name; and which."""
    reads = re.compile(r"\$\{{?({})\b".format("|".join(sorted(names, key=len, reverse=True))))
    for function, (_, text) in functions_in(functions).items() if names else ():
        if function not in _EARLIER:
            for name in set(reads.findall(text)):
                if not re.search(_OWN.format(name), text, re.MULTILINE):
                    return function, name
    return None


def say(folder: Path, problem: str, opened: Collection[str] = (), blanked: int = 0) -> None:
    """Write what the evaluation reads.

    `problem` is why this part is of no use, `opened` what needs its content, `blanked` how many files do not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fields = {"version": VERSION, "problem": problem, "opened": sorted(opened), "blanked": blanked}
    beside = folder / f"{SAID}.new"
    beside.write_text(json.dumps(fields) + "\n")
    beside.rename(folder / SAID)
