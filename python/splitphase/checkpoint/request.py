"""A build as the phase describes it, and a look at it before its tool runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.folder import folder_of
from splitphase.checkpoint.record import SCRATCH, Observed
from splitphase.environment import packages_own
from splitphase.rewrite import Rewriter

if TYPE_CHECKING:
    from splitphase.checkpoint.kbuildplace import Trees

IDLE = "idle"
_CONFIGURES = re.compile(r"config$|^(?:mr)?proper$|clean$|version$|release$")
"""Targets of kbuild."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the shell knows of a build."""

    top: str
    outputs: Mapping[str, Path]
    tool: str
    problem: str
    """Why its objects cannot be reused, or nothing."""
    targets: tuple[str, ...]
    make_arguments: tuple[str, ...]
    flags: str
    cargo_arguments: tuple[str, ...] = ()
    make_options: tuple[str, ...] | None = None
    """Of make's arguments those that are no targets, where they are known apart."""
    call: Path | None = None
    """Folder with the call of the tool, where that was caught."""

    def rewriters(self) -> tuple[Rewriter, Rewriter]:
        """Escape and restore."""
        return Rewriter.escaping(self.outputs), Rewriter.restoring(self.outputs)

    def facts(self, directory: str = "") -> Facts:
        """Of the tree. kbuild's empty files, one for each symbol of the configuration, are no headers."""
        facts = Facts(self.top, self.rewriters()[0], folder_of(directory or os.getcwd(), self.top))
        trees = self.kbuild_trees(directory or os.getcwd())
        if trees is not None:
            facts.unlisted = f"{os.path.relpath(trees.objects, self.top)}/include/config/"
        return facts

    def has_graph(self, directory: str) -> bool:
        """Whether a graph says what the tool runs in a directory: Ninja's, or that of CMake's Makefiles."""
        return self.tool == "ninja" or (self.tool == "make" and os.path.exists(f"{directory}/CMakeFiles/Makefile2"))

    def kbuild_trees(self, directory: str) -> Trees | None:
        """The trees of the build that make runs in a directory, if kbuild does."""
        if self.tool != "make":
            return None
        from splitphase.checkpoint.kbuildplace import find  # noqa: PLC0415 - each tool's own is loaded for it

        return find(directory, self.make_arguments, packages_own(os.environ))

    def idle(self, now: Observed) -> bool:
        """Whether the call that was caught compiles nothing; that is noted. Then it is a command before the build.

        Whatever it does is seen where the next one is called, so that nothing depends on this being right.
        """
        if self.call is None or self.problem or self.tool != "make" or self.has_graph(os.getcwd()):
            return False
        if self.kbuild_trees(os.getcwd()):
            found = bool(self.targets) and all(_CONFIGURES.search(target) for target in self.targets)
        else:
            found = not now.reason and not now.compiles
        if found:
            (self.call / IDLE).touch()
        return found

    def look(self, facts: Facts) -> Observed:
        """What there is now, a dry run of plain make among it."""
        from splitphase.checkpoint.observe import observe  # noqa: PLC0415 - not behind the build

        graph = self.has_graph(os.getcwd())
        now = observe(facts, SCRATCH, packages_own(os.environ), self.flags, contents=not graph)
        if self.tool == "cargo" and not self.problem:
            from splitphase.checkpoint.cargograph import read_plan  # noqa: PLC0415 - see above

            found = read_plan(facts, self.cargo_arguments, now.listing)
            return replace(now, reason=found) if isinstance(found, str) else replace(now, cargo=found.raw())
        if self.problem or self.tool != "make" or graph:
            return now
        if self.kbuild_trees(os.getcwd()):
            from splitphase.checkpoint.kbuildplace import observed  # noqa: PLC0415 - see above

            return observed(now, self.make_arguments, facts.escape)
        from splitphase.checkpoint.dryrun import dry_run  # noqa: PLC0415 - see above

        run = dry_run(self.top, SCRATCH, self.make_arguments, facts.spelling, tuple(self.outputs.values()))
        return replace(
            now,
            reason=run.reason,
            partial=run.partial,
            compiles=run.compiles,
            lines=tuple(run.lines),
            asked=run.asked,
            inherited=run.inherited,
        )
