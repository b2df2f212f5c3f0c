"""Real Ninjas for the tests: the system's, and releases from PyPI in a cache that outlives the run.

`SPLITPHASE_TEST_CACHE` moves the cache; `SPLITPHASE_TEST_NINJAS` adds further programs (separated by `:`), for releases
that PyPI does not have: it has no 1.12.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from splitphase.ninja.graph import Edge, Graph
from splitphase.ninja.hashes import edge_hash
from splitphase.ninja.log import Log, LogEntry, log_version

RELEASES = ("1.10.2.4", "1.11.1.4", "1.13.0")
EXTRA = tuple(filter(None, os.environ.get("SPLITPHASE_TEST_NINJAS", "").split(":")))


@dataclass(frozen=True, slots=True)
class Ninja:
    program: str
    version: str

    @property
    def log_version(self) -> int:
        return log_version(self.version)

    def __call__(self, directory: Path, *arguments: str) -> str:
        """Run it and return its standard output; a byte that is not UTF-8 becomes a surrogate."""
        done = subprocess.run(
            [self.program, "-C", str(directory), *arguments], capture_output=True, check=False, env=_environment()
        )
        text = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
        assert done.returncode == 0, text
        return re.sub(r"\Aninja: Entering directory .*\n", "", done.stdout.decode("utf-8", "surrogateescape"))

    def explain(self, directory: Path, *arguments: str) -> str:
        """What a dry run would do and why."""
        done = subprocess.run(
            [self.program, "-C", str(directory), "-n", "-v", "-d", "explain", *arguments],
            capture_output=True,
            check=True,
            env=_environment(),
        )
        return (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def rebuilt_log(graph: Graph, version: int) -> Log:
    """A log for all outputs that exist, from nothing but the graph and the times of the files."""
    return Log(version, tuple(_log_entries(graph, version)))


def _log_entries(graph: Graph, version: int) -> Iterator[LogEntry]:
    for edge in graph.edges:
        if edge.command:
            for output in edge.outputs:
                path = Path(graph.directory, output)
                if path.exists():
                    yield LogEntry(0, 1, path.stat().st_mtime_ns, output, edge_hash(version, edge))


def commands(graph: Graph) -> dict[str, str]:
    """First output to command, for what `ninja -t compdb` shows: edges with inputs."""
    return {edge.outputs[0]: edge.command for edge in graph.edges if _has_inputs(edge)}


def _has_inputs(edge: Edge) -> bool:
    return bool(edge.inputs or edge.implicit or edge.order_only)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "NINJA_STATUS"} | {"LC_ALL": "C.UTF-8"}


def find_ninja(name: str) -> Ninja:
    program = shutil.which("ninja") if name == "system" else name if "/" in name else _installed(name)
    if program is None:
        pytest.skip("no ninja on the system")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return Ninja(program, done.stdout.strip())


def _installed(release: str) -> str:
    cache = os.environ.get("SPLITPHASE_TEST_CACHE")
    root = Path(cache or Path.home() / ".cache" / "splitphase", "ninja", release)
    if not _program(root):
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(root), f"ninja=={release}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"ninja {release} cannot be installed: {done.stderr.strip()[-200:]}")
    program = _program(root)
    assert program, f"no program in {root}"
    return program


def _program(root: Path) -> str | None:
    """The program itself; `bin/ninja` is a Python script in older wheels."""
    for path in (root / "ninja/data/bin/ninja", root / "bin/ninja"):
        if path.exists() and path.read_bytes().startswith(b"\x7fELF"):
            path.chmod(0o755)
            return str(path)
    return None
