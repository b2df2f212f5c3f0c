"""When the build is over: prove what is doubtful, write the index, and say what became of the calls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from splitphase.intercept import prove
from splitphase.intercept.artifacts import CHECKPOINT, Artifacts, Identity, Keeper, read_lines
from splitphase.intercept.session import LEFT, LINK_TAKEN, LINKED, NOTES, RAN, TAKEN, Build
from splitphase.rewrite import Rewriter

_REASONS = 8
"""How many reasons are said one by one."""
_SOURCES = 200
"""How many sources are said one by one."""
UNSEEN = "splitphase: no compile was seen: tools that clear the environment go past us, and compilers without a wrapper"


class Summary:
    """The end of one build."""

    def __init__(self, build: Build, identity: Identity) -> None:
        self._build = build
        self._identity = identity

    def finish(self) -> str:
        """Finish; returns what is to be printed."""
        notes = _notes(self._build.scratch)
        dropped = Counter(note["reason"] for note in notes if note["outcome"] == LEFT)
        lines = [] if self._build.source is None else _taken(notes, self._build.source)
        if self._build.target is not None:
            doubted = prove.suspects(self._build.scratch)
            refused = prove.disproved(doubted, Rewriter.escaping(self._build.outputs))
            dropped += Counter(refused.values())
            kept = Keeper(self._build.target).finish(self._identity, dropped, refused)
            lines.append(f"splitphase: {kept} objects kept")
        if lines and not notes:
            lines.append(UNSEEN)
        for reason, count in dropped.most_common(_REASONS):
            lines.append(f"splitphase: {count} left to the compiler: {reason}")
        if len(dropped) > _REASONS:
            rest = sum(count for _, count in dropped.most_common()[_REASONS:])
            lines.append(f"splitphase: {rest} left to the compiler for {len(dropped) - _REASONS} other reasons")
        return "".join(f"{line}\n" for line in lines)


def _taken(notes: list[dict[str, str]], source: Artifacts) -> list[str]:
    """How many results were taken, and what was compiled."""
    compiles = [note for note in notes if note["outcome"] not in (LINKED, LINK_TAKEN)]
    calls = {note["call"] for note in compiles}
    taken = sum(note["outcome"] == TAKEN for note in compiles)
    if not notes and source.title != CHECKPOINT:
        return []
    lines = [f"splitphase: {taken} objects taken from {source.title}, {len(calls) - taken} built anew"]
    linked = [note for note in notes if note["outcome"] == LINKED]
    if source.title != CHECKPOINT:
        count = sum(note["outcome"] == LINK_TAKEN for note in notes)
        lines.append(f"splitphase: {count} links taken from {source.title}, {len(linked)} linked anew")
        lines += [f"splitphase: linked {note['source']}: {note['reason']}" for note in linked[:_SOURCES]]
    # Why a call is left is said of all such calls together.
    ran = [note for note in compiles if note["outcome"] != TAKEN]
    compiled = {note["source"]: note["reason"] if note["outcome"] == RAN else "" for note in ran}
    lines += [
        f"splitphase: compiled {path}{reason and ': '}{reason}" for path, reason in sorted(compiled.items())[:_SOURCES]
    ]
    if len(compiled) > _SOURCES:
        lines.append(f"splitphase: compiled {len(compiled) - _SOURCES} more")
    return lines


def _notes(scratch: Path) -> list[dict[str, str]]:
    """What the workers noted of each call."""
    return [note for path in sorted(scratch.glob(NOTES.format("*"))) for note in read_lines(path)]
