"""ELBO against training-set size as a plotly figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev

import plotly.graph_objects as go

from sirenvae.experiments.registry import LEARNERS


def truth_label(loss: float, error: float) -> str:
    """What the line of the truth is called: a loss in nats, and its standard error unless that is 0.

    >>> truth_label(28.9187, 0.0061)
    'estimated: 28.919 ± 0.006 nats'
    """
    return f"estimated: {loss:.3f} ± {error:.3f} nats" if error else f"exact: {loss:.2f} nats"


def elbo_vs_size_figure(rows: Sequence[dict], title: str = "", dark: bool = False) -> go.Figure:
    """Mean negative ELBO on test points against the number of training points, with a band over seeds.

    Arguments:
        rows: As :meth:`sirenvae.experiments.elbo_vs_size.ElboVsSize.rows` gives them: ``model``, ``size``, ``elbo`` and
            ``true_log_evidence`` with its ``true_log_evidence_error``, one row per seed, all of one network.
        title: Of the figure.
        dark: Whether it stands on a dark page.

    Returns:
        The figure; the truth on the same test points is a dashed line, with its standard error where it is estimated,
        and the band is one standard deviation over seeds. A model has no mark at a size at which a seed did not end
        with a finite ELBO.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), Figure 2.
    """
    figure = go.Figure()
    for model in LEARNERS:
        _add_curve(figure, model, [row for row in rows if row["model"] == model])
    if rows:
        figure.add_hline(
            -rows[0]["true_log_evidence"],
            line_dash="dash",
            line_color="#FFFFFF" if dark else "#444444",
            annotation_text=truth_label(-rows[0]["true_log_evidence"], rows[0]["true_log_evidence_error"]),
            annotation_position="bottom left",
        )
    ticks = sorted({row["size"] for row in rows})
    figure.update_layout(
        title=title,
        template="plotly_white",
        xaxis=dict(
            title="training points (log scale)", type="log", tickvals=ticks, ticktext=[f"{size:,}" for size in ticks]
        ),
        yaxis=dict(title="negative ELBO on test points (nats)"),
        legend=dict(x=0.98, y=0.98, xanchor="right", yanchor="top"),
        margin=dict(l=60, r=20, t=60, b=50),
    )
    return figure


def _add_curve(figure: go.Figure, model: str, rows: Sequence[dict]) -> None:
    """The mean of a model's runs at each size, and the band of their standard deviation."""
    learner = LEARNERS[model]
    sizes = sorted({row["size"] for row in rows} - {row["size"] for row in rows if not _is_finite(row["elbo"])})
    if not sizes:
        return
    losses = [[-row["elbo"] for row in rows if row["size"] == size] for size in sizes]
    centre = [mean(group) for group in losses]
    spread = [stdev(group) if len(group) > 1 else 0.0 for group in losses]
    upper = [c + s for c, s in zip(centre, spread, strict=True)]
    lower = [c - s for c, s in zip(centre, spread, strict=True)]
    band = dict(x=sizes + sizes[::-1], y=upper + lower[::-1], fill="toself", fillcolor=learner.colour, opacity=0.18)
    figure.add_scatter(**band, mode="lines", line_width=0, hoverinfo="skip", showlegend=False, legendgroup=model)
    figure.add_scatter(
        x=sizes,
        y=centre,
        name=learner.label,
        legendgroup=model,
        mode="lines+markers",
        line=dict(color=learner.colour, width=2.5),
        marker=dict(symbol=learner.symbol, size=9),
        customdata=spread,
        hovertemplate="%{x} points: %{y:.2f} ± %{customdata:.2f} nats",
    )


def _is_finite(value: float | None) -> bool:
    """Whether it is a number; reference results have ``None`` for what is not finite."""
    return value is not None and math.isfinite(value)
