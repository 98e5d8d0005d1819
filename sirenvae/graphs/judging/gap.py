"""What an inverse costs: how far the best posterior of its structure stays from the exact one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from sirenvae.graphs.inversion import Inverse
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.graphs.network import BayesianNetwork, Variable


def posterior_gap(network: BayesianNetwork, inverse: Inverse) -> float:
    r"""The least expected divergence of a posterior with the edges of an inverse from the exact posterior.

    .. math::
        \min_q E_{p(x)} \mathrm{KL}(p(z \mid x) \,\|\, q(z \mid x))
        = \sum_k \tfrac12 \log \frac{\mathrm{var}(z_k \mid \mathrm{parents})}{\mathrm{var}(z_k \mid \mathrm{before})}

    The sum goes over the latents; "before" are the observed variables and the latents that come before z_k in the
    inverse's topological order. It is zero exactly where the inverse claims no false independence of this network.

    Arguments:
        network: A linear-Gaussian network.
        inverse: Its inverse by any rule.

    Returns:
        The divergence in nats.

    Raises:
        InputError: If the network has no conditionals, or one that is not linear Gaussian.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> [round(posterior_gap(net, invert(net, method=method)), 3) for method in ("nami", "stuhlmueller")]
        [0.0, 0.106]

    Source:
        The divergence is the one that inference compilation minimizes and that is reported for binary trees: Webb et
        al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), sections 2.3 and 3.2,
        Figure 6. Its least value in closed form is ours, from Koller & Friedman, Probabilistic Graphical Models (2009),
        section 7.2.
    """
    _, covariance, _ = joint_moments(network)
    before, total = [v for v in network.variables if v not in set(inverse.elimination_order)], 0.0
    for v in reversed(inverse.elimination_order):
        parents = set(inverse.dag.pred[v])
        if parents != set(before):
            total += math.log(_variance(network, covariance, v, parents) / _variance(network, covariance, v, before))
        before.append(v)
    return max(0.0, total / 2)


def _variance(network: BayesianNetwork, covariance: np.ndarray, v: Variable, given: Iterable[Variable]) -> float:
    """Of a variable given others, the same for all their values."""
    row, columns = network.position[v], [network.position[u] for u in given]
    across = covariance[columns, row]
    return float(covariance[row, row] - across @ np.linalg.solve(covariance[np.ix_(columns, columns)], across))
