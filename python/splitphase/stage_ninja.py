"""Tell Ninja what was staged: `.ninja_log` and `.ninja_deps` as the ninja in use would have written them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from splitphase.depfile import read_depfile
from splitphase.graph import Edge
from splitphase.ninja.deps import DepsEntry, read_deps, write_deps
from splitphase.ninja.hashes import edge_hash
from splitphase.ninja.log import Log, LogEntry, log_version, read_log, write_log
from splitphase.ninja.parser import read_build_file, read_graph


def record(directory: Path, times: Mapping[str, int], depfiles: Mapping[str, str], version: Callable[[], str]) -> None:
    """Write log and deps records for the staged files in `directory`.

    Commands hold real hashes again, so the records that prepare's ninja left get their command hash computed anew.
    """
    graph = read_graph(str(directory))
    log_path, deps_path = f"{directory}/.ninja_log", f"{directory}/.ninja_deps"
    log_format = log_version(version())
    old = {entry.output: entry for entry in read_log(log_path).entries} if os.path.exists(log_path) else {}
    deps = dict(read_deps(deps_path)) if os.path.exists(deps_path) else {}
    entries: dict[str, LogEntry] = {}
    for edge in graph.edges:
        staged = [_staged(directory, output, times) for output in edge.outputs]
        if not any(moment is not None for moment in staged) and not any(output in old for output in edge.outputs):
            continue
        command_hash = edge_hash(log_format, edge)
        for output, moment in zip(edge.outputs, staged, strict=True):
            if moment is not None:
                entries[output] = LogEntry(0, 1, moment, output, command_hash)
            elif output in old:
                entry = old[output]
                entries[output] = LogEntry(entry.start_ms, entry.end_ms, entry.mtime_ns, output, command_hash)
        _add_deps(directory, edge, staged, depfiles, deps)
    write_log(log_path, Log(log_format, tuple(entries.values())))
    write_deps(deps_path, deps.values())


def build_directories(top: Path, changed: Iterable[str]) -> list[Path]:
    """Those below `top` whose commands may have changed: a `.ninja` file in or below them was rewritten."""
    found: set[Path] = set()
    for name in changed:
        if name.endswith(".ninja"):
            found.update(folder for folder in (top / name).parents if (folder / "build.ninja").is_file())
    return sorted(found)


def rehash(directory: Path) -> None:
    """Give a build directory's log the hashes that the commands have now, in its own version. Raises BuildGraphError.

    Outputs that the graph does not name (a dyndep file does) go with those of the same command.
    """
    build = read_build_file(str(directory))
    path = f"{build.log_directory}/.ninja_log"
    if not os.path.exists(path):
        return
    log = read_log(path)
    old = {entry.output: entry.command_hash for entry in log.entries}
    new: dict[int, int] = {}
    for edge in build.graph.edges:
        known = [old[output] for output in edge.outputs if output in old]
        if known:
            now = edge_hash(log.version, edge)
            new.update((before, now) for before in known)
    entries = (replace(entry, command_hash=new.get(entry.command_hash, entry.command_hash)) for entry in log.entries)
    write_log(path, Log(log.version, tuple(entries)))


def _staged(directory: Path, output: str, times: Mapping[str, int]) -> int | None:
    return times.get(os.path.normpath(directory / output))


def _add_deps(
    directory: Path,
    edge: Edge,
    staged: list[int | None],
    depfiles: Mapping[str, str],
    deps: dict[str, DepsEntry],
) -> None:
    """Move a depfile's content into the deps log, as Ninja does for `deps = gcc`.

    A compiler that writes none (for a `.s`) leaves an empty record; without a record Ninja takes the output for dirty.
    """
    if edge.deps != "gcc":
        return
    depfile = depfiles.get(os.path.normpath(directory / edge.outputs[0]))
    found = read_depfile(Path(depfile)) if depfile else ()
    for output, moment in zip(edge.outputs, staged, strict=True):
        if moment is not None:
            deps[output] = DepsEntry(output, moment, found)
    if depfile:
        os.unlink(depfile)
