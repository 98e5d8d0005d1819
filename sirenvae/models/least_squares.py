"""The best linear prediction of some columns from others, from rows or from draws without end."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_RIDGE = 1.0  # In rows: what a prior of unit variance on every slope weighs, where columns have standard units.


@torch.no_grad()
def least_squares(rows: Iterator[Tensor], adjacency: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Regress each of the first columns on the columns of its row of an adjacency.

    .. math::
        \hat\beta_i = \left(V_{\mathrm{pa}}^\top V_{\mathrm{pa}} + I\right)^{-1} V_{\mathrm{pa}}^\top v_i

    from one matrix of products for all columns; the identity is a ridge that few or collinear rows need and many rows
    do not feel.

    Arguments:
        rows: Pieces of shape ``(N, M)``, in standard units, float64.
        adjacency: Bool, shape ``(K, M)``, K at most M.

    Returns:
        slopes: Shape ``(K, M)``, zero where there is no edge.
        intercepts: Shape ``(K,)``.
        deviations: Of what is left, shape ``(K,)``, corrected for the number of slopes.
    """
    count, total, products = 0, 0.0, 0.0
    for piece in rows:
        count += len(piece)
        total = total + piece.sum(dim=0)
        products = products + piece.mT @ piece
    mean = total / count
    products = products - count * mean.outer(mean)
    slopes = products.new_zeros(adjacency.shape)
    variances = products.new_zeros(len(adjacency))
    for i, row in enumerate(adjacency):
        parents = row.nonzero().flatten()
        own = products[parents][:, parents] + _RIDGE * torch.eye(len(parents)).to(products)
        slopes[i, parents] = torch.linalg.solve(own, products[parents, i])
        left = products[i, i] - 2 * slopes[i] @ products[:, i] + slopes[i] @ products @ slopes[i]
        variances[i] = left / max(1, count - 1 - len(parents))
    floor = torch.finfo(torch.float32).eps
    return slopes, mean[: len(adjacency)] - slopes @ mean, variances.clamp_min(floor).sqrt()
