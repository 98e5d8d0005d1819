"""The evidence lower bound, from log densities alone; in nats."""

from __future__ import annotations

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
