"""How far q(z | x) is from the exact posterior of a linear-Gaussian or a discrete network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.models.inference_network import InferenceNetwork
from sirenvae.models.points import Points, as_points
from sirenvae.truth.distributions import joint_log_prob, posterior_distribution
from sirenvae.truth.elimination import log_evidence_of_points


@torch.no_grad()
def posterior_divergence(network: BayesianNetwork, q: InferenceNetwork, x: Points, z: Points) -> Tensor:
    r"""KL(p(z | x) || q(z | x)) at draws (x, z) of the network, whose mean estimates that over p(x).

    Where q has Gaussian factors the divergence of each is exact given the latents before it,

    .. math::
        \sum_k \mathrm{KL}\left(p(z_k \mid z_{<k}, x)\ \middle\|\ q(z_k \mid \mathrm{pa}_k)\right),

    which varies less than the difference of log densities that is taken elsewhere.

    Arguments:
        network: A linear-Gaussian or a discrete network.
        q: Over its variables.
        x, z: Draws of the network, shapes ``(N, D)`` and ``(N, K)``, raw units.

    Returns:
        Shape ``(*R, N)``, nats.

    Raises:
        InputError: If the network is neither.
    """
    if network.is_discrete:
        x, z = as_points(x, network.observed).cpu(), as_points(z, network.latents).cpu()
        exact = joint_log_prob(network, x, z) - log_evidence_of_points(network, x)
        return exact - q(x).log_prob(z.expand(*q.replicas, *z.shape)).cpu().double()
    if not network.is_linear:
        raise InputError(f"The posterior of {network.name} is not known in closed form.")
    x, z = as_points(x, network.observed).cpu(), as_points(z, network.latents).cpu()
    if q.settings["family"] != "gaussian":
        return posterior_distribution(network, x).log_prob(z) - q(x).log_prob(z.expand(*q.replicas, *z.shape)).cpu()
    place = {v: i for i, v in enumerate(network.latents)}
    rows = torch.cat([z[:, [place[v] for v in q.order]], x], dim=1)
    exact = _chain(network, q.order, rows)
    with q.asked():
        standard = q.units.standard(rows.to(q.device)).to(q.dtype)
        learnt = q.family.factor(q.parameters_of_rows(standard.expand(*q.replicas, *standard.shape)))
    unit, shift = (value[0, : len(q.order)].cpu() for value in (q.units.scale, q.units.location))
    mean, deviation = (value.double().cpu() for value in (learnt.mean, learnt.stddev))
    factors = Normal(mean * unit + shift, deviation * unit, validate_args=False)
    return kl_divergence(exact, factors).sum(dim=-1)


def _chain(network: BayesianNetwork, order: tuple, rows: Tensor) -> Normal:
    """p(z_k | z_<k, x) for each latent of the order, at rows z|x."""
    mean, covariance, _ = joint_moments(network)
    where = columns(network, (*order, *network.observed))
    mean, covariance = mean[where], covariance[np.ix_(where, where)]
    means, deviations = [], []
    for k in range(len(order)):
        given = [*range(k), *range(len(order), len(where))]
        gain = np.linalg.solve(covariance[np.ix_(given, given)], covariance[given, k])
        means.append(mean[k] + (rows[:, given] - torch.from_numpy(mean[given])) @ torch.from_numpy(gain))
        deviations.append(np.sqrt(covariance[k, k] - covariance[k, given] @ gain))
    return Normal(torch.stack(means, dim=-1), torch.tensor(deviations), validate_args=False)
