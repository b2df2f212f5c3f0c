"""The build tool of a configured tree: which one, its graph, and having it make a few files."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from splitphase.errors import SplitphaseError
from splitphase.graph import Graph
from splitphase.makefiles import generation_commands, read_makefiles
from splitphase.ninja.parser import read_graph

NINJA = "ninja"
MAKE = "make"
_BATCH = 64 << 10


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


def generate(build: BuildDirectory, targets: list[str], jobs: int) -> None:
    """Have the build tool make files; raises where it fails, as it would in the stock build."""
    if not targets:
        return
    if build.tool == NINJA:
        program = shutil.which("ninja")
        if program is None:
            raise SplitphaseError("build.ninja, but no ninja in PATH", hint="add ninja to nativeBuildInputs")
        commands = [[program, f"-j{jobs}", *batch] for batch in _batches(targets)]
    else:
        commands = generation_commands(build.path, targets, jobs)
    for command in commands:
        if subprocess.run(command, cwd=build.path, check=False).returncode:
            raise SplitphaseError(
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
