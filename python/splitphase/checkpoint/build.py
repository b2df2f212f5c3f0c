"""The build that a phase is about to run, or has run, whichever tool it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from splitphase.checkpoint import cargounits, graphunits, kbuild, makeunits
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import SCRATCH, Checkpoint, Observed, Unit
from splitphase.checkpoint.request import Request


class Build(Protocol):
    """What is asked of a build tool."""

    @property
    def tool(self) -> str:
        """Its name."""

    def units(self, top: str, known: Collection[str]) -> Iterator[tuple[Unit, str]]:
        """Each compile of the finished build, less `known` outputs; and why it cannot be reused (empty: it can)."""

    def calls(self, top: str) -> Callable[[Unit], Call]:
        """Tells how a unit is compiled."""

    def doubted(self, top: str, units: Iterable[Unit]) -> Mapping[str, str]:
        """Which of these outputs cannot be reused after all, and why. The tree is of no use afterwards."""

    def outputs(self, top: str) -> frozenset[str] | None:
        """Paths that the build makes, relative to the top, as far as it says; None where it says nothing."""

    def commands(self, top: str) -> Mapping[str, str]:
        """Digest of the command of each compile by its output, relative to the top, or in words why it is made anew."""

    def ahead(self, top: str, checkpoint: Checkpoint) -> frozenset[str] | None:
        """Objects that commands before all compiles need, relative to the top; None where there are no such."""

    def generate(self, jobs: int, checkpoint: Checkpoint) -> None:
        """Run these commands. Raises SplitphaseError where they fail."""

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:
        """Why nothing of the checkpoint may be used in this build, or nothing."""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Tell the build tool of objects that were put in place."""


def read(request: Request, directory: str, facts: Facts, observed: Observed) -> Build | str:
    """Read the build that runs in `directory`, or say why it cannot be read."""
    if request.tool == "ninja":
        if not os.path.exists(f"{directory}/build.ninja"):
            return "Ninja is run, but there is no build.ninja in the working directory"
        return graphunits.read_build(graphunits.NINJA, directory, request.targets, facts)
    if request.tool == "make" and os.path.exists(f"{directory}/CMakeFiles/Makefile2"):
        return graphunits.read_build(graphunits.MAKE, directory, request.targets, facts)
    if request.tool == "make":
        found = kbuild.read(request.make_arguments, directory, facts, observed, SCRATCH)
        if found is not None:
            return found
        return observed.reason or makeunits.MakeBuild(
            facts, observed, request.make_arguments, options=request.make_options
        )
    if request.tool == "cargo":
        reason = observed.reason or ("" if observed.cargo else "buildPhase did not call cargo by its name")
        return reason or cargounits.CargoBuild(facts, observed, SCRATCH, request.outputs.values())
    return "buildPhase runs neither cargo, make nor Ninja"
