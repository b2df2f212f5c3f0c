"""The build that a phase is about to run, or has run, whichever tool it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from splitphase.checkpoint import graphunits
from splitphase.checkpoint.record import Checkpoint, Observed, Unit
from splitphase.rewrite import Rewriter


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

    def commands(self, top: str) -> Mapping[str, str] | None:
        """Command digest by output, relative to the top; None where the whole build's commands are compared at once."""

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:
        """Why nothing of the checkpoint may be used in this build, or nothing."""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Tell the build tool of objects that were put in place."""


def read(tool: str, directory: str, targets: list[str], escape: Rewriter) -> Build | str:
    """Read the build that `tool` runs in `directory`, or say why it cannot be read."""
    if tool == "ninja" and not os.path.exists(f"{directory}/build.ninja"):
        return "Ninja is run, but there is no build.ninja in the working directory"
    if tool == "make" and not os.path.exists(f"{directory}/CMakeFiles/Makefile2"):
        return "only what CMake or Meson configured is reused"
    if tool == "other":
        return "buildPhase runs neither make nor Ninja"
    return graphunits.read_build(directory, targets, escape)
