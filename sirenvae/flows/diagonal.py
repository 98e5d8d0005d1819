"""The log-determinant of a residual block from the diagonal of its Jacobian alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def log_det_from_diagonal(diagonals: Sequence[Tensor]) -> Tensor:
    r"""Log-determinant of stacked residual blocks :math:`x + g_t(x)` whose Jacobians are triangular in some order.

    .. math::
        \log\left|\det \tfrac{\partial y}{\partial x}\right|
        = \sum_{t=1}^{T} \sum_{i=1}^{D} \log\left(1 + \tfrac{\partial g_{t,i}}{\partial x_i}\right)

    No determinant changes when rows and columns are sorted alike, so no order has to be known: the edges of a network
    without cycles are enough, and no Jacobian is formed.

    Arguments:
        diagonals: Of dg/dx for each block, shape ``(*, D)`` each.

    Returns:
        Shape ``(*)``, in nats.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), section 2.2, on the product of the diagonal entries.
    """
    return torch.log1p(torch.cat(tuple(diagonals), dim=-1)).sum(dim=-1)
