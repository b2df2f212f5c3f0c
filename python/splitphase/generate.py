"""Generated sources: what compiles need and the build itself makes is made in prepare, by the build tool.

CMake puts every object of the targets that a target depends on before its custom commands, order-only, so asking the
build tool for one generated header can build the whole package. A custom command reads what it declares or names;
order-only inputs that are objects or links and that its text does not name are not waited for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from os.path import basename

from splitphase.graph import Edge, Graph
from splitphase.steps import Kind, classify


class Generation:
    """The custom commands of a graph that must have run before its compiles can be planned."""

    def __init__(self, graph: Graph, kinds: Mapping[int, Kind] | None = None) -> None:
        """`kinds` are those of the edges by their `id`, where they are known."""
        self._graph = graph
        self._kinds = kinds or {id(edge): classify(edge, graph.directory).kind for edge in graph.edges}

    def needed(self) -> list[str]:
        """Outputs of the custom commands that must have run before any compile can, sorted.

        Followed are the inputs of every kind (explicit, implicit, order-only) of compiles through phony and custom
        edges, and the read inputs of links where no compile or link stands in between.
        """
        found: set[str] = set()
        seen: set[int] = set()
        pending = [edge for edge in self._graph.edges if self._kinds[id(edge)] is Kind.COMPILE]
        while pending:
            edge = pending.pop()
            for producer in self._producers((*edge.inputs, *edge.implicit, *edge.order_only)):
                if id(producer) in seen:
                    continue
                seen.add(id(producer))
                kind = self._kinds[id(producer)]
                if kind in (Kind.OTHER, Kind.PHONY):
                    pending.append(producer)
                if kind is Kind.OTHER and not producer.generator and not _scans_modules(producer):
                    found.add(producer.outputs[0])
        for edge in self._graph.edges:
            if self._kinds[id(edge)] is Kind.LINK:
                for producer in self._producers((*edge.inputs, *edge.implicit)):
                    if self._stands_alone(producer):
                        found.add(producer.outputs[0])
        return sorted(found)

    def compiles(self) -> list[Edge]:
        """The compiles that these commands wait for: of tools that the build makes for itself."""
        return [edge for edge in self._run() if self._kinds[id(edge)] is Kind.COMPILE]

    def repeats(self, exists: Callable[[str], bool]) -> bool:
        """Whether some of these commands run once more in a build behind them; `exists` says which files there are.

        So they do where what they make is no file, and where a phony input that stands for nothing is none.
        """
        for edge in self._run():
            alias = not edge.command and (edge.inputs or edge.implicit or edge.order_only)
            if not alias and not all(map(exists, edge.outputs)):
                return True
        return False

    def _run(self) -> Iterator[Edge]:
        """All edges that making these files takes."""
        seen: set[int] = set()
        pending = list(self._producers(self.needed()))
        while pending:
            edge = pending.pop()
            if id(edge) in seen:
                continue
            seen.add(id(edge))
            yield edge
            pending.extend(self._producers((*edge.inputs, *edge.implicit, *self._order(edge))))

    def ninja_file(self) -> str:
        """A build.ninja with the same commands, in which custom commands do not wait for objects and links."""
        lines = []
        for number, edge in enumerate(self._graph.edges):
            if edge.generator:
                continue
            rule = "phony"
            if edge.command:
                rule = f"r{number}"
                lines += [f"rule {rule}", f"  command = {_value(edge.command)}"]
                lines += [
                    f"  {name} = {_value(value)}"
                    for name, value in (
                        ("depfile", edge.depfile),
                        ("deps", edge.deps),
                        ("dyndep", edge.dyndep),
                        ("rspfile", edge.rspfile),
                        ("rspfile_content", edge.rspfile_content),
                        ("restat", "1" if edge.restat else ""),
                    )
                    if value
                ]
            order = list(dict.fromkeys(self._order(edge)))
            needed = f"{_paths(edge.inputs)} | {_paths(edge.implicit)} || {_paths(order)}"
            lines.append(f"build {_paths(edge.outputs)}: {rule} {needed}")
        return "\n".join(lines) + "\n"

    def _order(self, edge: Edge) -> Iterator[str]:
        """An edge's order-only inputs without the objects and links that it does not name, phony ones replaced."""
        seen: set[int] = set()
        pending = list(reversed(edge.order_only))
        while pending:
            path = pending.pop()
            producer = self._graph.producers.get(path)
            if producer is None:
                yield path
                continue
            if id(producer) in seen:
                continue
            kind = self._kinds[id(producer)]
            if kind is Kind.PHONY:
                seen.add(id(producer))
                pending.extend(reversed((*producer.inputs, *producer.implicit, *producer.order_only)))
            elif kind is Kind.OTHER or (kind is not Kind.COMPILE and basename(path) in edge.command):
                yield path

    def _producers(self, paths: Iterable[str]) -> Iterator[Edge]:
        for path in paths:
            producer = self._graph.producers.get(path)
            if producer is not None:
                yield producer

    def _stands_alone(self, edge: Edge) -> bool:
        """Whether a custom command reads nothing that a compile or link makes."""
        if self._kinds[id(edge)] is not Kind.OTHER or edge.generator:
            return False
        seen = {id(edge)}
        pending = [edge]
        while pending:
            current = pending.pop()
            for producer in self._producers((*current.inputs, *current.implicit)):
                if id(producer) in seen:
                    continue
                if self._kinds[id(producer)] in (Kind.COMPILE, Kind.LINK, Kind.ALIAS):
                    return False
                seen.add(id(producer))
                pending.append(producer)
        return True


def _scans_modules(edge: Edge) -> bool:
    """Whether a step finds out about C++20 modules: compiles that need it are left to the build tool."""
    return "_SCAN__" in edge.rule or "_DYNDEP__" in edge.rule


def _value(text: str) -> str:
    return text.replace("$", "$$").replace("\n", "$\n")


def _paths(paths: Iterable[str]) -> str:
    return " ".join(path.replace("$", "$$").replace(" ", "$ ").replace(":", "$:") for path in paths)
