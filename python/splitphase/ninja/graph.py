"""The build graph, whichever tool it came from: what Ninja calls edges, with paths and commands fully expanded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of a build.

    Paths are spelled as the build tool spells them: relative to `Graph.directory`, or absolute.
    """

    rule: str
    outputs: tuple[str, ...]
    """Explicit outputs first, then the implicit ones."""
    inputs: tuple[str, ...]
    """Explicit inputs."""
    implicit: tuple[str, ...] = ()
    order_only: tuple[str, ...] = ()
    command: str = ""
    """Shell text, empty for `phony`."""
    depfile: str = ""
    deps: str = ""
    """`gcc`, `msvc` or empty, as in Ninja."""
    rspfile: str = ""
    rspfile_content: str = ""
    dyndep: str = ""
    restat: bool = False
    generator: bool = False
    directory: str = ""
    """The working directory of `command` where it is not `Graph.directory` (absolute), else empty."""


@dataclass(frozen=True, slots=True)
class Graph:
    """All edges of a build directory, in the order of the file."""

    directory: str
    """Absolute path of the build directory."""
    edges: tuple[Edge, ...]
    defaults: tuple[str, ...] = ()
    producers: dict[str, Edge] = field(default_factory=dict)
    """Output path, as spelled by its edge, to that edge."""


def reachable(graph: Graph, targets: Iterable[str]) -> Graph:
    """The part of a graph that a build of these targets (output paths) runs, edges in the same order."""
    wanted: set[int] = set()
    pending = [graph.producers[path] for path in targets if path in graph.producers]
    while pending:
        edge = pending.pop()
        if id(edge) in wanted:
            continue
        wanted.add(id(edge))
        inputs = (*edge.inputs, *edge.implicit, *edge.order_only)
        pending.extend(graph.producers[path] for path in inputs if path in graph.producers)
    return Graph(
        graph.directory,
        tuple(edge for edge in graph.edges if id(edge) in wanted),
        graph.defaults,
        {path: edge for path, edge in graph.producers.items() if id(edge) in wanted},
    )
