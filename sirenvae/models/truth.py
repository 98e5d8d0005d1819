"""What is known exactly about a linear-Gaussian network: draws, evidence, posterior. Raw units, float64."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments


def sample_network(network: BayesianNetwork, num_samples: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw from a linear-Gaussian network.

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
    mean, _, noise_map = (torch.from_numpy(moment) for moment in joint_moments(network))
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(num_samples, len(mean), generator=generator, dtype=torch.float64)
    values = mean + noise @ noise_map.T
    return values[:, columns(network, network.observed)], values[:, columns(network, network.latents)]


def true_log_prob(network: BayesianNetwork, x: Tensor | np.ndarray) -> Tensor:
    """The exact log evidence log p(x) of a linear-Gaussian network.

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(*, D)``, columns in declared order.

    Returns:
        Shape ``(*)``, in nats.

    Raises:
        InputError: If the network has no conditionals, or the last axis is not D.
    """
    x = _observed_values(network, x)
    mean, covariance = _moments_of(network, network.observed, network.observed)
    return torch.distributions.MultivariateNormal(mean, covariance, validate_args=False).log_prob(x)


def true_posterior(network: BayesianNetwork, x: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
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
        InputError: If the network has no conditionals, or the last axis is not D.
    """
    x = _observed_values(network, x)
    mean_x, cov_xx = _moments_of(network, network.observed, network.observed)
    mean_z, cov_zz = _moments_of(network, network.latents, network.latents)
    _, cov_xz = _moments_of(network, network.observed, network.latents)
    gain = torch.linalg.solve(cov_xx, cov_xz)
    return mean_z + (x - mean_x) @ gain, cov_zz - cov_xz.mT @ gain


def _moments_of(network: BayesianNetwork, rows, others) -> tuple[Tensor, Tensor]:
    mean, covariance, _ = joint_moments(network)
    rows, others = columns(network, rows), columns(network, others)
    return torch.from_numpy(mean[rows]), torch.from_numpy(covariance[np.ix_(rows, others)])


def _observed_values(network: BayesianNetwork, x: Tensor | np.ndarray) -> Tensor:
    x = torch.as_tensor(x, dtype=torch.float64)
    if x.ndim == 0 or x.shape[-1] != len(network.observed):
        raise InputError(
            f"The network has {len(network.observed)} observed variables, but data of shape {tuple(x.shape)} came."
        )
    return x
