"""What trained models say of the latents of one point, beside the exact posterior, and what they draw beside the data.

Everything comes as arrays, see :mod:`sirenvae.truth.beside_truth`. Each model has its colour and its marker in all
figures, the exact truth is black (white on a dark page) and dashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sirenvae.experiments.registry import LEARNERS
from sirenvae.figures.ink import readable

if TYPE_CHECKING:
    import plotly.graph_objects as go

EXACT = "exact"
_SPREAD = 0.6  # how far the bars of one latent are apart from first to last, of the way to the next latent
_SHOWN = 600  # draws in a cloud
_NAMED = 60  # latents up to which each has its name on the axis
_SIDE_BY_SIDE = 12  # latents up to which names fit below a picture; more are rows, one below the other
_ROW = 18  # pixels


def posterior_figure(
    names: Sequence[str], posteriors: Mapping[str, tuple[np.ndarray, np.ndarray]], dark: bool = False
) -> go.Figure:
    """The mean of every latent with a bar of two standard deviations to either side, for each model and the truth.

    A few latents stand side by side, more of them are rows (see :func:`has_rows`).

    Arguments:
        names: Of the latents.
        posteriors: Mean and standard deviation, shape ``(K,)`` each, by model; :data:`EXACT` is the truth.
        dark: Whether the page is dark.
    """
    import plotly.graph_objects as go

    figure, places = go.Figure(), np.arange(len(names))
    rows = has_rows(len(names))
    place, value = ("y", "x") if rows else ("x", "y")
    prior = dict(fillcolor="#888888", opacity=0.13, line_width=0, layer="below")
    (figure.add_vrect if rows else figure.add_hrect)(-2, 2, **prior)
    for k, (model, (mean, deviation)) in enumerate(posteriors.items()):
        label, colour, symbol = _look(model, dark)
        spread = _SPREAD * (0.8 if rows else 1.0)  # rows are low, so those of one latent keep together
        shift = spread * (k / max(1, len(posteriors) - 1) - 0.5) if len(posteriors) > 1 else 0.0
        bars = dict(type="data", array=2 * deviation, color=colour, thickness=1.6, width=0)
        size = 5 if len(names) > _NAMED else 6 if rows else 8
        figure.add_scatter(
            **{place: places + shift, value: mean, f"error_{value}": bars},
            mode="markers",
            marker=dict(color=colour, symbol=symbol, size=size),
            name=label,
            customdata=np.stack([np.asarray(names, dtype=object), 2 * deviation], axis=1),
            hovertemplate=f"%{{customdata[0]}}: %{{{value}:.2f}} ± %{{customdata[1]:.2f}}",
        )
    range_ = [len(names) - 0.4, -0.6] if rows else [-0.6, len(names) - 0.4]  # the first latent is on top
    axis = dict(range=range_, showgrid=False, zeroline=False)
    if len(names) <= _NAMED:
        axis |= dict(tickvals=places, ticktext=list(names))
    figure.update_layout({f"{place}axis": axis, f"{value}axis": dict(title="standard deviations of the prior")})
    figure = _laid_out(figure, dark, 110 + _ROW * len(names) if rows else 380)
    return figure.update_layout(margin_l=10).update_yaxes(automargin=True) if rows else figure


def has_rows(num_latents: int) -> bool:
    """Whether so many latents are rows: too many for names side by side, and few enough to have names at all."""
    return _SIDE_BY_SIDE < num_latents <= _NAMED


def ellipses_figure(
    names: tuple[str, str],
    exact: tuple[np.ndarray, np.ndarray] | None,
    draws: Mapping[str, np.ndarray],
    dark: bool = False,
) -> go.Figure:
    """Two latents of one point: draws of each model's posterior and its ellipse of two standard deviations.

    Arguments:
        names: Of the two latents.
        exact: Mean ``(2,)`` and covariance ``(2, 2)`` of the exact posterior, where it is known.
        draws: Shape ``(S, 2)``, by model.
        dark: Whether the page is dark.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for model, values in draws.items():
        label, colour, _ = _look(model, dark)
        x, y = values[:_SHOWN].T
        cloud = dict(mode="markers", marker=dict(color=colour, size=3, opacity=0.3), hoverinfo="skip", showlegend=False)
        figure.add_scattergl(x=x, y=y, **cloud)
        _add_ellipse(figure, values.mean(axis=0), np.cov(values.T), dict(color=colour, width=2.5), label)
    if exact is not None:
        label, colour, _ = _look(EXACT, dark)
        _add_ellipse(figure, *exact, dict(color=colour, width=2.5, dash="dash"), label)
    figure.update_xaxes(title=names[0])
    figure.update_yaxes(title=names[1], scaleanchor="x")
    return _laid_out(figure, dark, 420)


def ellipse(mean: np.ndarray, covariance: np.ndarray, num_points: int = 73) -> np.ndarray:
    """The points at two standard deviations from a Gaussian's mean, shape ``(num_points, 2)``."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0, 2 * np.pi, num_points)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return mean + 2 * (circle * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _add_ellipse(figure: go.Figure, mean: np.ndarray, covariance: np.ndarray, line: dict, label: str) -> None:
    x, y = ellipse(mean, covariance).T
    figure.add_scatter(x=x, y=y, mode="lines", line=line, name=label, hoverinfo="name")


def draws_figure(
    names: Sequence[str], data: np.ndarray, draws: Mapping[str, np.ndarray], dark: bool = False
) -> go.Figure:
    """Draws of two variables, data and models side by side with the same axes; of one variable as histograms.

    Arguments:
        names: Of the one or two variables.
        data: Shape ``(N, 1 or 2)``.
        draws: The same by model.
        dark: Whether the page is dark.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    sides = {EXACT: data, **draws}
    titles = ["data" if model == EXACT else LEARNERS[model].short for model in sides]
    figure = make_subplots(
        rows=1,
        cols=len(sides),
        subplot_titles=[title.replace(" ", "<br>") for title in titles],  # five of them fit on a phone
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
    )
    low, high = (np.quantile(np.concatenate(list(sides.values())), q, axis=0) for q in (0.002, 0.998))
    air = 0.08 * (high - low)
    for column, (model, values) in enumerate(sides.items(), start=1):
        colour = _look(model, dark)[1]
        if values.shape[1] == 1:
            bins = dict(start=low[0] - air[0], end=high[0] + air[0], size=(high[0] - low[0] + 2 * air[0]) / 40)
            trace = go.Histogram(x=values[:, 0], xbins=bins, marker_color=colour, histnorm="probability density")
        else:
            x, y = values[:_SHOWN].T
            trace = go.Scattergl(x=x, y=y, mode="markers", marker=dict(color=colour, size=4, opacity=0.55))
        figure.add_trace(trace.update(showlegend=False, name=titles[column - 1]), row=1, col=column)
    figure.update_xaxes(range=[low[0] - air[0], high[0] + air[0]], title_text=names[0], nticks=4)
    if len(names) > 1:
        figure.update_yaxes(range=[low[1] - air[1], high[1] + air[1]])
    figure.update_yaxes(title_text=names[1] if len(names) > 1 else "density", col=1)
    return _laid_out(figure, dark, 350)


def _look(model: str, dark: bool) -> tuple[str, str, str]:
    if model == EXACT:
        return "exact", "#FFFFFF" if dark else "#000000", "star"
    return LEARNERS[model].label, LEARNERS[model].colour, LEARNERS[model].symbol


def _laid_out(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    legend = dict(orientation="h", yanchor="bottom", y=1.02, x=0)
    figure.update_layout(height=height, margin=dict(l=50, r=10, t=40, b=45), legend=legend)
    return readable(figure, dark)
