"""Why two variables depend along a path, or where the path is blocked.

Source:
    Koller & Friedman, Probabilistic Graphical Models (2009), on active trails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import networkx as nx

from sirenvae.graphs.network import Variable


@dataclass(frozen=True)
class Junction:
    """A variable in the middle of a path, and whether dependence passes there.

    Attributes:
        variable: The variable.
        kind: ``"chain"`` (one arrow comes in, one goes out), ``"common cause"`` (both go out) or ``"collider"`` (both
            come in).
        is_open: Whether dependence passes: at a collider that is given or has a descendant that is, elsewhere where
            the variable is not given.
        opener: What opens a collider: itself, or the first descendant that is given; ``None`` elsewhere.
    """

    variable: Variable
    kind: str
    is_open: bool
    opener: Variable | None = None


def junctions(dag: nx.DiGraph, path: Sequence[Variable], given: Iterable[Variable]) -> list[Junction]:
    """What happens at each variable between the ends of a path.

    Arguments:
        dag: The graph, edges parent -> child.
        path: Variables, each a neighbour of the one before.
        given: The variables that are conditioned on.

    Returns:
        One junction for each variable but the first and the last. The path is active exactly when all are open.

    Example:
        >>> [j.kind for j in junctions(nx.DiGraph([("a", "c"), ("b", "c")]), ["a", "c", "b"], ["c"])]
        ['collider']
    """
    conditioned = list(given)
    return [
        _junction(dag, before, v, after, conditioned)
        for before, v, after in zip(path, path[1:], path[2:], strict=False)
    ]


def any_path(dag: nx.DiGraph, x: Variable, y: Variable) -> list[Variable] | None:
    """A shortest path between two variables, active or not; ``None`` where nothing connects them."""
    graph = dag.to_undirected(as_view=True)
    return nx.shortest_path(graph, x, y) if nx.has_path(graph, x, y) else None


def _junction(dag: nx.DiGraph, before, v, after, given: list) -> Junction:
    enters, leaves = dag.has_edge(before, v), dag.has_edge(v, after)
    if enters and not leaves:
        below = {v} | nx.descendants(dag, v)
        opener = v if v in given else next((u for u in given if u in below), None)
        return Junction(v, "collider", opener is not None, opener)
    return Junction(v, "chain" if enters == leaves else "common cause", v not in given)
