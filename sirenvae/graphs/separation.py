"""d-separation in a DAG: which variables matter given others, and by which path two of them depend.

Source:
    Koller & Friedman, Probabilistic Graphical Models (2009).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Set

import networkx as nx

from sirenvae.graphs.network import Variable


def ancestral_neighbours(dag: nx.DiGraph, variables: Iterable[Variable]) -> dict[Variable, set[Variable]]:
    """The moral graph of the given variables and their ancestors, as sets of neighbours."""
    relevant = set(variables)
    waiting = list(relevant)
    while waiting:
        for parent in dag.pred[waiting.pop()]:
            if parent not in relevant:
                relevant.add(parent)
                waiting.append(parent)
    neighbours: dict[Variable, set[Variable]] = {v: set() for v in relevant}
    for v in relevant:
        family = [v, *dag.pred[v]]
        for member in family:
            neighbours[member].update(family)
    for v, around in neighbours.items():
        around.discard(v)
    return neighbours


def border(dag: nx.DiGraph, variable: Variable, others: Set[Variable], given: Set[Variable]) -> set[Variable]:
    r"""The variables among `given` and `others` that `variable` is connected to, given `given`.

    In the moral graph of all of them and their ancestors, it is connected to whatever it reaches without passing
    through `given`. A member g of `given` is returned exactly when `variable` depends on g given the rest of `given`
    (when `others` is empty); a member o of `others` exactly when it depends on o given `given`.
    """
    neighbours = ancestral_neighbours(dag, {variable, *others, *given})
    reached, touched, waiting = {variable}, set(), [variable]
    while waiting:
        for w in neighbours[waiting.pop()]:
            if w in given:
                touched.add(w)
            elif w not in reached:
                reached.add(w)
                waiting.append(w)
    return touched | (reached & set(others))


def is_separated(dag: nx.DiGraph, x: Set[Variable], y: Set[Variable], given: Set[Variable]) -> bool:
    """Whether every variable of `x` is d-separated from every variable of `y` given `given`."""
    return not any(border(dag, v, set(y), set(given)) & set(y) for v in x)


def active_path(dag: nx.DiGraph, x: Variable, y: Variable, given: Set[Variable]) -> list[Variable] | None:
    """A shortest path along which x and y depend given `given`, or ``None`` when they are d-separated.

    Every collider on the path is in `given` or has a descendant there, and no other variable on it is in `given`.

    Arguments:
        dag: The graph, edges parent -> child.
        x, y: Two different variables outside `given`.
        given: The variables that are conditioned on.

    Returns:
        The variables of the path, x first and y last.

    Source:
        The reachability algorithm of Koller & Friedman (2009), with the way back remembered.
    """
    conditioned = set(given)
    opened = conditioned | {a for v in conditioned for a in nx.ancestors(dag, v)}
    # A state is a variable and how the path came to it: up, from a child, or down, from a parent.
    start = (x, "up")
    came_from = {start: None}
    waiting = deque([start])
    while waiting:
        v, direction = state = waiting.popleft()
        if v == y:
            return _way_back(came_from, state)
        steps = []
        if direction == "up" and v not in conditioned:
            steps = [(parent, "up") for parent in dag.pred[v]] + [(child, "down") for child in dag.succ[v]]
        elif direction == "down":
            if v not in conditioned:
                steps += [(child, "down") for child in dag.succ[v]]
            if v in opened:
                steps += [(parent, "up") for parent in dag.pred[v]]
        for step in steps:
            if step not in came_from:
                came_from[step] = state
                waiting.append(step)
    return None


def _way_back(came_from: dict, state: tuple) -> list[Variable]:
    path = []
    while state is not None:
        path.append(state[0])
        state = came_from[state]
    return path[::-1]
