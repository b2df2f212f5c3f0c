"""Which units of a checkpoint may be taken for compiles of this build. What is not certain is compiled again."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from splitphase.checkpoint.facts import Facts, absolute, fixed
from splitphase.checkpoint.record import CARGO, Checkpoint, Unit
from splitphase.contents import LOGS

ANEW = "anew: "
"""What a command begins with that a build tool refuses itself; the reason follows."""
_NO_TEXT = re.compile(r"\.(?:o|lo|la|a|so[.\d]*|d|Po|Plo|obj|dirstamp|cmd|ko|mod|mod\.c|order|builtin)$|^\.ninja")
"""Names that no macro names in an `#include`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of each unit."""

    kept: tuple[Unit, ...]
    anew: Mapping[str, int]
    """How many compiles there are anew, by reason."""


def decide(
    checkpoint: Checkpoint, facts: Facts, commands: Mapping[str, str], appeared: frozenset[str], epoch: str
) -> Decision:
    """Choose units for these compiles: command digests by output, relative to the top.

    `appeared` are names of paths that were not there and now are, or the other way round.
    """
    judge = Judge(checkpoint, facts, appeared, epoch)
    kept = []
    anew: Counter[str] = Counter()
    seen = set()
    for unit in checkpoint.units:
        if unit.output not in commands:
            continue
        seen.add(unit.output)
        reason = judge.reason(unit, commands[unit.output])
        if reason:
            anew[reason] += 1
        else:
            kept.append(unit)
    missing = len(commands.keys() - seen)
    if missing:
        anew["not in the checkpoint"] = missing
    return Decision(tuple(kept), dict(sorted(anew.items())))


class Judge:
    """Looks at units one by one."""

    def __init__(self, checkpoint: Checkpoint, facts: Facts, appeared: frozenset[str], epoch: str) -> None:
        self.read = checkpoint.read
        self.words = checkpoint.words
        self.facts = facts
        self._reasons: dict[str, str] = {}
        self._shadows: dict[str, str] = {}
        self.appeared = appeared
        self.same_epoch = epoch == checkpoint.observed.epoch != ""

    def reason(self, unit: Unit, command: str) -> str:
        """Why a unit must be compiled again, or nothing."""
        if command != unit.command:
            command = command.removeprefix(ANEW)
            return command if " " in command else "the command differs"
        reason = _first(self._reasons, self._file, unit.reads)
        if reason:
            return reason
        if any(os.path.lexists(absolute(self.facts.top, path)) for path in (unit.output, *unit.extra)):
            return "it is there already"
        return self.shadowed(unit.reads)

    def _file(self, path: str) -> str:
        """Why what reads a file must be compiled again: its content, or a date in it; or nothing."""
        words: Collection[str]
        if fixed(path):
            words = self.words.get(path, ())
        else:
            content = self.facts.content(absolute(self.facts.top, path))
            if content is None:
                return "what it reads is not there yet"
            if content.digest != self.read[path]:
                return "what it reads differs"
            words = content.words
        if "__TIMESTAMP__" in words:
            return "it says __TIMESTAMP__"
        if not self.same_epoch and not {"__DATE__", "__TIME__"}.isdisjoint(words):
            return "it says __DATE__ or __TIME__, and SOURCE_DATE_EPOCH differs"
        return ""

    def shadowed(self, reads: Iterable[str]) -> str:
        """A new file may be found before one that was read, or make `__has_include` true; or be gone."""
        return _first(self._shadows, self._shadow, reads) if self.appeared else ""

    def _shadow(self, path: str) -> str:
        if not self.appeared.isdisjoint(path.split("/")[-1:]):
            return "a file of a name that it includes is new or gone"
        includes = self.facts.includes(absolute(self.facts.top, path))
        if not self.appeared.isdisjoint(includes.names):
            return "a file of a name that it includes is new or gone"
        if includes.computed and not fixed(path) and any(not _NO_TEXT.search(name) for name in self.appeared):
            return "it includes what a macro names, and files are new or gone"
        return ""


def _first(known: dict[str, str], judge: Callable[[str], str], paths: Iterable[str]) -> str:
    """The first reason that there is against any of these paths, each judged once."""
    for path in paths:
        reason = known.get(path)
        if reason is None:
            reason = known[path] = judge(path)
        if reason:
            return reason
    return ""


def appeared(checkpoint: Checkpoint, listing: Mapping[str, str]) -> frozenset[str] | None:
    """Names that are new or gone beside a checkpoint, as `changed_names` gives them.

    cargo's packages judge that for themselves.
    """
    if checkpoint.tool == CARGO:
        return frozenset()
    return changed_names({**checkpoint.observed.listing, **checkpoint.left}, listing)


def changed_names(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str] | None:
    """Names of paths that only one of two listings has, or has as another kind.

    None if a link to a folder is among them. A header that GCC finds compiled beside it (`.gch`) counts as that header.
    """
    found: set[str] = set()
    for path in before.keys() | after.keys():
        first, second = before.get(path, "-"), after.get(path, "-")
        if first[0] == second[0] and (first[0] not in "lL" or first == second):
            continue
        if "L" in (first[0], second[0]):
            return None
        name = path.rsplit("/", 1)[-1]
        if name in LOGS:
            continue
        found |= {name, name.removesuffix(".gch").removesuffix(".pch")}
    return frozenset(found)
