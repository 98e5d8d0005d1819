"""Fit a flow alone to points, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.flows.residual import GraphicalResidualFlow


def fit_flow(
    flow: GraphicalResidualFlow,
    x: Tensor,
    context: Tensor | None = None,
    *,
    num_steps: int = 300,
    batch_size: int = 200,
    learning_rate: float = 1e-2,
    seed: int = 0,
) -> Iterator[float]:
    r"""Train a flow that carries points to standard normal noise, a step at a time.

    .. math::
        \min\ -\frac{1}{N} \sum_n \log N(f(x_n); 0, I) + \log\left|\det \tfrac{\partial f}{\partial x}(x_n)\right|

    Adam, with a learning rate that falls to zero along a cosine. The flow is in evaluation mode whenever a loss is
    handed out; to stop early, stop iterating.

    Arguments:
        flow: A flow without replicas; it is trained in place.
        x: Points, shape ``(N, D)``, best standardized.
        context: Conditioning values, shape ``(N, C)``; ``None`` exactly when C = 0.
        num_steps, batch_size, learning_rate: As the names say; batches are drawn with replacement.
        seed: Of the batches.

    Returns:
        An iterator of the negative log-likelihood of each batch, before its step, in nats.

    Raises:
        InputError: If the points do not fit or are not finite.

    Example:
        >>> flow = GraphicalResidualFlow(torch.tensor([[True]]), num_blocks=2)
        >>> len(list(fit_flow(flow, torch.randn(50, 1), num_steps=3)))
        3

    Source:
        Mouton & Kroon, Graphical Residual Flows (2022), for the density of a Bayesian network's variables.
    """
    if not torch.isfinite(x).all():
        raise InputError("Points must be finite numbers, but some are NaN or infinite.")
    optimizer = torch.optim.Adam(flow.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_steps):
        rows = torch.randint(len(x), (min(batch_size, len(x)),), generator=generator)
        flow.train()
        loss = -flow.log_prob(x[rows], None if context is None else context[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        flow.eval()
        yield loss.item()
