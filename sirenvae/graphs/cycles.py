"""Directed cycles of a graph, found and written down."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import networkx as nx

_MOST_SHOWN = 20


def find_cycle(graph: nx.DiGraph) -> list[Hashable] | None:
    """A directed cycle of a graph, in time linear in its nodes and edges.

    Nodes without parents are taken away until none is left. Every node that stays has a parent that stays, so a walk
    from parent to parent has to come back to where it was.

    Arguments:
        graph: Any directed graph.

    Returns:
        The nodes of one cycle, each a parent of the next and the last of the first, beginning with the one that comes
        first in the graph; ``None`` if there is none.

    Example:
        >>> find_cycle(nx.DiGraph([("a", "b"), ("c", "d"), ("b", "c"), ("d", "b")]))
        ['b', 'c', 'd']
    """
    missing = dict(graph.in_degree())
    bare = [v for v, count in missing.items() if count == 0]
    while bare:
        v = bare.pop()
        del missing[v]
        for child in graph.successors(v):
            missing[child] -= 1
            if missing[child] == 0:
                bare.append(child)
    if not missing:
        return None
    v, seen = next(iter(missing)), {}
    while v not in seen:
        seen[v] = len(seen)
        v = next(parent for parent in graph.predecessors(v) if parent in missing)
    cycle = list(seen)[seen[v] :][::-1]
    position = {node: i for i, node in enumerate(graph)}
    start = min(range(len(cycle)), key=lambda i: position[cycle[i]])
    return cycle[start:] + cycle[:start]


def cycle_in_words(cycle: Sequence[Hashable], arrow: str) -> str:
    """The nodes of a cycle and the first again, with an arrow between two; of a long one the beginning."""
    shown = [str(v) for v in cycle[:_MOST_SHOWN]] + (["..."] if len(cycle) > _MOST_SHOWN else [])
    return arrow.join([*shown, str(cycle[0])])
