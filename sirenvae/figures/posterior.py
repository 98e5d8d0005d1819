"""A learnt posterior beside the exact one, at one point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sirenvae.graphs import BayesianNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.models.exact import PartlyExactVAE

EXACT, LEARNT = "#000000", "#009E73"
_CORNERS = 80  # of an ellipse


@dataclass(frozen=True, eq=False)
class TwoPosteriors:
    """Means and covariances of p(z | x) and q(z | x) at one point, raw units, latents in declared order.

    Attributes:
        names: The latents.
        exact_mean, learnt_mean: Shape ``(K,)``.
        exact_covariance, learnt_covariance: Shape ``(K, K)``.
    """

    names: tuple[str, ...]
    exact_mean: np.ndarray
    exact_covariance: np.ndarray
    learnt_mean: np.ndarray
    learnt_covariance: np.ndarray

    @property
    def pair(self) -> tuple[int, int]:
        """The two latents that depend on each other most in the exact posterior."""
        deviation = np.sqrt(np.diag(self.exact_covariance))
        correlation = np.triu(np.abs(self.exact_covariance / np.outer(deviation, deviation)), 1)
        first, second = np.unravel_index(correlation.argmax(), correlation.shape)
        return int(first), int(second)


def two_posteriors(
    network: BayesianNetwork, model: PartlyExactVAE, x: Tensor, num_samples: int = 4000, seed: int = 0
) -> TwoPosteriors:
    """The exact posterior of a point and what a model's encoder says of it.

    Arguments:
        network: A linear-Gaussian network.
        model: A trained model of it with the exact prior, whose latents are the network's, without replicas.
        x: One point, shape ``(1, D)``, raw units.
        num_samples: Draws that the learnt moments are estimated from.
        seed: Of these draws.

    Raises:
        InputError: If the network is not linear Gaussian or the point has another shape.
    """
    import torch

    from sirenvae.models import true_posterior

    mean, covariance = true_posterior(network, x)
    learnt, spread = model.posterior(x).moments(num_samples, torch.Generator().manual_seed(seed))
    count = len(network.latents)
    scale, location = (value[0, :count].double() for value in (model.units.scale, model.units.location))
    return TwoPosteriors(
        tuple(map(str, network.latents)),
        mean[0].numpy(),
        covariance.numpy(),
        (learnt[0].double() * scale + location).numpy(),
        (spread[0].double() * scale * scale[:, None]).numpy(),
    )


def posterior_figure(both: TwoPosteriors) -> go.Figure:
    """Left each latent's mean with two standard deviations, right the ellipses of the pair that depends most."""
    figure = make_subplots(
        rows=1,
        cols=2,
        column_widths=[0.68, 0.32],
        subplot_titles=["mean ± 2 standard deviations", "two standard deviations of a pair"],
    )
    sides = [
        ("exact", EXACT, "dash", "line-ew-open", both.exact_mean, both.exact_covariance),
        ("learnt", LEARNT, "solid", "circle", both.learnt_mean, both.learnt_covariance),
    ]
    for k, (name, colour, dash, symbol, mean, covariance) in enumerate(sides):
        centred = mean - both.exact_mean  # every latent has a level of its own
        deviation = np.sqrt(np.diag(both.exact_covariance))
        figure.add_trace(
            go.Scatter(
                x=np.arange(len(mean)) + 0.25 * (k - 0.5),
                y=centred / deviation,
                error_y=dict(array=2 * np.sqrt(np.diag(covariance)) / deviation, color=colour, width=3),
                customdata=np.stack([mean, np.sqrt(np.diag(covariance))], axis=1),
                text=both.names,
                hovertemplate="%{text}: %{customdata[0]:.2f} ± %{customdata[1]:.2f}",
                mode="markers",
                marker=dict(color=colour, size=8, symbol=symbol, line_width=2),
                name=name,
                legendgroup=name,
            ),
            row=1,
            col=1,
        )
        x, y = _ellipse(mean[list(both.pair)], covariance[np.ix_(both.pair, both.pair)])
        line = dict(color=colour, dash=dash, width=2)
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="lines", line=line, name=name, legendgroup=name, showlegend=False), row=1, col=2
        )
    first, second = (both.names[i] for i in both.pair)
    figure.update_xaxes(tickvals=list(range(len(both.names))), ticktext=both.names, tickangle=60, col=1)
    figure.update_yaxes(title="difference to the exact mean, in exact standard deviations", col=1)
    figure.update_xaxes(title=first, col=2)
    figure.update_yaxes(title=second, col=2)
    return figure.update_layout(template="plotly_white", height=440, margin=dict(l=60, r=20, t=40, b=60))


def _ellipse(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The points two standard deviations from the mean, shape ``(2, corners)``."""
    turn = np.linspace(0, 2 * np.pi, _CORNERS)
    return mean[:, None] + 2 * np.linalg.cholesky(covariance) @ np.stack([np.cos(turn), np.sin(turn)])
