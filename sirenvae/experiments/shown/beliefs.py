"""What exact and learnt posteriors say of the latents at one point, and which variables to show of many."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch

from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.models import InferenceNetwork
from sirenvae.truth import sample_network, true_posterior

LEVEL = 0.9  # of the intervals
_SEED = 5
_NUM_DRAWS = 4000  # for the units of a network without moments in closed form


@dataclass(frozen=True, eq=False)
class Belief:
    """Of all latents at one point, in declared order and raw units.

    Attributes:
        mean, low, high: Shape ``(K,)``; the ends of the central interval of 90 %.
        covariance: Shape ``(K, K)``.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    covariance: np.ndarray


def exact_belief(network: BayesianNetwork, x: np.ndarray) -> Belief | None:
    """That of a linear-Gaussian network at a point of shape ``(D,)``; ``None`` for others."""
    if not network.is_linear:
        return None
    mean, covariance = (moment.numpy() for moment in true_posterior(network, torch.from_numpy(x)))
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * np.sqrt(np.diag(covariance))
    return Belief(mean, mean - reach, mean + reach, covariance)


def learnt_belief(q: InferenceNetwork, x: np.ndarray, num_draws: int) -> Belief:
    """That of an inference network, from draws; the same noise at every point, so that it moves with x alone."""
    generator = torch.Generator().manual_seed(_SEED)
    z = q(torch.from_numpy(x).unsqueeze(0)).sample((num_draws,), generator)[:, 0].numpy()
    low, high = np.quantile(z, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    return Belief(z.mean(axis=0), low, high, np.atleast_2d(np.cov(z.T)))


def prior_moments(network: BayesianNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(V,)`` and covariance ``(V, V)`` of all variables in declared order; of draws, without a formula."""
    if network.is_linear:
        return joint_moments(network)[:2]
    x, z = (values.numpy() for values in sample_network(network, _NUM_DRAWS, _SEED))
    rows = np.empty((_NUM_DRAWS, len(network.variables)))
    rows[:, [network.position[v] for v in network.observed]] = x
    rows[:, [network.position[v] for v in network.latents]] = z
    return rows.mean(axis=0), np.cov(rows.T)


def most_entangled(network: BayesianNetwork, covariance: np.ndarray, most: int) -> list[int]:
    """Of the latents those that depend most on another one, once the observed variables are known; in order.

    Arguments:
        network: The network.
        covariance: Of all its variables.
        most: How many.
    """
    latents, observed = ([network.position[v] for v in some] for some in (network.latents, network.observed))
    across = covariance[np.ix_(observed, latents)]
    left = covariance[np.ix_(latents, latents)] - across.T @ np.linalg.solve(
        covariance[np.ix_(observed, observed)], across
    )
    deviation = np.sqrt(np.diag(left))
    correlation = np.abs(left / np.outer(deviation, deviation)) - np.eye(len(latents))
    return sorted(np.argsort(-correlation.max(axis=0), kind="stable")[:most].tolist())


def most_telling(covariance: np.ndarray, asked: list[int], others: list[int], most: int) -> list[int]:
    """Of the other variables those that tell most of the asked ones, by the sum of squared correlations; in order.

    Arguments:
        covariance: Of all variables.
        asked, others: Their places.
        most: How many.
    """
    deviation = np.sqrt(np.diag(covariance))
    squares = (covariance[np.ix_(asked, others)] / np.outer(deviation[asked], deviation[others])) ** 2
    best = np.argsort(-squares.sum(axis=0), kind="stable")[:most]
    return sorted(others[i] for i in best)
