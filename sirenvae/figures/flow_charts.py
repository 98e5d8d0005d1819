"""A stack of blocks as finished figures: what it reaches, and how it is turned around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sirenvae.figures.masks import blocks_needed

if TYPE_CHECKING:
    from sirenvae.experiments.shown.masks import FlowGraph

_SWEEPS = {
    "plain": ("plain sweep", "#D55E00", "dash", "diamond"),
    "diagonal": ("by the diagonal", "#0072B2", "dot", "square"),
    "newton": ("with the whole Jacobian (this package)", "#009E73", "solid", "circle"),
}
_SMALLEST = 1e-4  # of the mean |Jacobian|, where the colours begin
_MOST_LABELS = 20


def reach_figure(graph: FlowGraph, jacobians: Mapping[int, np.ndarray]) -> go.Figure:
    """The measured mean |Jacobian| of stacks of blocks; what must be zero is left white.

    Arguments:
        graph: The flow's dependencies.
        jacobians: By number of blocks, a picture for each, from
            :func:`~sirenvae.experiments.shown.masks.measured_jacobian`.
    """
    needed, names = blocks_needed(graph), graph.names
    titles = [f"{count} block{'s' * (count > 1)}" for count in jacobians]
    figure = make_subplots(rows=1, cols=len(titles), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.03)
    for column, (count, jacobian) in enumerate(jacobians.items(), start=1):
        reached = (needed > 0) & (needed <= count) | (jacobian != 0)
        values = np.where(reached, np.log10(np.maximum(jacobian, _SMALLEST)), np.nan)
        figure.add_trace(
            go.Heatmap(
                z=values,
                x=names,
                y=names[: graph.num_outputs],
                customdata=jacobian,
                hovertemplate="input %{x} → output %{y}: %{customdata:.2e}<extra></extra>",
                hoverongaps=False,
                coloraxis="coloraxis",
                xgap=1,
                ygap=1,
            ),
            row=1,
            col=column,
        )
    shows_names = len(names) <= _MOST_LABELS
    figure.update_xaxes(showticklabels=shows_names, title="input", constrain="domain", showgrid=False)
    figure.update_yaxes(showticklabels=shows_names, autorange="reversed", showgrid=False)
    figure.update_yaxes(title="output", col=1)
    ticks = list(range(int(np.log10(_SMALLEST)), 2))
    return figure.update_layout(
        template="plotly_white",
        height=380,
        margin=dict(l=60, r=20, t=40, b=50),
        coloraxis=dict(
            colorscale="Greens",
            cmin=ticks[0] - 1,
            cmax=ticks[-1],
            colorbar=dict(title="mean |∂y/∂x|", tickvals=ticks, ticktext=[f"{10.0**t:g}" for t in ticks]),
        ),
    )


def sweeps_figure(residuals: Sequence[Mapping[str, Sequence[float]]]) -> go.Figure:
    """How the residual falls from sweep to sweep while each block is undone, a picture for each block.

    Arguments:
        residuals: As :func:`sirenvae.figures.flows.flow_drawing` gives them for the way backwards: for each block the
            residuals of three kinds of sweep.
    """
    titles = [f"block {k}" for k in range(1, len(residuals) + 1)]
    figure = make_subplots(rows=1, cols=len(residuals), subplot_titles=titles, shared_yaxes=True)
    for column, kinds in enumerate(residuals, start=1):
        for kind, (name, colour, dash, symbol) in _SWEEPS.items():
            figure.add_trace(
                go.Scatter(
                    x=list(range(len(kinds[kind]))),
                    y=[value or None for value in kinds[kind]],  # a log axis has no zero
                    mode="lines+markers",
                    line=dict(color=colour, dash=dash),
                    marker=dict(color=colour, symbol=symbol, size=7),
                    name=name,
                    legendgroup=name,
                    showlegend=column == 1,
                    hovertemplate="sweep %{x}: %{y:.1e}",
                ),
                row=1,
                col=column,
            )
    figure.update_yaxes(type="log", exponentformat="power", dtick=2)
    figure.update_yaxes(title="largest residual |x + g(x) − y|", col=1)
    figure.update_xaxes(title="sweep")
    return figure.update_layout(
        template="plotly_white",
        height=400,
        margin=dict(l=70, r=20, t=40, b=50),
        legend=dict(orientation="h", x=0, y=-0.2, yanchor="top"),
    )
