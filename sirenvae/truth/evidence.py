"""What is known about a network with conditionals: draws, evidence, posterior. Raw units, float64.

The evidence of a linear-Gaussian network is in closed form, that of another one a sum over grids where the network is
sparse enough, else an importance-sampled estimate with its standard error.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.models.points import Points, as_points
from sirenvae.models.simulated import Simulator
from sirenvae.truth.importance import NUM_SAMPLES, importance_log_prob
from sirenvae.truth.quadrature import Grids


def sample_network(network: BayesianNetwork, num_samples: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw from a network.

    Arguments:
        network: A network with conditionals.
        num_samples: How many draws, at least 1.
        seed: Of the random stream.

    Returns:
        x: Observed values, shape ``(num_samples, D)``, columns in declared order.
        z: Latent values, shape ``(num_samples, K)``, columns in declared order.

    Raises:
        InputError: If the network has no conditionals, or `num_samples` is below 1.
    """
    if num_samples < 1:
        raise InputError(f"The number of samples is at least 1, but {num_samples} came.")
    rows = network_simulator(network)(num_samples, torch.Generator().manual_seed(seed))
    x, z = rows.split([len(network.observed), len(network.latents)], dim=1)
    return x, z


def network_simulator(network: BayesianNetwork, latents: bool = True) -> Simulator:
    """A network as a source of training data: new draws at every step.

    Arguments:
        network: A network with conditionals.
        latents: Whether the latents stand beside the observed values.

    Returns:
        A function of a number N of rows and a generator on the CPU; it gives float64 rows in raw units, shape
        ``(N, D + K)`` or ``(N, D)``: x, then z, each in declared order.

    Raises:
        InputError: If the network has no conditionals.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> network_simulator(load_network("fork"))(5, torch.Generator()).shape
        torch.Size([5, 4])
    """
    if network.conditionals is None:
        raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")
    kept = (*network.observed, *(network.latents if latents else ()))
    order = columns(network, kept)
    moments = None if _is_nonlinear(network) else [torch.from_numpy(moment) for moment in joint_moments(network)]

    def draw(num_rows: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn(num_rows, len(network.variables), generator=generator, dtype=torch.float64)
        if moments is None:
            return _parents_first(network, noise)[:, order]
        mean, _, noise_map = moments
        return (mean + noise @ noise_map.T)[:, order]

    return draw


def _parents_first(network: BayesianNetwork, noise: Tensor) -> Tensor:
    values: dict = {}
    for v in network.topological_order:
        conditional = network.conditionals[v]
        errors = noise[:, network.position[v]].numpy()
        values[v] = conditional.mean(values) + np.sqrt(conditional.variance) * errors
    return torch.from_numpy(np.stack([values[v] for v in network.variables], axis=1))


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

    A linear-Gaussian network has it in closed form. Of another one the latents are summed out on grids, with an error
    below 1e-6 nats, if its graph is sparse enough (see :class:`sirenvae.truth.quadrature.Grids`); else the evidence is
    estimated (see :func:`sirenvae.truth.importance.importance_log_prob`). Errors of points are independent, so the
    mean over N points has the standard error ``(error**2).sum().sqrt() / N``.

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
    if not _is_nonlinear(network):
        mean, covariance = _moments_of(network, network.observed, network.observed)
        normal = torch.distributions.MultivariateNormal(mean, covariance, validate_args=False)
        return normal.log_prob(x), torch.zeros(x.shape[:-1], dtype=torch.float64)
    points, grids = x.reshape(-1, x.shape[-1]).numpy(force=True), Grids(network)
    if grids.feasible:
        log_prob, error = grids.log_prob(points), np.zeros(len(points))
    else:
        log_prob, error = importance_log_prob(network, points, num_samples, seed)
    return torch.from_numpy(log_prob).reshape(x.shape[:-1]), torch.from_numpy(error).reshape(x.shape[:-1])


def true_posterior(network: BayesianNetwork, x: Points) -> tuple[Tensor, Tensor]:
    r"""The exact posterior p(z | x) of a linear-Gaussian network, a Gaussian.

    .. math::
        E[z \mid x] = \mu_z + \Sigma_{zx} \Sigma_{xx}^{-1} (x - \mu_x), \qquad
        \mathrm{Cov}[z \mid x] = \Sigma_{zz} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xz}

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(*, D)``.

    Returns:
        mean: Shape ``(*, K)``, columns in declared order.
        covariance: Shape ``(K, K)``; it does not depend on `x`.

    Raises:
        InputError: If the network has no conditionals, one that is not linear Gaussian, or the last axis is not D.
    """
    x = _observed_values(network, x)
    mean_x, cov_xx = _moments_of(network, network.observed, network.observed)
    mean_z, cov_zz = _moments_of(network, network.latents, network.latents)
    _, cov_xz = _moments_of(network, network.observed, network.latents)
    gain = torch.linalg.solve(cov_xx, cov_xz)
    return mean_z + (x - mean_x) @ gain, cov_zz - cov_xz.mT @ gain


def _is_nonlinear(network: BayesianNetwork) -> bool:
    return network.conditionals is not None and not network.is_linear


def _moments_of(network: BayesianNetwork, rows, others) -> tuple[Tensor, Tensor]:
    mean, covariance, _ = joint_moments(network)
    rows, others = columns(network, rows), columns(network, others)
    return torch.from_numpy(mean[rows]), torch.from_numpy(covariance[np.ix_(rows, others)])


def _observed_values(network: BayesianNetwork, x: Points) -> Tensor:
    return as_points(x, network.observed, min_axes=1).cpu()
