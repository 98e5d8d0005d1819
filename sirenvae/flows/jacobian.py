"""Jacobians of flows, formed whole. For pictures and tests: a flow itself needs only the diagonal."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def mean_absolute_jacobian(flow, num_points: int = 8, seed: int = 0) -> Tensor:
    r"""The mean of :math:`|\partial y_i / \partial (x, c)_j|` over standard normal points.

    By automatic differentiation. An entry is exactly zero where no path of unmasked weights leads from input j
    to output i: each product along a path then has the factor 0.

    Arguments:
        flow: A :class:`~sirenvae.flows.GraphicalResidualFlow` without replicas. It is measured in evaluation mode.
        num_points: How many points to average over.
        seed: Where the points start.

    Returns:
        Shape ``(D, D + C)``, in the precision of the flow's weights.

    Example:
        >>> from sirenvae.flows import GraphicalResidualFlow
        >>> flow = GraphicalResidualFlow(torch.tensor([[True, False], [True, True]]), num_blocks=3).double()
        >>> (mean_absolute_jacobian(flow) > 0).int()
        tensor([[1, 0],
                [1, 1]], dtype=torch.int32)
    """
    weight = next(flow.parameters())
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(num_points, flow.features + flow.context_features, generator=generator, dtype=weight.dtype)

    def push(points: Tensor) -> Tensor:
        context = points[:, flow.features :] if flow.context_features else None
        return flow.forward_and_log_det(points[:, : flow.features], context)[0]

    was_training = flow.training
    flow.eval()
    try:
        return mean_absolute_gradients(push, points.to(weight.device))
    finally:
        flow.train(was_training)


def mean_absolute_gradients(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """The mean |Jacobian| of a function that takes each point ``(N, M)`` to ``(N, D)`` by itself.

    Arguments:
        function: Takes the points.
        points: Where it is differentiated, shape ``(N, M)``.

    Returns:
        Shape ``(D, M)``.
    """
    points = points.detach().requires_grad_()
    y = function(points)
    # Points do not mix, so the gradient of a sum over points holds each point's own row of the Jacobian.
    rows = [torch.autograd.grad(y[:, i].sum(), points, retain_graph=True)[0] for i in range(y.shape[1])]
    return torch.stack(rows).abs().mean(dim=1)
