"""Bounds on the log evidence, computed from log densities alone; in nats."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def elbo(log_likelihood: Tensor, log_prior: Tensor, log_posterior: Tensor, kl_weight: float | Tensor = 1.0) -> Tensor:
    r"""One-sample estimate of the evidence lower bound.

    .. math::
        \log p(x \mid z) + w\,(\log p(z) - \log q(z \mid x)), \qquad z \sim q(z \mid x)

    Arguments:
        log_likelihood, log_prior, log_posterior: The three log densities at the drawn z, any one shape, in nats.
        kl_weight: w; 1 gives the bound, less is used to warm up.

    Returns:
        The estimate, of the same shape.

    Source:
        Kingma & Welling, Auto-Encoding Variational Bayes (2014).
    """
    return log_likelihood + kl_weight * (log_prior - log_posterior)


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
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """How many of K weighted draws count, between 1 and K: (sum w)^2 / sum w^2, shape ``(*)`` for ``(K, *)``."""
    return torch.exp(2 * torch.logsumexp(log_weights, dim=0) - torch.logsumexp(2 * log_weights, dim=0))
