"""When the build is over: prove what is doubtful, write the index, and say what became of the calls."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from splitphase.intercept import prove
from splitphase.intercept.artifacts import Identity, Keeper
from splitphase.intercept.build import Build
from splitphase.intercept.session import LEFT, NOTES, TAKEN
from splitphase.rewrite import Rewriter

_REASONS = 8
"""How many reasons are said one by one."""
_SOURCES = 200
"""How many sources are said one by one."""


class Summary:
    """The end of one build."""

    def __init__(self, build: Build, identity: Identity) -> None:
        self._build = build
        self._identity = identity

    def finish(self) -> str:
        """Finish; returns what is to be printed."""
        notes = _notes(self._build.scratch)
        dropped = Counter(note["reason"] for note in notes if note["outcome"] == LEFT)
        lines = []
        if self._build.source is not None:
            taken = sum(note["outcome"] == TAKEN for note in notes)
            calls = len({note["call"] for note in notes})
            lines.append(f"splitphase: {taken} objects taken from the checkpoint, {calls - taken} built anew")
            compiled = sorted({note["source"] for note in notes if note["outcome"] != TAKEN})
            lines += [f"splitphase: compiled {source}" for source in compiled[:_SOURCES]]
            if len(compiled) > _SOURCES:
                lines.append(f"splitphase: compiled {len(compiled) - _SOURCES} more")
        if self._build.target is not None:
            doubted = prove.suspects(self._build.scratch)
            refused = prove.disproved(doubted, Rewriter.escaping(self._build.outputs))
            dropped += Counter(refused.values())
            kept = Keeper(self._build.target).finish(self._identity, dropped, refused)
            lines.append(f"splitphase: {kept} objects kept")
        for reason, count in dropped.most_common(_REASONS):
            lines.append(f"splitphase: {count} left to the compiler: {reason}")
        if len(dropped) > _REASONS:
            rest = sum(count for _, count in dropped.most_common()[_REASONS:])
            lines.append(f"splitphase: {rest} left to the compiler for {len(dropped) - _REASONS} other reasons")
        return "".join(f"{line}\n" for line in lines)


def _notes(scratch: Path) -> list[dict[str, str]]:
    """What the workers noted of each call."""
    return [
        json.loads(line) for path in sorted(scratch.glob(NOTES.format("*"))) for line in path.read_text().splitlines()
    ]
