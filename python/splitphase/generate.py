"""Generated sources: what compiles need and the build itself makes is made in prepare, by the build tool."""

from __future__ import annotations

from splitphase.graph import Edge, Graph
from splitphase.steps import Kind, classify


def needed(graph: Graph) -> list[str]:
    """Outputs of the custom commands that must have run before any compile can, sorted.

    Followed are the inputs of every kind (explicit, implicit, order-only) of compiles through phony and custom edges,
    and the read inputs of links where no compile or link stands in between. A tool that a custom command runs is left
    for the build tool to build on the way.
    """
    kinds = {id(edge): classify(edge, graph.directory).kind for edge in graph.edges}
    found: dict[str, None] = {}
    seen: set[int] = set()
    pending: list[Edge] = []
    for edge in graph.edges:
        if kinds[id(edge)] is Kind.COMPILE:
            pending.append(edge)
    while pending:
        edge = pending.pop()
        for path in (*edge.inputs, *edge.implicit, *edge.order_only):
            producer = graph.producers.get(path)
            if producer is None or id(producer) in seen:
                continue
            seen.add(id(producer))
            kind = kinds[id(producer)]
            if kind in (Kind.OTHER, Kind.PHONY):
                pending.append(producer)
            if kind is Kind.OTHER and not producer.generator:
                found[producer.outputs[0]] = None
    for edge in graph.edges:
        if kinds[id(edge)] is Kind.LINK:
            for path in (*edge.inputs, *edge.implicit):
                producer = graph.producers.get(path)
                if producer is not None and _standalone(graph, kinds, producer):
                    found[producer.outputs[0]] = None
    return sorted(found)


def _standalone(graph: Graph, kinds: dict[int, Kind], edge: Edge) -> bool:
    """Whether a custom command needs no compile and no link."""
    if kinds[id(edge)] is not Kind.OTHER or edge.generator:
        return False
    seen = {id(edge)}
    pending = [edge]
    while pending:
        for path in (*(current := pending.pop()).inputs, *current.implicit, *current.order_only):
            producer = graph.producers.get(path)
            if producer is None or id(producer) in seen:
                continue
            if kinds[id(producer)] in (Kind.COMPILE, Kind.LINK, Kind.ALIAS):
                return False
            seen.add(id(producer))
            pending.append(producer)
    return True
