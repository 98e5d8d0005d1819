"""The exact joint distribution of a linear-Gaussian network, in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.network import BayesianNetwork, Variable


def joint_moments(network: BayesianNetwork) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Mean, covariance and noise map of all V variables, in declared order and raw units.

    With :math:`v = B v + c + \varepsilon`, the variables are :math:`v = (I - B)^{-1}(c + \varepsilon)`.

    Returns:
        mean: Shape ``(V,)``.
        covariance: Shape ``(V, V)``.
        noise_map: Shape ``(V, V)``; ``mean + noise_map @ e`` with standard normal e is a draw of the network.

    Raises:
        InputError: If the network has no conditionals, or one that is not linear Gaussian.
    """
    if network.conditionals is None:
        raise InputError(
            f"{network.name} is a structure without numbers; sampling it needs linear-Gaussian conditionals."
        )
    if network.is_discrete:
        raise InputError(
            f"The variables of {network.name} have states, so it has no joint normal distribution; true_marginals and "
            "true_log_evidence ask its tables."
        )
    if not network.is_linear:
        raise InputError(
            f"{network.name} has conditionals that are not linear Gaussian, so its joint distribution, entropy and "
            "posterior have no closed form."
        )
    size = len(network.variables)
    slopes, intercepts, deviations = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    for v, conditional in network.conditionals.items():
        row = network.position[v]
        intercepts[row], deviations[row] = conditional.intercept, np.sqrt(conditional.variance)
        for parent, slope in conditional.coefficients.items():
            slopes[row, network.position[parent]] = slope
    total_effect = np.linalg.inv(np.eye(size) - slopes)
    noise_map = total_effect * deviations
    return total_effect @ intercepts, noise_map @ noise_map.T, noise_map


def columns(network: BayesianNetwork, variables: Sequence[Variable]) -> np.ndarray:
    """The places of the given variables in the declared order, for indexing moments."""
    return np.array([network.position[v] for v in variables])


def observed_entropy(network: BayesianNetwork) -> float:
    """The exact differential entropy of the observed variables, in nats and raw units.

    Raises:
        InputError: If the network has no conditionals, or one that is not linear Gaussian.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> round(observed_entropy(load_network("ecoli70")), 3)
        31.199
    """
    _, covariance, _ = joint_moments(network)
    seen = columns(network, network.observed)
    _, log_det = np.linalg.slogdet(covariance[np.ix_(seen, seen)])
    return float(0.5 * (len(seen) * np.log(2 * np.pi * np.e) + log_det))
