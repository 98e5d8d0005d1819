"""What an inverse costs, against the divergence computed from whole Gaussians and against optimized posteriors."""

import numpy as np
import pytest
import torch
from random_networks import random_network

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import joint_moments

RULES = [(m, o) for m in ("nami", "stuhlmueller", "mean_field", "fully_connected") for o in ("topological", "reverse")]


def divergence_of_best_posterior(network, inverse) -> float:
    """KL(p(x, z) || p(x) q(z | x)), q from regressions of each latent on its parents, as two whole Gaussians."""
    _, covariance, _ = joint_moments(network)
    order = [v for v in network.variables if v not in set(inverse.elimination_order)]
    order += reversed(inverse.elimination_order)
    rows = [network.position[v] for v in order]
    p = covariance[np.ix_(rows, rows)]
    slopes, noise = np.zeros_like(p), np.zeros(len(p))
    for i, v in enumerate(order):
        observed = v not in set(inverse.elimination_order)
        parents = list(range(i)) if observed else [order.index(u) for u in inverse.dag.predecessors(v)]
        weights = np.linalg.solve(p[np.ix_(parents, parents)], p[parents, i])
        slopes[i, parents], noise[i] = weights, p[i, i] - p[i, parents] @ weights
    spread = np.linalg.inv(np.eye(len(p)) - slopes)
    normals = [
        torch.distributions.MultivariateNormal(torch.zeros(len(p), dtype=torch.float64), torch.from_numpy(matrix))
        for matrix in (p, spread @ np.diag(noise) @ spread.T)
    ]
    return torch.distributions.kl_divergence(*normals).item()


@pytest.mark.parametrize(("method", "order"), RULES)
@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_divergence_of_two_gaussians(seed, method, order):
    network = random_network(3 + seed, seed)
    inverse = sv.invert(network, order, method=method)
    gap = sv.posterior_gap(network, inverse)
    assert gap == pytest.approx(divergence_of_best_posterior(network, inverse), abs=1e-9)
    assert (gap < 1e-9) == sv.is_faithful(network, inverse)


def test_only_linear_gaussian_networks_have_it():
    network = sv.load_network("circuit")
    with pytest.raises(sv.InputError):
        sv.posterior_gap(network, sv.invert(network))
