"""The build tool of a configured tree: which one, its graph, and having it make a few files."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from splitphase.environment import packages_own
from splitphase.errors import BuildGraphError, SplitphaseError
from splitphase.generate import Generation
from splitphase.graph import Graph, reachable
from splitphase.makefiles import generation_commands, read_makefiles
from splitphase.ninja.parser import read_graph

NINJA = "ninja"
MAKE = "make"
_BATCH = 64 << 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuildDirectory:
    """A configured build directory (absolute) and the tool that builds it."""

    tool: str
    path: str


def detect(directory: str) -> BuildDirectory | str:
    """Find the CMake build directory that a build started in `directory` uses, or say why there is none."""
    candidates = [directory]
    if not os.path.exists(f"{directory}/CMakeCache.txt"):
        candidates = [str(path.parent) for path in sorted(Path(directory).glob("*/CMakeCache.txt"))]
    if len(candidates) != 1 or not os.path.exists(f"{candidates[0]}/CMakeCache.txt"):
        return f"no CMake build directory in {directory}: only CMake packages have compile commands that can be read"
    if os.path.exists(f"{candidates[0]}/build.ninja"):
        return BuildDirectory(NINJA, candidates[0])
    if os.path.exists(f"{candidates[0]}/CMakeFiles/Makefile2"):
        return BuildDirectory(MAKE, candidates[0])
    return f"{candidates[0]} is not configured for Ninja or Makefiles"


def read(build: BuildDirectory) -> Graph:
    """Read the graph of a build directory."""
    return read_graph(build.path) if build.tool == NINJA else read_makefiles(build.path)


def asked_for(build: BuildDirectory, graph: Graph, targets: list[str]) -> Graph:
    """The part of the graph that the build runs: these targets, or the default ones where none is named.

    Raises BuildGraphError for a target that the graph does not know.
    """
    if not targets:
        return reachable(graph, graph.defaults) if graph.defaults else graph
    found = []
    for target in targets:
        names = [target]
        if build.tool == MAKE:
            names = [name for name in graph.producers if name.endswith(f"/{target}.dir/all")]
            names = list(graph.defaults) if target == "all" else names
        if not names or any(name not in graph.producers for name in names):
            raise BuildGraphError(f"the build is asked for {target!r}, which is no target that can be read")
        found += names
    return reachable(graph, found)


def generate(build: BuildDirectory, generation: Generation, jobs: int) -> None:
    """Have the build tool make the files that compiles need; raises where it fails, as it would in the stock build."""
    targets = generation.needed()
    if not targets:
        return
    if build.tool == NINJA:
        _ninja(build, generation, targets, jobs)
        return
    for command in generation_commands(build.path, targets, jobs):
        if run(command, build.path):
            continue
        _log.warning("a custom command needs more than it declares; building all that comes before it")
        whole = ["make", f"-j{jobs}", "-f", "CMakeFiles/Makefile2", f"{os.path.dirname(command[3])}/all"]
        if not run(whole, build.path):
            raise _failure(whole)


def _ninja(build: BuildDirectory, generation: Generation, targets: list[str], jobs: int) -> None:
    """First without waiting for objects; if a command then fails, with all that Ninja itself would build before it."""
    program = shutil.which("ninja")
    if program is None:
        raise SplitphaseError("build.ninja, but no ninja in PATH", hint="add ninja to nativeBuildInputs")
    trimmed = Path(build.path, ".splitphase.ninja")
    trimmed.write_text(generation.ninja_file(), errors="surrogateescape")
    try:
        for batch in _batches(targets):
            if not run([program, f"-j{jobs}", "-f", trimmed.name, *batch], build.path):
                _log.warning("a custom command needs more than it declares; building all that comes before it")
                whole = [program, f"-j{jobs}", *batch]
                if not run(whole, build.path):
                    raise _failure(whole)
    finally:
        trimmed.unlink()


def run(command: list[str], directory: str) -> bool:
    """Run a command of the build as the build would; whether it succeeds."""
    return subprocess.run(command, cwd=directory, env=packages_own(os.environ), check=False).returncode == 0


def _failure(command: list[str]) -> SplitphaseError:
    return SplitphaseError(
        f"generating sources failed: {' '.join(command)[:200]}",
        hint="the stock build runs the same commands; see the output above for what went wrong",
    )


def _batches(words: list[str]) -> list[list[str]]:
    batches: list[list[str]] = [[]]
    length = 0
    for word in words:
        if length > _BATCH:
            batches.append([])
            length = 0
        batches[-1].append(word)
        length += len(word) + 1
    return batches
