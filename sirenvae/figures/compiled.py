"""Inference networks over several inverses: how their divergence falls, towards which floor, and when it is half a nat.

Source:
    Figures 6 and 9 of Webb et al., Faithful Inversion of Generative Models (2018); the floors are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sirenvae.experiments.registry import INVERSES

_BAND = 0.75  # standard deviations, as in the paper
_FEWER, _MORE = "#E69F00", "#CC79A7"  # further edges: up to 12, or more
_MANY = 12
_LEAST = 1e-4  # nats, the lowest that is drawn


def compiled_figure(rows: Sequence[dict], title: str = "", dark: bool = False) -> go.Figure:
    """KL against training steps, both on logarithmic axes, and beside it each run's step at half a nat.

    Arguments:
        rows: Of one network, one kind of data and one capacity, as
            :meth:`sirenvae.experiments.compiled.Compiled.rows` gives them.
        title: Of the figure.
        dark: Whether it stands on a dark page.

    Returns:
        The figure: a curve for each inverse, the mean over runs with a band of .75 standard deviations, its floor a
        dashed line where it is not 0; on the right a mark for each run, none where it never came there.
    """
    figure = make_subplots(1, 2, column_widths=[0.7, 0.3], horizontal_spacing=0.1)
    names = [_name(row) for row in rows]
    for row, name in zip(rows, names, strict=True):
        _add_curve(figure, row, name)
        _add_halves(figure, row, name)
    line = "#FFFFFF" if dark else "#444444"
    figure.add_hline(0.5, line_dash="dot", line_color=line, line_width=1, row=1, col=1)
    figure.update_xaxes(title="training steps", type="log", row=1, col=1)
    figure.update_yaxes(title="KL(p(z|x) || q(z|x)), nats", type="log", exponentformat="power", row=1, col=1)
    figure.update_xaxes(showticklabels=False, row=1, col=2)
    figure.update_yaxes(title="step at 0.5 nats, each run", row=1, col=2)
    figure.update_layout(
        title=title,
        template="plotly_dark" if dark else "plotly_white",
        legend=dict(orientation="h", y=-0.2),
        margin=dict(l=70, r=20, t=60, b=50),
    )
    return figure


def _add_curve(figure: go.Figure, row: dict, name: str) -> None:
    steps, means, spreads = row["steps"][1:], row["curve_mean"][1:], row["curve_sd"][1:]
    upper = [max(mean + _BAND * sd, _LEAST) for mean, sd in zip(means, spreads, strict=True)]
    lower = [max(mean - _BAND * sd, _LEAST) for mean, sd in zip(means, spreads, strict=True)]
    shared = dict(legendgroup=name, row=1, col=1)
    figure.add_scatter(
        x=steps + steps[::-1],
        y=upper + lower[::-1],
        fill="toself",
        fillcolor=_colour(row),
        opacity=0.18,
        mode="lines",
        line_width=0,
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    figure.add_scatter(
        x=steps,
        y=means,
        name=name,
        mode="lines",
        line=dict(color=_colour(row), width=2.5),
        hovertemplate="step %{x}: %{y:.4f} nats",
        **shared,
    )
    if row["floor"] > _LEAST:
        figure.add_scatter(
            x=[steps[0], steps[-1]],
            y=[row["floor"]] * 2,
            mode="lines",
            line=dict(color=_colour(row), width=1.5, dash="dash"),
            hovertemplate="floor %{y:.4f} nats",
            showlegend=False,
            **shared,
        )


def _add_halves(figure: go.Figure, row: dict, name: str) -> None:
    found = [step for step in row["runs"]["half"] if step is not None]
    figure.add_scatter(
        x=[name] * len(found),
        y=found,
        mode="markers",
        marker=dict(color=_colour(row), symbol=INVERSES[row["inverse"]].symbol, size=8, opacity=0.7),
        legendgroup=name,
        showlegend=False,
        hovertemplate=name + ": step %{y:.0f}<extra></extra>",
        row=1,
        col=2,
    )


def _name(row: dict) -> str:
    if not row["extra_edges"]:
        return f"{INVERSES[row['inverse']].label}, {row['edges']} edges"
    return f"+{row['extra_edges']} edges, places {row['placement']}"


def _colour(row: dict) -> str:
    if not row["extra_edges"]:
        return INVERSES[row["inverse"]].colour
    return _MORE if row["extra_edges"] > _MANY else _FEWER
