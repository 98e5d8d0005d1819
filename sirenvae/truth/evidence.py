"""What is known about a network with conditionals: draws, evidence, posterior. Raw units, float64.

The evidence of a linear-Gaussian network is in closed form, that of a discrete one is a sum over states, and that of
another one a sum over grids where the network is sparse enough, else an importance-sampled estimate with its standard
error.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.points import Points, as_points
from sirenvae.models.simulator import draw_network
from sirenvae.truth.distributions import observed_distribution, posterior_distribution
from sirenvae.truth.elimination import log_evidence_of_points
from sirenvae.truth.importance import NUM_SAMPLES, importance_log_prob
from sirenvae.truth.quadrature import Grids


def sample_network(network: BayesianNetwork, num_samples: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw from a network.

    Arguments:
        network: A network with conditionals.
        num_samples: How many draws, at least 1.
        seed: Of the random stream.

    Returns:
        x: Observed values, shape ``(num_samples, D)``, columns in declared order; of a discrete network the numbers of
            states, 0 to S - 1, whose names are ``network.states``.
        z: Latent values, shape ``(num_samples, K)``, likewise.

    Raises:
        InputError: If the network has no conditionals, or `num_samples` is below 1.
    """
    if num_samples < 1:
        raise InputError(f"The number of samples is at least 1, but {num_samples} came.")
    return draw_network(network, num_samples, torch.Generator().manual_seed(seed))


def true_log_prob(network: BayesianNetwork, x: Points) -> Tensor:
    """The log evidence log p(x) of a network: exact, or as :func:`true_log_prob_and_error` says.

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(*, D)``, columns in declared order.

    Returns:
        Shape ``(*)``, in nats.

    Raises:
        InputError: As :func:`true_log_prob_and_error`.
    """
    return true_log_prob_and_error(network, x)[0]


def true_log_prob_and_error(
    network: BayesianNetwork, x: Points, num_samples: int = NUM_SAMPLES, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """The log evidence log p(x) of a network, and its standard error.

    A linear-Gaussian network has it in closed form, a discrete one by the elimination of variables, minus infinity
    where x cannot be. Of another one the latents are summed out on grids, with an error below 1e-6 nats, if its graph
    is sparse enough (see :class:`sirenvae.truth.quadrature.Grids`); else the evidence is estimated (see
    :func:`sirenvae.truth.importance.importance_log_prob`). Errors of points are independent, so the mean over N points
    has the standard error ``(error**2).sum().sqrt() / N``.

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(*, D)``, columns in declared order.
        num_samples: Draws for each point where the evidence is estimated.
        seed: Of these draws.

    Returns:
        log_prob: Shape ``(*)``, in nats.
        standard_error: Shape ``(*)``, in nats; 0 where nothing is estimated.

    Raises:
        InputError: If the network has no conditionals, the last axis is not D, or the network is too entangled for
            grids and multiplies variables.
    """
    x = _observed_values(network, x)
    if network.is_discrete:
        return log_evidence_of_points(network, x), torch.zeros(x.shape[:-1], dtype=torch.float64)
    if not _is_nonlinear(network):
        log_prob = observed_distribution(network).log_prob(x)
        return log_prob, torch.zeros(x.shape[:-1], dtype=torch.float64)
    points, grids = x.reshape(-1, x.shape[-1]).numpy(force=True), Grids(network)
    if grids.feasible:
        log_prob, error = grids.log_prob(points), np.zeros(len(points))
    else:
        log_prob, error = importance_log_prob(network, points, num_samples, seed)
    return torch.from_numpy(log_prob).reshape(x.shape[:-1]), torch.from_numpy(error).reshape(x.shape[:-1])


def true_posterior(network: BayesianNetwork, x: Points) -> tuple[Tensor, Tensor]:
    """The moments of :func:`~sirenvae.truth.distributions.posterior_distribution`, a Gaussian.

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(*, D)``.

    Returns:
        mean: Shape ``(*, K)``, columns in declared order.
        covariance: Shape ``(K, K)``; it does not depend on `x`.

    Raises:
        InputError: If the network has no conditionals, one that is not linear Gaussian, or the last axis is not D.
    """
    posterior = posterior_distribution(network, _observed_values(network, x))
    return posterior.mean, posterior.covariance_matrix[(0,) * (posterior.covariance_matrix.ndim - 2)]


def _is_nonlinear(network: BayesianNetwork) -> bool:
    return network.conditionals is not None and not network.is_linear


def _observed_values(network: BayesianNetwork, x: Points) -> Tensor:
    return as_points(x, network.observed, min_axes=1).cpu()
