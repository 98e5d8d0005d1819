"""What a trained model says of the latents, on a scale on which the network's own can stand beside it.

A latent that was never seen has neither a unit nor a sign: a model is free to call the double of a variable, or its
negative, by the variable's name. So both sides are measured in standard deviations of their own prior, from its mean,
and the model's latent is turned over where its posterior means then agree better with the exact ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.models.base import LatentVariableModel
from sirenvae.truth.evidence import sample_network, true_posterior

_PRIOR_DRAWS = 4000
_MEAN_DRAWS = 64  # of each point's posterior, for its mean
_SEED = 5


@dataclass(frozen=True, eq=False)
class LatentScale:
    """How to read a model's latents.

    Attributes:
        mean, deviation: Of the model's prior, shape ``(K,)``, in the model's own units.
        sign: 1 or -1, shape ``(K,)``.
        agreement: Correlation of the posterior means with the exact ones over the points, shape ``(K,)``, after the
            sign is chosen; ``None`` where the exact posterior is not known.
    """

    mean: np.ndarray
    deviation: np.ndarray
    sign: np.ndarray
    agreement: np.ndarray | None

    def read(self, z: Tensor) -> np.ndarray:
        """Latents of the model, shape ``(*, K)``, in standard deviations of its prior."""
        return (z.double().numpy(force=True) - self.mean) / self.deviation * self.sign


def latent_scale(model: LatentVariableModel, x: Tensor) -> LatentScale:
    """Find out how to read the latents of a model without replicas.

    Arguments:
        model: The model.
        x: Points that signs are chosen by, shape ``(N, D)``, in raw units.
    """
    generator = torch.Generator(model.device).manual_seed(_SEED)
    drawn = model.sample_both(_PRIOR_DRAWS, generator)[1].double().numpy(force=True)
    mean, deviation = drawn.mean(axis=0), drawn.std(axis=0)
    ones = np.ones_like(mean)
    if not model.network.is_linear:
        return LatentScale(mean, deviation, ones, None)
    learnt = model.posterior(x).sample(_MEAN_DRAWS, generator).mean(dim=0).double().numpy(force=True)
    exact = true_posterior(model.network, x)[0].numpy()
    correlation = np.array([_correlation(a, b) for a, b in zip(learnt.T, exact.T, strict=True)])
    sign = np.where(correlation < 0, -1.0, 1.0)
    return LatentScale(mean, deviation, sign, np.abs(correlation))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of two columns; 0 where one of them is constant to rounding, as the posterior mean of a barren latent is."""
    if min(np.std(a), np.std(b)) < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def learnt_posterior(model: LatentVariableModel, scale: LatentScale, x: Tensor, num_draws: int = 2000) -> np.ndarray:
    """Draws of q(z | x) at one point x of shape ``(D,)``, shape ``(num_draws, K)``, in deviations of the prior."""
    generator = torch.Generator(model.device).manual_seed(_SEED)
    return scale.read(model.posterior(x.expand(num_draws, -1)).sample((), generator))


def exact_posterior(network: BayesianNetwork, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The exact p(z | x) of a linear-Gaussian network at one point, in standard deviations of its own prior.

    Returns:
        mean: Shape ``(K,)``.
        covariance: Shape ``(K, K)``.

    Raises:
        InputError: As :func:`~sirenvae.truth.evidence.true_posterior`.
    """
    mean, covariance = (moment.numpy() for moment in true_posterior(network, x))
    prior_mean, deviation = _prior_moments(network)
    return (mean - prior_mean) / deviation, covariance / np.outer(deviation, deviation)


def most_dependent(covariance: np.ndarray) -> tuple[int, ...]:
    """The two variables with the largest correlation of either sign; of a single one, that one."""
    if len(covariance) == 1:
        return (0,)
    deviation = np.sqrt(np.diag(covariance))
    correlation = np.abs(np.triu(covariance / np.outer(deviation, deviation), 1))
    return tuple(int(i) for i in np.unravel_index(np.nan_to_num(correlation).argmax(), correlation.shape))


def learnt_samples(model: LatentVariableModel, scale: LatentScale, num_samples: int) -> np.ndarray:
    """Draws of all variables, in the network's declared order: observed ones in raw units, latents as read."""
    generator = torch.Generator(model.device).manual_seed(_SEED)
    x, z = model.sample_both(num_samples, generator)
    return _in_order(model.network, x.double().numpy(force=True), scale.read(z))


def network_samples(network: BayesianNetwork, num_samples: int, seed: int) -> np.ndarray:
    """Draws of the network, in the same units: latents in standard deviations from their mean."""
    x, z = (values.numpy() for values in sample_network(network, num_samples, seed))
    mean, deviation = _prior_moments(network) if network.is_linear else (z.mean(axis=0), z.std(axis=0))
    return _in_order(network, x, (z - mean) / deviation)


def _prior_moments(network: BayesianNetwork) -> tuple[np.ndarray, np.ndarray]:
    mean, covariance, _ = joint_moments(network)
    latents = columns(network, network.latents)
    return mean[latents], np.sqrt(np.diag(covariance)[latents])


def _in_order(network: BayesianNetwork, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    values = np.empty((len(x), len(network.variables)))
    values[:, columns(network, network.observed)] = x
    values[:, columns(network, network.latents)] = z
    return values
