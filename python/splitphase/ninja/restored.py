"""A build directory whose commands hold other hashes than before: its log says again what they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from splitphase.ninja.hashes import edge_hash
from splitphase.ninja.log import Log, read_log, write_log
from splitphase.ninja.parser import read_build_file


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
