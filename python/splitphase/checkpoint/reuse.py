"""From a checkpoint and a configured tree to what is taken from the one into the other.

Objects may read files that the build itself makes. So there are two rounds where a build has commands that run before
its compiles: first only the objects that these commands need are put in place, then the build tool runs them, and
then all other objects are looked at, with what the commands made or left in the tree.

Any command of a build may write files that nothing declares. So when all is built, what was taken is looked at again:
see confirm.py.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from splitphase.checkpoint import build, observe, tied
from splitphase.checkpoint.backup import Backup
from splitphase.checkpoint.confirm import note
from splitphase.checkpoint.decide import Decision, appeared, decide
from splitphase.checkpoint.folder import folder_of, moved
from splitphase.checkpoint.place import Objects
from splitphase.checkpoint.record import SCRATCH, Checkpoint, Observed, Unit
from splitphase.checkpoint.request import IDLE, Request
from splitphase.environment import packages_own
from splitphase.errors import SplitphaseError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What was put in place."""

    kept: dict[Unit, int] = field(default_factory=dict)
    """Time of each unit, nanoseconds."""
    anew: Counter[str] = field(default_factory=Counter)
    """How many compiles there are anew, by reason."""


class Reuse:
    """One checkpoint and one build."""

    def __init__(self, request: Request, source: Path, found: Checkpoint) -> None:
        self.request = request
        self.source = source
        self.restore = request.rewriters()[1]
        self.facts = request.facts()
        self.original = folder_of(found.observed.directory, request.top)
        self.folder = folder_of(os.getcwd(), request.top)
        self.found = moved(found, request.top, self.folder)
        self.epoch = ""
        """SOURCE_DATE_EPOCH of the build."""
        self.beside: frozenset[str] = frozenset()
        """Names of headers in folders of the store that only one of both builds searches."""

    def run(self, later: Iterable[str], jobs: int) -> Outcome | str:
        """Put in place what can be, or say why nothing is. `later` are variables that this build does not read."""
        request, found, facts = self.request, self.found, self.facts
        if not found.tool:
            return f"the checkpoint has no objects: {found.reason}"
        now = request.look(facts)
        reason = (
            (IDLE if request.idle(now) else request.problem)
            or observe.differing(found.observed, now, later, request.outputs if found.only_compiles else None)
            or observe.unusable(request.top, facts.escape, packages_own(os.environ))
            or ("the build runs in its top folder, where splitphase has its notes" if not self.folder else "")
            or self._look_beside(now)
        )
        if reason:
            return reason
        self.epoch = now.epoch
        with Objects(Path(request.top), self.source, (self.original, self.folder)) as objects:
            return self._take(objects, now, jobs)

    def _take(self, objects: Objects, now: Observed, jobs: int) -> Outcome | str:
        request, found, facts = self.request, self.found, self.facts
        current = build.read(request, os.getcwd(), facts, now)
        if isinstance(current, str):
            return current
        if current.tool != found.tool:
            return f"the checkpoint was built with {found.tool}, this is built with {current.tool}"
        reason = current.refusal(found, now, request.top)
        if reason:
            return reason
        outcome = Outcome()
        commands = current.commands(request.top)
        ahead = current.ahead(request.top, found)
        if ahead is not None:
            needed = {output: command for output, command in commands.items() if output in ahead}
            self._round(objects, current, needed, now.listing, jobs, outcome)
            reason = self._generate(current, jobs)
            if reason:
                return reason
            facts.forget()
            commands = current.commands(request.top)
            commands = {output: command for output, command in commands.items() if output not in needed}
        listing = now.listing if ahead is None else facts.kinds(SCRATCH)
        self._round(objects, current, commands, listing, jobs, outcome)
        if outcome.kept:
            note(request.top, self.folder, outcome.kept)
        return outcome

    def _generate(self, current: build.Build, jobs: int) -> str:
        """Have the build tool make what compiles wait for; says why nothing can be reused then, or nothing.

        Some commands run each time (targets that are no files): here, and in the build behind it. Where one more run
        of them fails or changes anything, the tree becomes what it was before the first.
        """
        run, repeats = current.generation(jobs, self.found)
        try:
            if not repeats:
                run()
                return ""
            with Backup(self.request.top, SCRATCH, self.request.outputs.values()) as backup:
                return backup.problem or _run_twice(run, backup)
        except SplitphaseError as error:
            return error.message

    def _look_beside(self, now: Observed) -> str:
        names = observe.names_below(observe.changed_folders(self.found.observed, now))
        if isinstance(names, str):
            return f"headers are searched in {names}, which is no folder"
        self.beside = names
        return ""

    def _round(
        self,
        objects: Objects,
        current: build.Build,
        commands: Mapping[str, str],
        listing: Mapping[str, str],
        jobs: int,
        outcome: Outcome,
    ) -> None:
        """Decide on these compiles and put in place what is taken."""
        top = self.request.top
        # What the build is going to make counts as there.
        left = self.found.left
        outputs = current.outputs(top)
        made = {path: left.get(path, "f") for path in (left if outputs is None else outputs)}
        names = appeared(self.found, {**made, **listing})
        _log.info("new or gone: %s", "a link to a folder" if names is None else sorted(names))
        if names is None:
            decision = Decision((), {"a link to a folder is new, gone or different": len(commands)})
        else:
            decision = decide(self.found, self.facts, commands, names | self.beside, self.epoch)
        refused = {}
        if self.folder != self.original:
            refused = tied.refused(decision.kept, current.calls(top), tied.Name(top, self.folder), jobs)
        kept = [unit for unit in decision.kept if unit.output not in refused]
        times = objects.place(kept, self.restore)
        current.record(kept, times, top)
        outcome.kept |= {unit: times[f"{top}/{unit.output}"] for unit in kept}
        outcome.anew.update({reason: count for reason, count in decision.anew.items() if count})
        outcome.anew.update(refused.values())


def _run_twice(run: Callable[[], object], backup: Backup) -> str:
    """Run commands, and once more; take all back where the second time fails or changes anything.

    Raises SplitphaseError where the first time fails.
    """
    try:
        first = run()
    except SplitphaseError:
        backup.restore()
        raise
    made = backup.contents()
    try:
        alike = run() == first and backup.contents() == made
    except SplitphaseError:
        alike = False
    if not alike:
        _log.warning("what compiles wait for is not made ahead: a second run of its commands differs")
        backup.restore()
    return ""
