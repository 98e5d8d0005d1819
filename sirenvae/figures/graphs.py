"""Networks, induced graphs and inverses as plotly panels, every variable at the same place in each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sirenvae.figures.layout import layered_positions
from sirenvae.graphs import BayesianNetwork, EliminationStep, Inverse, graphs_at, moralizing_edges
from sirenvae.graphs.network import Variable

Edge = tuple[Variable, Variable]

# Name in the legend, colour, dash, whether it has an arrowhead; the textbook's signs, as in the app.
EDGE_LOOKS = {
    "network": ("edge of the network", "#30363C", "solid", True),
    "moral": ("added by moralizing", "#882255", "dot", False),
    "fill": ("fill edge", "#D55E00", "dash", False),
    "inverse": ("edge of the inverse", "#009E73", "solid", True),
    "missing": ("missing in this inverse", "#D55E00", "dash", True),
    "spare": ("not needed", "#E69F00", "dashdot", True),
}
_ROLES = {
    "latent": ("latent", "#FFFFFF", "#30363C"),
    "observed": ("observed", "#BFC4C9", "#30363C"),
    "eliminated": ("eliminated", "#30363C", "#FFFFFF"),
}
_DISC, _NAMED = 24, 20  # diameter in pixels where names fit, and up to how many variables they do
_NEAR = 30.0  # a straight edge this near to a third variable is bent around it
_BEND, _CORNERS = 0.22, 12  # how far a bent edge bows out, relative to its length, and its pieces


@dataclass(frozen=True)
class Panel:
    """One picture of a figure.

    Attributes:
        title: Above it.
        edges: Edges by kind, one of :data:`EDGE_LOOKS`.
        roles: The role of a variable, ``"latent"``, ``"observed"`` or ``"eliminated"``, where it is not the network's.
    """

    title: str
    edges: Mapping[str, Iterable[Edge]]
    roles: Mapping[Variable, str] = field(default_factory=dict)


def network_figure(network: BayesianNetwork, title: str = "", height: int = 420) -> go.Figure:
    """The network alone."""
    return panels_figure(network, [Panel(title or network.name, {"network": network.dag.edges})], height=height)


def inverses_figure(
    network: BayesianNetwork,
    inverses: Mapping[str, Inverse],
    against: Inverse | None = None,
    columns: int | None = None,
    height: int = 420,
) -> go.Figure:
    """The network and inverses of it side by side.

    Arguments:
        network: The network.
        inverses: By title.
        against: A faithful and minimal inverse of the same order; what an inverse lacks or has too many beside it is
            marked.
        columns: How many pictures in a row; all of them if not given.
        height: In pixels.
    """
    panels = [Panel(network.name, {"network": network.dag.edges})]
    for title, inverse in inverses.items():
        own = set(inverse.dag.edges)
        edges = {"inverse": own}
        if against is not None:
            wanted = set(against.dag.edges)
            turned = {edge for edge in own if edge[::-1] in wanted}
            edges = {
                "inverse": own & wanted | turned,
                "missing": {edge for edge in wanted - own if edge[::-1] not in turned},
                "spare": own - wanted - turned,
            }
        panels.append(Panel(f"{title}: {inverse.dag.number_of_edges()} edges", edges))
    return panels_figure(network, panels, columns, height)


def trace_figure(network: BayesianNetwork, inverse: Inverse, row_height: int = 250) -> go.Figure:
    """The run of an elimination: for each step the induced graph so far above, the inverse so far below.

    Arguments:
        network: The network, small enough for one picture for each latent.
        inverse: Its inverse by NaMI.
        row_height: In pixels.

    Source:
        Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), Table 1.
    """
    steps = [step for step in inverse.steps if isinstance(step, EliminationStep)]
    moral = {"network": network.dag.edges, "moral": moralizing_edges(network)}
    above = [Panel("moral graph", _undirected(moral))]
    below = [Panel("", {})]
    for k, step in enumerate(steps, start=1):
        graphs = graphs_at(network, inverse, k)
        roles = dict(graphs.induced.nodes(data="role"))
        kinds: dict[str, list[Edge]] = {"network": [], "moral": [], "fill": []}
        for a, b, kind in graphs.induced.edges(data="kind"):
            kinds[kind].append((a, b))
        above.append(Panel(f"{k}: {step.eliminated} goes", _undirected(kinds), roles))
        below.append(Panel("", {"inverse": graphs.inverse.edges}, roles))
    return panels_figure(network, above + below, columns=len(above), height=2 * row_height)


def _undirected(kinds: Mapping[str, Iterable[Edge]]) -> dict[str, list[Edge]]:
    """Lines without arrowheads: of a moral or induced graph."""
    return {f"{kind}, undirected": list(edges) for kind, edges in kinds.items()}


def panels_figure(
    network: BayesianNetwork, panels: Sequence[Panel], columns: int | None = None, height: int = 420
) -> go.Figure:
    """Pictures of graphs over the variables of one network, side by side or in rows.

    Arguments:
        network: Says where variables are drawn and which are observed.
        panels: What to draw, row by row; one without edges and title stays empty.
        columns: How many in a row; all of them if not given.
        height: Of the figure, in pixels.
    """
    columns = columns or len(panels)
    places = {v: (x, -y) for v, (x, y) in layered_positions(network.dag).items()}
    figure = make_subplots(
        rows=-(-len(panels) // columns),
        cols=columns,
        subplot_titles=[panel.title for panel in panels],
        horizontal_spacing=0.02,
        vertical_spacing=0.04,
    )
    in_legend: set[str] = set()
    for k, panel in enumerate(panels):
        if not panel.title and not panel.edges:
            continue
        where = dict(row=k // columns + 1, col=k % columns + 1)
        for kind, edges in panel.edges.items():
            if edges := list(edges):
                figure.add_trace(_edges(kind, edges, places, in_legend), **where)
        for trace in _discs(network, panel.roles, places, in_legend):
            figure.add_trace(trace, **where)
    xs, ys = zip(*places.values(), strict=True)
    figure.update_xaxes(visible=False, range=[min(xs) - 60, max(xs) + 60])
    figure.update_yaxes(visible=False, range=[min(ys) - 50, max(ys) + 50])
    return figure.update_layout(
        template="plotly_white",
        height=height,
        margin=dict(l=10, r=10, t=40, b=10),
        legend=dict(orientation="h", x=0, y=-0.02, yanchor="top"),
    )


def _edges(kind: str, edges: list[Edge], places: Mapping, in_legend: set[str]) -> go.Scatter:
    look, _, undirected = kind.partition(", ")
    name, colour, dash, has_arrow = EDGE_LOOKS[look]
    xs, ys, sizes, gaps = [], [], [], []
    radius = _DISC / 2 if len(places) <= _NAMED else 5
    for a, b in sorted(edges, key=lambda edge: (places[edge[0]], places[edge[1]])):  # the same in every process
        line = _line(a, b, places)
        xs += [x for x, _ in line] + [None]
        ys += [y for _, y in line] + [None]
        sizes += [0] * (len(line) - 1) + [9 if has_arrow and not undirected else 0, 0]
        gaps += [0] * (len(line) - 1) + [0 if undirected else radius, 0]
    shown = name not in in_legend
    in_legend.add(name)
    return go.Scatter(
        x=xs,
        y=ys,
        name=name,
        legendgroup=name,
        showlegend=shown,
        mode="lines+markers",
        line=dict(color=colour, width=1.8 if len(places) <= _NAMED else 1.0, dash=dash),
        marker=dict(symbol="arrow", angleref="previous", size=sizes, color=colour, standoff=gaps, opacity=1),
        hoverinfo="skip",
    )


def _line(a: Variable, b: Variable, places: Mapping) -> list[tuple[float, float]]:
    """From a to b: straight, or in a bow where a third variable is in the way."""
    (x0, y0), (x1, y1) = places[a], places[b]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    in_the_way = (v for v in places if v not in (a, b) and _distance(places[v], (x0, y0), (x1, y1)) < _NEAR)
    if next(in_the_way, None) is None:
        return [(x0, y0), (x1, y1)]
    bow = _BEND + 30 / length
    middle = ((x0 + x1) / 2 + bow * (y1 - y0), (y0 + y1) / 2 - bow * (x1 - x0))
    shares = [i / _CORNERS for i in range(_CORNERS + 1)]
    return [
        tuple(
            (1 - t) ** 2 * start + 2 * t * (1 - t) * bent + t**2 * end
            for start, bent, end in zip((x0, y0), middle, (x1, y1), strict=True)
        )
        for t in shares
    ]


def _distance(point, start, end) -> float:
    """From a point to the segment between two others."""
    (px, py), (x0, y0), (x1, y1) = point, start, end
    dx, dy = x1 - x0, y1 - y0
    along = max(0.0, min(1.0, ((px - x0) * dx + (py - y0) * dy) / ((dx * dx + dy * dy) or 1.0)))
    return hypot(px - x0 - along * dx, py - y0 - along * dy)


def _discs(network: BayesianNetwork, roles: Mapping, places: Mapping, in_legend: set[str]) -> list[go.Scatter]:
    observed, is_small = set(network.observed), len(places) <= _NAMED
    by_role: dict[str, list[Variable]] = {}
    for v in network.variables:
        by_role.setdefault(roles.get(v, "observed" if v in observed else "latent"), []).append(v)
    traces = []
    for role, members in by_role.items():
        name, fill, ink = _ROLES[role]
        shown = name not in in_legend
        in_legend.add(name)
        traces.append(
            go.Scatter(
                x=[places[v][0] for v in members],
                y=[places[v][1] for v in members],
                name=name,
                legendgroup=name,
                showlegend=shown,
                mode="markers+text" if is_small else "markers",
                text=[str(v) for v in members],
                textfont=dict(color=ink, size=12 if all(len(str(v)) < 4 for v in places) else 9),
                marker=dict(size=_DISC if is_small else 9, color=fill, line=dict(color="#30363C", width=1.5)),
                hovertemplate="%{text}, " + role + "<extra></extra>",
            )
        )
    return traces
