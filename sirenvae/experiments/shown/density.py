"""The density that a flow gives to two of its variables, on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.flows import GraphicalResidualFlow

SIZE = 57  # of the grid, each way
_INNER = 31  # values of a third variable that is summed out
_REACH = 1.3  # how far beyond its points a third variable is summed out
LEVELS = (0.9, 0.5)  # shares of the mass inside the lines


@dataclass(frozen=True)
class PairDensity:
    """A density of two variables.

    Attributes:
        values: Shape ``(SIZE, SIZE)``, rows are the second variable, both axes from -window to window; the mass on the
            grid is 1.
        window: Where the grid ends, the same for both.
        levels: Shares of the mass.
        lines: The densities at the lines inside which these shares lie.
        shares: Which share of the points lies inside each of the lines.
        is_marginal: Whether the other variables are integrated out (there is none, or one), not held at their means.
    """

    values: np.ndarray
    window: float
    levels: tuple[float, ...]
    lines: tuple[float, ...]
    shares: tuple[float, ...]
    is_marginal: bool


def pair_density(
    flow: GraphicalResidualFlow,
    points: Tensor,
    pair: tuple[int, int],
    window: float,
    context: Tensor | None = None,
    first: int = 0,
) -> PairDensity:
    r"""The density of two variables that the blocks from `first` on carry to standard normal noise.

    .. math::
        \log p(z) = \log N(f(z); 0, I) + \sum_{k} \log\left|\det \tfrac{\partial f_k}{\partial z}\right|

    A third variable is summed out. More are held at the means of the points, and so is the context.

    Arguments:
        flow: A flow without replicas.
        points: Where its variables lie before block `first`, shape ``(N, D)``, D at least 2.
        pair: Which two variables.
        window: Both go from -window to window.
        context: Conditioning values of the points, shape ``(N, C)``.
        first: The block to begin with, counted from 0; T gives the noise itself.
    """
    import torch

    line = torch.linspace(-window, window, SIZE, dtype=points.dtype)
    others = [i for i in range(points.shape[1]) if i not in pair]
    if len(others) == 1:
        values = points[:, others[0]]
        middle, half = values.mean(), _REACH * (values - values.mean()).abs().max()
        inner = torch.linspace(middle - half, middle + half, _INNER, dtype=points.dtype)
    else:
        inner = torch.zeros(1, dtype=points.dtype)
    up, across, third = torch.meshgrid(line, line, inner, indexing="ij")
    grid = points.mean(dim=0).repeat(up.numel(), 1)
    grid[:, pair[0]], grid[:, pair[1]] = across.flatten(), up.flatten()
    if len(others) == 1:
        grid[:, others[0]] = third.flatten()
    density = _log_density(flow, grid, context, first).exp().view(SIZE, SIZE, -1).sum(dim=-1)
    density = density / (density.sum() * (line[1] - line[0]) ** 2)
    lines = _lines(density)
    shares = _shares_inside(density, window, lines, points[:, list(pair)])
    is_marginal = len(others) < 2 and context is None
    return PairDensity(density.numpy(), window, LEVELS, lines, shares, is_marginal)


def _log_density(flow: GraphicalResidualFlow, grid: Tensor, context: Tensor | None, first: int) -> Tensor:
    from sirenvae.flows import standard_normal_log_prob
    from sirenvae.flows.trajectory import trajectory

    if context is not None:
        context = context.mean(dim=0).expand(len(grid), -1)
    way = trajectory(flow, grid, context, first)
    return standard_normal_log_prob(way.points[-1]) + way.log_dets.sum(dim=0)


def _lines(density: Tensor) -> tuple[float, ...]:
    """The highest densities whose cells hold at least the shares :data:`LEVELS` of the mass."""
    falling = density.flatten().sort(descending=True).values
    mass = falling.cumsum(0) / falling.sum()
    return tuple(falling[(mass < share).sum()].item() for share in LEVELS)


def _shares_inside(density: Tensor, window: float, lines: tuple[float, ...], pairs: Tensor) -> tuple[float, ...]:
    """By the nearest value of the grid; what is off the grid is outside."""
    cells = ((pairs / window + 1) * (SIZE - 1) / 2).round().long()
    on_grid = ((cells >= 0) & (cells < SIZE)).all(dim=1)
    cells = cells.clamp(0, SIZE - 1)
    found = density[cells[:, 1], cells[:, 0]] * on_grid
    return tuple((found >= line).double().mean().item() for line in lines)
