"""Find a dependency cycle between edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from splitphase.ninja.graph import Edge

_NEW, _OPEN, _DONE = 0, 1, 2


def find_cycle(edges: Sequence[Edge], producer: Mapping[str, int]) -> tuple[str, ...]:
    """Return the paths of the first cycle, its first path again at the end; empty where there is none.

    `producer` maps each output to the index of its edge. Inputs of every kind count, order-only ones as well. The walk
    keeps its own stack: chains of edges are longer than Python's recursion limit.
    """
    state = bytearray(len(edges))
    for root in range(len(edges)):
        if state[root] != _NEW:
            continue
        state[root] = _OPEN
        trail = [root]
        via = [edges[root].outputs[0]]
        walks = [_requirements(edges[root])]
        while walks:
            for path in walks[-1]:
                index = producer.get(path)
                if index is None or state[index] == _DONE:
                    continue
                if state[index] == _OPEN:
                    return (path, *via[trail.index(index) + 1 :], path)
                state[index] = _OPEN
                trail.append(index)
                via.append(path)
                walks.append(_requirements(edges[index]))
                break
            else:
                walks.pop()
                via.pop()
                state[trail.pop()] = _DONE
    return ()


def _requirements(edge: Edge) -> Iterator[str]:
    yield from edge.inputs
    yield from edge.implicit
    yield from edge.order_only
