"""How much of the correlations in a sample is noise."""

from __future__ import annotations

import math

from torch import Tensor


def noise_to_signal(x: Tensor) -> float:
    r"""Noise in the sample covariance relative to what it says, as estimated by Ledoit and Wolf.

    With sample covariance S of N points in D dimensions and its nearest multiple of the identity, m I, it is

    .. math::
        \frac{\beta^2}{\delta^2 - \beta^2}, \qquad \delta^2 = \lVert S - m I \rVert^2, \quad
        \beta^2 = \frac1{N^2} \sum_n \lVert x_n x_n^\top - S \rVert^2,

    so that their optimal shrinkage is this over one plus this.

    Arguments:
        x: Centred points, standardized if their units differ, shape ``(N, D)``.

    Returns:
        At least 0, and it falls like 1/N; infinite where the sample does not differ from noise, and 0 where D is 1.

    Source:
        Ledoit & Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004).
    """
    x = x.double()
    num_points, num_features = x.shape
    if num_features == 1:
        return 0.0
    covariance = x.mT @ x / num_points
    size = covariance.square().sum()
    spread = (size - covariance.trace().square() / num_features).item()
    noise = ((x.square().sum(dim=1).square().mean() - size) / num_points).item()
    return noise / (spread - noise) if noise < spread else math.inf
