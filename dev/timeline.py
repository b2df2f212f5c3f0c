"""Where the seconds of one build with Nix go: its derivations, their steps, and what had to wait for what.

Nix says with `--log-format internal-json` which derivations it builds, which phases they are in and what they print;
the times are those at which it says so. The format is that of `src/libutil/logging.cc` in Nix.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

NIX = str(Path(__file__).resolve().parent / "nix")
BUILD, LINE, PHASE = 105, 101, 104
"""An activity and two results of Nix' log."""
STEPS = {"unpackPhase": "unpack", "configurePhase": "configure", "installPhase": "install", "fixupPhase": "fixup"}
PARTS = {"splitphaseSkeleton": "sources", "splitphaseSaid": "configured", "splitphaseManifest": "prepare"}
"""Parts of a package by an output that only they have."""
RECORDED = re.compile(r"recorded in ([\d.]+) s, written in ([\d.]+) s")
_PREFIX = "@nix "


@dataclass(slots=True)
class Derivation:
    """One derivation that was built. Times in seconds since the build began."""

    path: str
    started: float
    ended: float = 0
    marks: list[tuple[float, str]] = field(default_factory=list)
    """When a step began, and its name."""
    kind: str = "part"
    """`compile` or `link`; `part` for all else."""
    is_proven: bool = False
    part: str = ""
    """Which part of a package it is."""

    @property
    def name(self) -> str:
        """Without hash and ending."""
        return self.path.split("/")[-1][33:].removesuffix(".drv")

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.started

    def steps(self) -> dict[str, float]:
        """The seconds of each step."""
        found: dict[str, float] = defaultdict(float)
        marks = [(self.started, "start"), *self.marks, (self.ended, "")]
        for (began, step), (ended, _) in pairwise(marks):
            found[step] += ended - began
        return found


@dataclass(slots=True)
class Timeline:
    """One build."""

    derivations: list[Derivation]
    seconds: float

    def critical(self) -> list[Derivation | float]:
        """From the first to the last: derivations that the next one waited for, and seconds in which none was built."""
        path: list[Derivation | float] = []
        until = self.seconds
        while True:
            earlier = [one for one in self.derivations if one.ended <= until and one not in path]
            if not earlier:
                return [until, *reversed(path)]
            last = max(earlier, key=lambda one: one.ended)
            path += [until - last.ended, last]
            until = last.started

    def rows(self) -> Iterator[tuple[str, float, dict[str, float]]]:
        """What, its seconds, and its steps: time without any derivation, parts, then all compiles, and all links."""
        yield "evaluation", sum(one for one in self.critical() if isinstance(one, float)), {}
        for one in self.derivations:
            if one.kind == "part":
                yield one.part or one.name, one.seconds, one.steps()
        for kind in ("compile", "link"):
            some = [one for one in self.derivations if one.kind == kind]
            if some:
                proven = sum(one.is_proven for one in some)
                steps = {f"{len(some)} derivations, in all": sum(one.seconds for one in some)}
                if proven:
                    steps[f"of these {proven} proven"] = sum(one.seconds for one in some if one.is_proven)
                yield kind, max(one.ended for one in some) - min(one.started for one in some), steps

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "seconds": round(self.seconds, 3),
            "rows": [
                {"what": what, "seconds": round(seconds, 3), "steps": {step: round(s, 3) for step, s in steps.items()}}
                for what, seconds, steps in self.rows()
            ],
            "critical": [one if isinstance(one, float) else one.part or one.name for one in self.critical()],
        }

    def text(self) -> str:
        """For people."""
        lines = []
        for what, seconds, steps in self.rows():
            shown = ", ".join(f"{step} {s:.2f}" for step, s in steps.items() if s >= 0.005)
            lines.append(f"  {seconds:8.2f} s  {what}{': ' if shown else ''}{shown}")
        path = [
            f"({one:.2f})" if isinstance(one, float) else f"{one.part or one.name} {one.seconds:.2f}"
            for one in self.critical()
        ]
        return "\n".join([*lines, f"  critical path: {', '.join(path)}"])


class FailedError(Exception):
    """The build failed; its argument is what was said."""


def build(words: Sequence[str]) -> Timeline:
    """Run a command of Nix that builds. Raises FailedError."""
    began = time.monotonic()
    command = [NIX, *words, "--log-format", "internal-json"]
    running: dict[int, Derivation] = {}
    done: list[Derivation] = []
    said = []
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace"
    ) as nix:
        for line in nix.stderr or ():
            now = time.monotonic() - began
            if not line.startswith(_PREFIX):
                said.append(line)
                continue
            event = json.loads(line[len(_PREFIX) :])
            what, number = event["action"], event.get("id")
            if what == "msg" and event["level"] == 0:
                said.append(event["msg"] + "\n")
            elif what == "start" and event["type"] == BUILD:
                running[number] = Derivation(event["fields"][0], now)
            elif number in running and what == "stop":
                one = running.pop(number)
                one.ended = now
                done.append(one)
            elif number in running and what == "result":
                _mark(running[number], now, event["type"], str(event["fields"][0]))
    if nix.returncode:
        raise FailedError("".join(said)[-4000:])
    _know(done)
    return Timeline(sorted(done, key=lambda one: one.started), time.monotonic() - began)


def _mark(one: Derivation, now: float, kind: int, text: str) -> None:
    if kind == PHASE:
        # A build that is recorded, one that takes results, and the stock one.
        building = next((step for _, step in reversed(one.marks) if step in ("save", "restore")), "")
        step = {"save": "record", "restore": "replay"}.get(building, "build")
        one.marks.append((now, step if text == "buildPhase" else STEPS.get(text, text.removesuffix("Phase"))))
    elif kind == LINE and text.startswith("splitphase: leaving the build"):
        one.marks.append((now, "save"))
    elif kind == LINE and text.startswith("splitphase: taking up the build"):
        one.marks.append((now, "restore"))
    elif kind == LINE and (match := RECORDED.search(text)):
        # Both are over when it is said.
        one.marks += [(now - float(match[2]), "scan and pack"), (now, "end")]


def _know(derivations: list[Derivation]) -> None:
    """Which of them are actions."""
    paths = [one.path for one in derivations]
    if not paths:
        return
    shown = subprocess.run([NIX, "derivation", "show", *paths], check=True, capture_output=True, text=True).stdout
    known = json.loads(shown)
    known = known.get("derivations", known)
    for one in derivations:
        entry = known.get(one.path) or known.get(one.path.split("/")[-1], {})
        environment = entry.get("env", {})
        one.part = next((part for output, part in PARTS.items() if output in entry.get("outputs", {})), "")
        if not one.part and environment.get("splitphaseArtifacts"):
            one.part = "final"
        if environment.get("kind") in ("compile", "link"):
            one.kind, one.is_proven = environment["kind"], "helper" in environment
