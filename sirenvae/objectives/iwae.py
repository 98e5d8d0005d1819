"""The importance-weighted bound and its effective sample size, from log weights alone; in nats."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def iwae_bound(log_weights: Tensor) -> Tensor:
    r"""Importance-weighted bound :math:`\log \frac1K \sum_k w_k` from the log weights of K draws.

    Arguments:
        log_weights: log p(x, z) - log q(z | x) of each draw, shape ``(K, *)``.

    Returns:
        Shape ``(*)``, in nats. In expectation it grows with K from the ELBO to log p(x).

    Source:
        Burda et al., Importance Weighted Autoencoders (2016); with K = 500 the test log-likelihood of Mouton & Kroon,
        SIReN-VAE (2022), section 3.
    """
    return bound_from_sums(log_sums(log_weights), len(log_weights))


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """How many of K weighted draws count, between 1 and K: (sum w)^2 / sum w^2, shape ``(*)`` for ``(K, *)``."""
    return ess_from_sums(log_sums(log_weights))


def log_sums(log_weights: Tensor) -> Tensor:
    """log sum w and log sum w^2 over K draws, shape ``(2, *)`` for ``(K, *)``; bound and sample size follow."""
    return torch.stack([torch.logsumexp(power * log_weights, dim=0) for power in (1, 2)])


def add_sums(parts: Sequence[Tensor]) -> Tensor:
    """The :func:`log_sums` of all draws from those of parts of them."""
    return torch.logsumexp(torch.stack(tuple(parts)), dim=0)


def bound_from_sums(sums: Tensor, num_samples: int) -> Tensor:
    """The bound of :func:`iwae_bound`."""
    return sums[0] - math.log(num_samples)


def ess_from_sums(sums: Tensor) -> Tensor:
    """The size of :func:`effective_sample_size`."""
    return torch.exp(2 * sums[0] - sums[1])
