"""Networks with plates and their inverses, collapsed: a disc for each template, a box around each plate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx
import plotly.graph_objects as go

from sirenvae.errors import InputError
from sirenvae.figures.graphs import Panel, panels_figure
from sirenvae.figures.layout import layered_positions
from sirenvae.graphs import BayesianNetwork, Inverse, SharedFactor, shared_factors

_ROOM, _INK = 38, "#30363C"  # around the discs of a plate, in the units of positions


def plates_figure(network: BayesianNetwork, inverses: Mapping[str, Inverse], height: int = 460) -> go.Figure:
    """A network with plates and inverses of it side by side, each collapsed.

    Below each picture stands its factorization, for a look at other copies cannot be drawn: ``z[>i]`` are all later
    copies.

    Arguments:
        network: With plates.
        inverses: By title.
        height: In pixels.

    Raises:
        InputError: If the network has no plates, or cannot be drawn as templates without a directed cycle.

    Source:
        Buntine, Operations for Learning with Graphical Models (1994), for plates.
    """
    if not network.plates:
        raise InputError(f"{network.name} has no plates; sirenvae.figures.graphs draws it as it is.")
    collapsed = collapsed_network(network)
    own = shared_factors(network)
    panels, words = [Panel(network.name, {"network": template_edges(own)})], [own]
    for title, inverse in inverses.items():
        factors = shared_factors(network, inverse.dag)
        panels.append(Panel(f"{title}: {inverse.dag.number_of_edges():,} edges", {"inverse": template_edges(factors)}))
        words.append(factors)
    figure = panels_figure(collapsed, panels, height=height)
    places = {v: (x, -y) for v, (x, y) in layered_positions(collapsed.dag).items()}
    for number, factors in enumerate(words, start=1):
        axis = "" if number == 1 else str(number)
        _add_boxes(figure, network, places, axis)
        _add_words(figure, factors, axis)
    return figure.update_layout(margin=dict(l=10, r=10, t=40, b=30 + 18 * max(map(len, words))), legend_y=1.14)


def collapsed_network(network: BayesianNetwork) -> BayesianNetwork:
    """The structure over templates and variables in no plate; looks at other copies of the same template left out.

    Raises:
        InputError: If it has a directed cycle.
    """
    factors, member = shared_factors(network), {c: m for p in network.plates for m in p.members for c in p.copies(m)}
    dag = nx.DiGraph()
    dag.add_nodes_from(dict.fromkeys(member.get(v, v) for v in network.variables))
    dag.add_edges_from(template_edges(factors))
    return BayesianNetwork(dag, {member.get(v, v) for v in network.observed}, name=network.name)


def template_edges(factors: Sequence[SharedFactor]) -> list[tuple]:
    """Between templates, each once."""
    pairs = [(parent, factor.variable) for factor in factors for parent in factor.parents]
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))


def _add_boxes(figure: go.Figure, network: BayesianNetwork, places: Mapping, axis: str) -> None:
    for plate in network.plates:
        xs, ys = zip(*(places[member] for member in plate.members), strict=True)
        corners = dict(x0=min(xs) - _ROOM, x1=max(xs) + _ROOM, y0=min(ys) - _ROOM, y1=max(ys) + _ROOM)
        where = dict(xref=f"x{axis}", yref=f"y{axis}")
        figure.add_shape(type="rect", **corners, **where, line=dict(color=_INK, width=1.5), layer="below")
        text = f"{plate.name}, i = 0 … {plate.size - 1}"
        corner = dict(x=corners["x1"], y=corners["y0"], xanchor="right", yanchor="bottom")
        figure.add_annotation(text=text, **corner, **where, showarrow=False, font=dict(size=11, color=_INK))
    y = list(figure.layout[f"yaxis{axis}"].range)
    figure.layout[f"yaxis{axis}"].range = [min(y[0], min(y for _, y in places.values()) - _ROOM - 20), y[1]]


def _add_words(figure: go.Figure, factors: Sequence[SharedFactor], axis: str) -> None:
    text = "<br>".join(str(factor).replace(">", "&gt;").replace("<", "&lt;") for factor in factors)
    left = figure.layout[f"xaxis{axis}"].domain[0]
    where = dict(xref="paper", yref="paper", x=left, y=0, xanchor="left", yanchor="top")
    figure.add_annotation(text=text, align="left", showarrow=False, font=dict(size=12, family="monospace"), **where)
