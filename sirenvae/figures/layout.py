"""Where to draw the variables: layered, parents above children, the same positions in every picture of a network."""

from __future__ import annotations

import math
from collections import defaultdict

import networkx as nx
from fast_sugiyama import from_edges

from sirenvae.errors import InputError

GAP = 72.0  # the least distance of two variables in one row
_LAYER_GAP = 1.6 * GAP  # from one layer to the next
_ROW_GAP = 0.9 * GAP  # from one row to the next inside a layer that is split into rows
_ASPECT = 1.5  # width over height of the pictures
_MAX_STRETCH = 4.0
_MAX_ROWS = 12
# What is laid out in seconds; far beyond it the layout fails natively and takes the process with it.
MOST_VARIABLES, MOST_EDGES, MOST_PASSED = 2_000, 2_500, 25_000


def layered_positions(dag: nx.DiGraph) -> dict:
    """Positions for drawing a directed acyclic graph, parents above children.

    A layer that is too wide for the picture is split into several rows, so that a graph of a thousand variables stays
    about as wide as it is high. The result depends on the graph alone.

    Arguments:
        dag: The graph.

    Returns:
        ``{variable: (x, y)}`` with y growing downwards, in units of which two variables are at least 60 apart.

    Example:
        >>> positions = layered_positions(nx.DiGraph([("a", "c"), ("b", "c")]))
        >>> positions["a"][1] == positions["b"][1] < positions["c"][1]
        True
    """
    layers = _layers(dag)
    rows = max(range(1, _MAX_ROWS + 1), key=lambda count: _scale(_fold(layers, count)))
    positions = _fold(layers, rows)
    width, height = _extent(positions)
    stretch = min(max(_ASPECT * height / width, 1.0), _MAX_STRETCH) if width else 1.0
    return {v: (round(stretch * x, 1), round(y, 1)) for v, (x, y) in positions.items()}


def check_drawable(dag: nx.DiGraph, name: str) -> None:
    """Refuse a graph that is too large to be laid out while one waits.

    Arguments:
        dag: The graph.
        name: What to call it.

    Raises:
        InputError: If it has more than 2,000 variables or 2,500 edges, or if its edges, each counted by the layers that
            it passes, are more than 25,000.
    """
    sizes = (("variables", len(dag), MOST_VARIABLES), ("edges", dag.number_of_edges(), MOST_EDGES))
    for what, count, most in sizes:
        if count > most:
            raise InputError(
                f"{name} has {count:,} {what}; networks of up to {most:,} are drawn, so use the command line or Python."
            )
    layer = {v: number for number, layer in enumerate(nx.topological_generations(dag)) for v in layer}
    passed = sum(layer[child] - layer[parent] for parent, child in dag.edges)
    if passed > MOST_PASSED:
        raise InputError(
            f"{name} has edges that together pass {passed:,} layers of variables; up to {MOST_PASSED:,} are drawn, so "
            "use the command line or Python."
        )


def _layers(dag: nx.DiGraph) -> list[list[tuple]]:
    """The layers from top to bottom, each a list of (x, variable) from left to right; isolated variables come last."""
    variables = list(dag)
    number = {v: i for i, v in enumerate(variables)}
    edges = [(number[parent], number[child]) for parent, child in dag.edges]
    places = from_edges(edges).compact_layouts_horizontal().to_dict() if edges else {}
    by_height = defaultdict(list)
    for i, v in enumerate(variables):
        if i in places:
            by_height[places[i][1]].append((places[i][0], i, v))
    layers = [[(x, v) for x, _, v in sorted(by_height[y])] for y in sorted(by_height, reverse=True)]
    isolated = [v for i, v in enumerate(variables) if i not in places]
    return layers + ([[(i * GAP, v) for i, v in enumerate(isolated)]] if isolated else [])


def _fold(layers: list[list[tuple]], rows: int) -> dict:
    """Squeeze the layers by the factor `rows` and put what would then touch into further rows of its layer."""
    positions, top = {}, 0.0
    for layer in layers:
        last = [-math.inf] * rows
        used = 1
        for x, v in layer:
            squeezed = x / rows
            row = next((r for r in range(rows) if squeezed - last[r] >= GAP - 1e-6), last.index(min(last)))
            last[row], used = squeezed, max(used, row + 1)
            positions[v] = (squeezed, top + row * _ROW_GAP)
        top += _LAYER_GAP + (used - 1) * _ROW_GAP
    return positions


def _extent(positions: dict) -> tuple[float, float]:
    xs, ys = zip(*positions.values(), strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


def _scale(positions: dict) -> float:
    """How large a disc gets when the picture is filled."""
    width, height = _extent(positions)
    return min(_ASPECT / (width + GAP), 1 / (height + GAP))
