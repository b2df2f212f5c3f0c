"""After the build: take its objects into a checkpoint, as far as a later build can know what they were made from."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from splitphase.archive import pack
from splitphase.checkpoint import build, called
from splitphase.checkpoint.facts import MISSING, TIMES, Facts, absolute, fixed
from splitphase.checkpoint.kbuild import KbuildBuild
from splitphase.checkpoint.observe import unusable
from splitphase.checkpoint.proof import Call, Prover, Suspect
from splitphase.checkpoint.record import (
    CARRIED,
    OBJECTS,
    OBSERVED,
    SCRATCH,
    Checkpoint,
    Identity,
    Unit,
    read_carried,
    read_observed,
)
from splitphase.checkpoint.request import Request
from splitphase.checkpoint.tied import Name
from splitphase.environment import packages_own
from splitphase.hashes.findings import Find
from splitphase.hashes.sources import Memory

_ASSEMBLER = frozenset(("incbin", ".include"))
"""Words that ask an assembler for a file, where they are not part of a string."""


class Saver:
    """Collects the units of one build whose objects can be reused."""

    def __init__(self, facts: Facts, scratch: Path, *, cargo: bool) -> None:
        self.cargo = cargo
        self.prover = Prover(facts.escape)
        self.suspects: list[Suspect] = []
        self.owning: set[Path] = set()
        self.facts = facts
        self.name = Name(facts.top, facts.spelling.folder) if facts.spelling.folder else None
        self.scratch = scratch
        self.kept: list[Unit] = []
        self.dropped: Counter[str] = Counter()
        self.read: dict[str, str] = {}
        self.words: dict[str, list[str]] = {}

    def take(self, units: Iterable[tuple[Unit, str]], call: Callable[[Unit], Call]) -> None:
        """Copy the objects of these units aside, escaped; count those that cannot be taken by reason."""
        for unit, refused in units:
            reason = refused or self._tainted(unit, call) or self._copy(unit, call)
            if reason:
                self.dropped[reason] += 1
                continue
            self.kept.append(replace(unit, tied=unit.tied or self._tied(unit, call)))
            for path in unit.reads:
                content = self.facts.content(absolute(self.facts.top, path))
                if not fixed(path):
                    self.read[path] = content.digest if content else MISSING
                elif content and content.words & TIMES:
                    self.words[path] = sorted(content.words & TIMES)

    def drop(self, doubted: Mapping[str, str]) -> None:
        """Leave out the units with these outputs after all, for these reasons."""
        for unit in [unit for unit in self.kept if unit.output in doubted]:
            self.kept.remove(unit)
            self.dropped[doubted[unit.output]] += 1
            for path in (unit.output, *unit.extra):
                (self.scratch / path).unlink()

    def write(self, target: Path) -> None:
        """Write the archive of all objects."""
        pack(self.scratch, ["."], target / OBJECTS)
        shutil.rmtree(self.scratch)

    def _tainted(self, unit: Unit, call: Callable[[Unit], Call]) -> str:
        """Why what a unit read makes it one that cannot be reused, or nothing."""
        asks = False
        built = min(os.stat(f"{self.facts.top}/{path}").st_mtime_ns for path in (unit.output, *unit.extra))
        for path in unit.reads:
            if fixed(path):
                continue
            place = absolute(self.facts.top, path)
            content = self.facts.content(place)
            if content is None:
                return "it read what is no file any more"
            if self.cargo and content.own:
                return "it read a file that holds an output path"
            asks = asks or not content.words.isdisjoint(_ASSEMBLER)
            if os.stat(place).st_mtime_ns > built:
                return "it read a file that was written again afterwards"
        if asks and not self.cargo and self.prover.assembles_files(call(unit)):
            return "it may read files that no dependency record names"
        return ""

    def _copy(self, unit: Unit, call: Callable[[Unit], Call]) -> str:
        """Put the files of a unit into the scratch folder, escaped; or say why that cannot be."""
        targets = []
        for path in (unit.output, *unit.extra):
            source, target = Path(self.facts.top, path), self.scratch / path
            if source.is_symlink() or not source.is_file():
                return "it made what is no file"
            if self.facts.escape.text(path) != path:
                return "its name holds an output path"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(source.stat().st_mode & 0o777 | 0o200)
            targets.append(target)
        outcomes = [self.facts.escape.engine.examine(Memory(target.read_bytes())) for target in targets]
        finds = [find for outcome in outcomes for find in outcome.finds]
        # The random seed is part of the hash, and expected wherever `-g` is.
        holds = any(find.kind != "seed" for find in finds)
        reason = "its object hides an output path" if any(outcome.problems for outcome in outcomes) else ""
        if self.cargo and not all(find.kind == "seed" or _searched(find) for find in finds):
            reason = reason or "its object holds an output path"
        for target in targets:
            if reason:
                target.unlink()
            else:
                self.facts.escape.file(target)
        if not reason and not self.cargo:
            self._suspect(unit, call(unit), tuple(targets), holds=holds)
        return reason

    def _tied(self, unit: Unit, call: Callable[[Unit], Call]) -> bool:
        """Whether it may hold the name of the source's folder."""
        name = self.name
        if self.cargo or name is None:
            return True
        return name.tied(call(unit), ((self.scratch / path).read_bytes() for path in (unit.output, *unit.extra)))

    def _suspect(self, unit: Unit, call: Call, files: tuple[Path, ...], *, holds: bool) -> None:
        """Note a unit that may depend on the hashes of outputs."""
        own = [path for path in unit.reads if self._own(path)]
        if holds or ((own or self.prover.names(call)) and self.prover.seen(call)):
            self.suspects.append(Suspect(unit.output, call, files))
            self.owning.update(Path(absolute(self.facts.top, path)) for path in own)

    def _own(self, path: str) -> bool:
        content = None if fixed(path) else self.facts.content(absolute(self.facts.top, path))
        return content is not None and content.own

    def prove(self) -> None:
        """Leave out what depends on hashes otherwise than rewriting can mend. The tree is of no use afterwards."""
        self.drop(self.prover.disproved(self.suspects, sorted(self.owning)))


def save(request: Request, identity: Identity, target: Path) -> Checkpoint:
    """Write the archive of a finished build's objects into `target`; return what else a checkpoint says."""
    escape, restore = request.rewriters()
    observed = read_observed(target / OBSERVED)
    carried = read_carried(target)
    for name in (OBSERVED, CARRIED):
        (target / name).unlink(missing_ok=True)
    facts = request.facts(restore.text(observed.directory))
    scratch = Path(request.top, SCRATCH)
    scratch.mkdir()
    saver = Saver(facts, scratch, cargo=request.tool == "cargo")
    reason = request.problem or unusable(request.top, escape, packages_own(os.environ))
    found = reason or build.read(request, restore.text(observed.directory), facts, observed)
    tool = ""
    left = {path: entry for path, entry in facts.kinds(SCRATCH).items() if path not in observed.listing}
    if isinstance(found, str):
        reason = found
    else:
        tool = found.tool
        still = {name: unit for name, (unit, moment) in carried.items() if _time(f"{request.top}/{name}") == moment}
        call = found.calls(request.top)
        saver.take(found.units(request.top, still.keys()), call)
        fresh = list(saver.kept)
        saver.take(((unit, "") for unit in still.values()), call)
        if request.call:
            saver.drop(called.spoiled(request.top, request.call, saver.kept))
        saver.drop(found.doubted(request.top, fresh))
    notes = found.notes(request.top) if isinstance(found, KbuildBuild) else {}
    saver.prove()
    saver.write(target)
    dropped = dict(sorted(saver.dropped.items()))
    return Checkpoint(
        identity, observed, tool, reason, tuple(saver.kept), saver.read, left, dropped, saver.words, notes
    )


def _time(path: str) -> int:
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0


def _searched(find: Find) -> bool:
    """Whether it is the search path of something linked: nothing else depends on that string."""
    return find.kind == "whole" and find.section == ".dynstr" and not find.form and not find.inside
