"""Units of a build whose tool's graph can be read: Ninja (of CMake or Meson), or CMake's Makefiles."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from splitphase import buildtool
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.observe import digest, in_tree, odd_flags
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import Checkpoint, Observed, Unit
from splitphase.command import Unreadable, is_c_compiler, is_compile, option, split
from splitphase.depfile import read_depfile
from splitphase.errors import BuildGraphError
from splitphase.generate import Generation
from splitphase.graph import Edge, Graph
from splitphase.ninja.deps import DepsEntry, read_deps, write_deps
from splitphase.ninja.hashes import edge_hash
from splitphase.ninja.log import Log, LogEntry, log_version, read_log, write_log
from splitphase.stage import ninja_version
from splitphase.steps import COMPILER, LINKER, Kind, Step, classify, unsplit_flags

NINJA = buildtool.NINJA
MAKE = buildtool.MAKE


@dataclass(frozen=True, slots=True)
class Compile:
    """One edge that compiles, and why it is none that can be reused (empty: it can)."""

    edge: Edge
    output: str
    """Absolute."""
    command: str
    """Digest."""
    refused: str


@dataclass(frozen=True, slots=True)
class Build:
    """A configured build directory as its tool sees it."""

    tool: str
    directory: str
    graph: Graph
    compiles: tuple[Compile, ...]
    kinds: Mapping[int, Kind]
    """Of the graph's edges, by their `id`."""
    log_version: int = 0
    """Of Ninja's log."""

    def units(self, top: str, known: Collection[str]) -> Iterator[tuple[Unit, str]]:
        """Each compile of the finished build, less `known` outputs; and why it cannot be reused (empty: it can)."""
        log = f"{self.directory}/.ninja_deps"
        deps = read_deps(log) if self.tool == NINJA and os.path.exists(log) else {}
        for compile_ in self.compiles:
            edge = compile_.edge
            output = os.path.relpath(compile_.output, top)
            if output in known:
                continue
            if compile_.refused or not os.path.isfile(compile_.output):
                yield Unit(output, (), "", ()), compile_.refused or "it was not built"
                continue
            read = _reads(self, edge, compile_.output, deps.get(edge.outputs[0]))
            if read is None:
                yield Unit(output, (), "", ()), "the build keeps no record of what it read"
                continue
            paths = dict.fromkeys((*_files(self.graph, (*edge.inputs, *edge.implicit)), *read))
            reads = tuple(_spelled(self.directory, path, top) for path in paths)
            yield Unit(output, (), compile_.command, reads), ""

    def calls(self, top: str) -> Callable[[Unit], Call]:
        """Tells how a unit is compiled."""
        edges = {os.path.relpath(compile_.output, top): compile_.edge for compile_ in self.compiles}

        def call(unit: Unit) -> Call:
            commands = split(edges[unit.output].command)
            where, words = self.directory, ["false"]
            for command in [] if isinstance(commands, Unreadable) else commands:
                if command[0] == "cd":
                    where = os.path.join(where, command[1])
                else:
                    words = command
            return Call(where, tuple(words))

        return call

    def doubted(self, top: str, units: Iterable[Unit]) -> Mapping[str, str]:  # noqa: ARG002 - as plain make's
        """None: the graph has all commands."""
        return {}

    def outputs(self, top: str) -> frozenset[str]:
        """Paths that the build makes, relative to the top, as far as it says."""
        return frozenset(
            os.path.relpath(_absolute(self.directory, path), top)
            for edge in self.graph.edges
            if edge.command
            for path in edge.outputs
        )

    def commands(self, top: str) -> dict[str, str]:
        """Command digest by output, relative to the top."""
        return {os.path.relpath(compile_.output, top): compile_.command for compile_ in self.compiles}

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:  # noqa: ARG002 - as plain make's
        """Why nothing of the checkpoint may be used in this build, or nothing."""
        if self.tool == MAKE and checkpoint.observed.flags != now.flags:
            return "make is called with other flags"
        return ""

    def ahead(self, top: str, checkpoint: Checkpoint) -> frozenset[str] | None:  # noqa: ARG002 - as plain make's
        """Objects that commands before all compiles need, relative to the top; None where there are no such."""
        generation = Generation(self.graph, self.kinds)
        if not generation.needed():
            return None
        outputs = (edge.outputs[0] for edge in generation.compiles())
        return frozenset(os.path.relpath(_absolute(self.directory, output), top) for output in outputs)

    def generation(self, jobs: int, checkpoint: Checkpoint) -> tuple[Callable[[], object], bool]:
        """What runs these commands, and whether some may run once more: the earlier build left no file of theirs."""
        there = checkpoint.left.keys() | checkpoint.observed.listing.keys()
        top = checkpoint.identity.top
        ahead = Generation(self.graph, self.kinds)
        repeats = ahead.repeats(lambda path: os.path.relpath(_absolute(self.directory, path), top) in there)
        place = buildtool.BuildDirectory(self.tool, self.directory)
        return lambda: buildtool.generate(place, ahead, jobs), repeats

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Tell Ninja of objects that were put in place; what its logs know of other files stays."""
        if self.tool != NINJA or not times:
            return
        reads = {f"{top}/{unit.output}": unit.reads for unit in units}
        version = self.log_version
        log_path, deps_path = f"{self.directory}/.ninja_log", f"{self.directory}/.ninja_deps"
        entries = {entry.output: entry for entry in _old_log(log_path, version)}
        deps = _old_deps(deps_path)
        for compile_ in self.compiles:
            moment = times.get(compile_.output)
            if moment is None:
                continue
            name = compile_.edge.outputs[0]
            entries[name] = LogEntry(0, 1, moment, name, edge_hash(version, compile_.edge))
            if compile_.edge.deps == "gcc":
                found = tuple(_from_build(self.directory, path, top) for path in reads[compile_.output])
                deps[name] = DepsEntry(name, moment, found)
        write_log(log_path, Log(version, tuple(entries.values())))
        write_deps(deps_path, deps.values())


def read_build(tool: str, directory: str, targets: Sequence[str], facts: Facts) -> Build | str:
    """Read what a build started in `directory` runs, or say why it cannot be read."""
    place = buildtool.BuildDirectory(tool, directory)
    try:
        graph = buildtool.asked_for(place, _known_rules(buildtool.read(place)), list(targets))
        version = log_version(ninja_version()) if tool == NINJA else 0
    except BuildGraphError as error:
        return f"the build graph cannot be read: {error.message.splitlines()[0]}"
    compiles: list[Compile] = []
    kinds: dict[int, Kind] = {}
    for edge in graph.edges:
        step = classify(edge, graph.directory)
        kinds[id(edge)] = step.kind
        if step.kind is Kind.OTHER and edge.deps == "gcc":
            return f"{edge.outputs[0]}: a compile of an unknown kind"
        if edge.dyndep:
            return f"{edge.outputs[0]}: what it reads depends on other compiles (modules)"
        if step.kind is Kind.COMPILE:
            compiles.append(_compile(step, graph.directory, facts))
    return Build(place.tool, graph.directory, graph, tuple(compiles), kinds, version)


def _known_rules(graph: Graph) -> Graph:
    """Meson's rules under the names that CMake's have."""
    if not any(edge.rule in ("c_COMPILER", "cpp_COMPILER", "STATIC_LINKER") for edge in graph.edges):
        return graph

    def known(edge: Edge) -> Edge:
        rule = edge.rule.removesuffix("_RSP")
        if rule.endswith(("_COMPILER", "_PCH")):
            return replace(edge, rule=f"meson{COMPILER}")
        return replace(edge, rule=f"meson{LINKER}") if rule.endswith("_LINKER") else edge

    edges = tuple(known(edge) for edge in graph.edges)
    return Graph(graph.directory, edges, graph.defaults, {path: edge for edge in edges for path in edge.outputs})


_in_tree = cache(in_tree)
"""Of compilers: where they are does not change while a build is read."""


def _compile(step: Step, directory: str, facts: Facts) -> Compile:
    edge = step.edge
    output = _absolute(directory, edge.outputs[0])
    text = f"{edge.command}\n{edge.rspfile_content}"
    return Compile(edge, output, digest(facts.spelling.text(text)), _refused(step, output, facts))


def _refused(step: Step, output: str, facts: Facts) -> str:  # noqa: PLR0911 - one list of cases
    edge = step.edge
    if edge.rspfile and facts.escape.found_in(edge.rspfile_content.encode(errors="surrogateescape")):
        return "its response file holds an output path"
    if not step.commands:
        return step.left
    commands = [list(words) for words in step.commands if words[0] != "cd"]
    if len(commands) != 1 or not is_compile(commands[0]) or not is_c_compiler(commands[0][0]):
        return "it is more than one call of a C compiler"
    words = commands[0]
    if "/" in words[0] and (not words[0].startswith("/") or _in_tree(facts.top, words[0])):
        return "its compiler is part of the tree"
    if len(edge.outputs) != 1:
        return "it makes several files"
    named = option(words, "-o")
    if named is None or os.path.basename(named) != os.path.basename(output):
        return "its object is not the one that the command names"
    if any(word.startswith("@") and word != f"@{edge.rspfile}" for word in words):
        return "it has a response file that is not part of the graph"
    if "-MMD" in words or "-MM" in words:
        return "it reports no system headers"
    if "-MD" not in words:
        return "the compiler does not report what it reads"
    if any(word.startswith("-gsplit-dwarf") for word in words):
        return "it writes a file beside the object"
    return unsplit_flags(words) or odd_flags([*words, *edge.rspfile_content.split()])


def _reads(build: Build, edge: Edge, output: str, record: DepsEntry | None) -> tuple[str, ...] | None:
    """What the compiler said that it read; None where there is no record, or it is older than the object."""
    if build.tool == NINJA and edge.deps == "gcc":
        return record.deps if record and record.mtime_ns >= os.stat(output).st_mtime_ns else None
    depfile = f"{output}.d" if build.tool == MAKE else _absolute(build.directory, edge.depfile) if edge.depfile else ""
    if depfile and os.path.exists(depfile):
        return read_depfile(Path(depfile))
    return None


def _files(graph: Graph, paths: tuple[str, ...]) -> Iterator[str]:
    """The files among inputs, phony ones replaced by what stands behind them."""
    seen: set[str] = set()
    pending = list(reversed(paths))
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        producer = graph.producers.get(path)
        if producer is not None and producer.rule == "phony":
            pending.extend(reversed((*producer.inputs, *producer.implicit)))
        else:
            yield path


def _spelled(directory: str, path: str, top: str) -> str:
    absolute = path if path.startswith("/") else f"{directory}/{path}"
    return absolute.removeprefix(f"{top}/")


def _absolute(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, path))


def _from_build(directory: str, path: str, top: str) -> str:
    """A file as Ninja spells it: relative to the build directory what the graph has so."""
    if path.startswith("/"):
        return path
    absolute = f"{top}/{path}"
    return absolute.removeprefix(f"{directory}/")


def _old_log(path: str, version: int) -> tuple[LogEntry, ...]:
    try:
        log = read_log(path)
    except BuildGraphError:
        return ()
    return log.entries if log.version == version else ()


def _old_deps(path: str) -> dict[str, DepsEntry]:
    try:
        return dict(read_deps(path))
    except BuildGraphError:
        return {}
