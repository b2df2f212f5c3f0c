"""The build that a phase is about to run, or has run, whichever tool it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from splitphase.checkpoint import cargounits, graphunits, makeunits
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.record import Checkpoint, Observed, Unit
from splitphase.checkpoint.request import SCRATCH, Request


class Build(Protocol):
    """What is asked of a build tool."""

    @property
    def tool(self) -> str:
        """Its name."""

    @property
    def made(self) -> frozenset[str]:
        """Absolute paths of what compiles and links make."""

    @property
    def custom(self) -> bool:
        """Whether other commands run that may leave files which nothing declares."""

    def units(self, top: str) -> Iterator[tuple[Unit, str]]:
        """Each compile of the finished build, and why it cannot be reused (empty: it can)."""

    def declared(self, top: str) -> frozenset[str]:
        """What other commands make again, relative to the top."""

    def commands(self, top: str) -> Mapping[str, str] | None:
        """Command digest by output, relative to the top; None where the whole build's commands are compared at once."""

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
        return observed.reason or makeunits.MakeBuild(facts, observed, SCRATCH)
    if request.tool == "cargo":
        reason = observed.reason or ("" if observed.cargo else "buildPhase did not call cargo by its name")
        return reason or cargounits.CargoBuild(facts, observed, SCRATCH, request.outputs.values())
    return "buildPhase runs neither cargo, make nor Ninja"
