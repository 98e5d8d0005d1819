"""What trained models say of the latents of one point, beside the exact posterior, and what they draw beside the data.

Everything comes as arrays, see :mod:`sirenvae.models.beside_truth`. Each model has its colour and its marker in all
figures, the exact truth is black (white on a dark page) and dashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sirenvae.figures.elbo import MODEL_LOOKS
from sirenvae.figures.ink import readable

if TYPE_CHECKING:
    import plotly.graph_objects as go

EXACT = "exact"
_SPREAD = 0.6  # how far the bars of one latent are apart from first to last, of the way to the next latent
_SHOWN = 600  # draws in a cloud
_NAMED = 60  # latents up to which each has its name on the axis


def posterior_figure(
    names: Sequence[str], posteriors: Mapping[str, tuple[np.ndarray, np.ndarray]], dark: bool = False
) -> go.Figure:
    """The mean of every latent with a bar of two standard deviations to either side, for each model and the truth.

    Arguments:
        names: Of the latents.
        posteriors: Mean and standard deviation, shape ``(K,)`` each, by model; :data:`EXACT` is the truth.
        dark: Whether the page is dark.
    """
    import plotly.graph_objects as go

    figure, places = go.Figure(), np.arange(len(names))
    figure.add_hrect(-2, 2, fillcolor="#888888", opacity=0.13, line_width=0, layer="below")
    for k, (model, (mean, deviation)) in enumerate(posteriors.items()):
        label, colour, symbol = _look(model, dark)
        shift = _SPREAD * (k / max(1, len(posteriors) - 1) - 0.5) if len(posteriors) > 1 else 0.0
        figure.add_scatter(
            x=places + shift,
            y=mean,
            error_y=dict(type="data", array=2 * deviation, color=colour, thickness=1.6, width=0),
            mode="markers",
            marker=dict(color=colour, symbol=symbol, size=8 if len(names) <= _NAMED else 5),
            name=label,
            customdata=np.stack([np.asarray(names, dtype=object), 2 * deviation], axis=1),
            hovertemplate="%{customdata[0]}: %{y:.2f} ± %{customdata[1]:.2f}",
        )
    if len(names) <= _NAMED:
        angle = 0 if len(names) <= 12 else -60 if len(names) <= 24 else -90
        size = 12 if len(names) <= 24 else 10
        figure.update_xaxes(tickvals=places, ticktext=list(names), tickangle=angle, tickfont_size=size)
    figure.update_xaxes(range=[-0.6, len(names) - 0.4], showgrid=False, zeroline=False)
    figure.update_yaxes(title="standard deviations of the prior", zeroline=True)
    return _laid_out(figure, dark, 380)


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
    titles = ["data" if model == EXACT else _look(model, dark)[0] for model in sides]
    figure = make_subplots(
        rows=1,
        cols=len(sides),
        subplot_titles=titles,
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
    figure.update_xaxes(range=[low[0] - air[0], high[0] + air[0]], title_text=names[0])
    if len(names) > 1:
        figure.update_yaxes(range=[low[1] - air[1], high[1] + air[1]])
    figure.update_yaxes(title_text=names[1] if len(names) > 1 else "density", col=1)
    return _laid_out(figure, dark, 340)


def _look(model: str, dark: bool) -> tuple[str, str, str]:
    if model == EXACT:
        return "exact", "#FFFFFF" if dark else "#000000", "star"
    return MODEL_LOOKS[model]


def _laid_out(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    legend = dict(orientation="h", yanchor="bottom", y=1.02, x=0)
    figure.update_layout(height=height, margin=dict(l=50, r=10, t=40, b=45), legend=legend)
    return readable(figure, dark)
