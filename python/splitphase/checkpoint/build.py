"""The build that a phase is about to run, or has run, whichever tool it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from splitphase import buildtool
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

    def generation(self, jobs: int, checkpoint: Checkpoint) -> tuple[Callable[[], object], bool]:
        """What runs these commands, and whether some of them may run once more in the build itself.

        It raises SplitphaseError where they fail.
        """

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:
        """Why nothing of the checkpoint may be used in this build, or nothing."""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Tell the build tool of objects that were put in place."""


def read(request: Request, directory: str, facts: Facts, observed: Observed) -> Build | str:
    """Read the build that runs in `directory`, or say why it cannot be read. Each tool's modules are loaded for it."""
    if request.tool == "ninja" and not os.path.exists(f"{directory}/build.ninja"):
        return "Ninja is run, but there is no build.ninja in the working directory"
    if request.has_graph(directory):
        return _graph(buildtool.NINJA if request.tool == "ninja" else buildtool.MAKE, request, directory, facts)
    if request.tool == "make":
        return _make(request, directory, facts, observed)
    if request.tool == "cargo":
        return _cargo(request, facts, observed)
    return "buildPhase runs neither cargo, make nor Ninja"


def _graph(tool: str, request: Request, directory: str, facts: Facts) -> Build | str:
    from splitphase.checkpoint.graphunits import read_build  # noqa: PLC0415 - see `read`

    return read_build(tool, directory, request.targets, facts)


def _make(request: Request, directory: str, facts: Facts, observed: Observed) -> Build | str:
    trees = request.kbuild_trees(directory)
    if trees:
        from splitphase.checkpoint import kbuild  # noqa: PLC0415 - see `read`

        return kbuild.read(trees, request.make_arguments, directory, facts, observed, SCRATCH)
    from splitphase.checkpoint.makeunits import MakeBuild  # noqa: PLC0415 - see `read`

    if observed.reason:
        return observed.reason
    places = tuple(request.outputs.values())
    return MakeBuild(facts, observed, request.make_arguments, options=request.make_options, places=places)


def _cargo(request: Request, facts: Facts, observed: Observed) -> Build | str:
    from splitphase.checkpoint.cargounits import CargoBuild  # noqa: PLC0415 - see `read`

    reason = observed.reason or ("" if observed.cargo else "buildPhase did not call cargo by its name")
    return reason or CargoBuild(facts, observed, SCRATCH, request.outputs.values())
