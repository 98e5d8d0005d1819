"""How far q(z | x) is from the exact posterior, and how near a posterior with an inverse's edges can come to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, Inverse
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.models.drawing import drawing_order
from sirenvae.models.inference_network import InferenceNetwork
from sirenvae.models.points import Points, as_points
from sirenvae.truth.distributions import joint_log_prob
from sirenvae.truth.evidence import true_log_prob


@torch.no_grad()
def posterior_divergence(
    network: BayesianNetwork, q: InferenceNetwork, x: Points, z: Points, log_evidence: Tensor | None = None
) -> Tensor:
    r"""KL(p(z | x) || q(z | x)) at draws (x, z) of the network, whose mean estimates that over p(x).

    Where network and q are Gaussian the divergence of each factor is exact given the latents before it,

    .. math::
        \sum_k \mathrm{KL}\left(p(z_k \mid z_{<k}, x)\ \middle\|\ q(z_k \mid \mathrm{pa}_k)\right),

    which varies less than the difference of log densities that is taken elsewhere: p(x, z) over p(x) against q(z | x).

    Arguments:
        network: A network with conditionals whose evidence :func:`sirenvae.true_log_prob` knows.
        q: Over its variables.
        x, z: Draws of the network, shapes ``(N, D)`` and ``(N, K)``, raw units.
        log_evidence: log p(x), shape ``(N,)``, where it was found before; it takes long for some networks.

    Returns:
        Shape ``(*R, N)``, nats; a single one may be negative where it is a difference.

    Raises:
        InputError: As :func:`sirenvae.true_log_prob`.
    """
    x, z = as_points(x, network.observed).cpu(), as_points(z, network.latents).cpu()
    if not network.is_linear or q.settings["family"] != "gaussian":
        exact = joint_log_prob(network, x, z) - (true_log_prob(network, x) if log_evidence is None else log_evidence)
        return exact - q(x).log_prob(z.expand(*q.replicas, *z.shape)).cpu()
    rows = _rows(network, q.order, x, z)
    exact = _conditionals(network, q.order, rows, _all_before(q.order, network))
    with q.asked():
        standard = q.units.standard(rows.to(q.device)).to(q.dtype)
        learnt = q.family.factor(q.parameters_of_rows(standard.expand(*q.replicas, *standard.shape)))
    unit, shift = (value[0, : len(q.order)].cpu() for value in (q.units.scale, q.units.location))
    mean, deviation = (value.double().cpu() for value in (learnt.mean, learnt.stddev))
    factors = Normal(mean * unit + shift, deviation * unit, validate_args=False)
    return kl_divergence(exact, factors).sum(dim=-1)


def least_divergence(network: BayesianNetwork, inverse: Inverse, x: Points, z: Points) -> Tensor:
    """What :func:`posterior_divergence` is of the best posterior with an inverse's edges, at the same draws.

    Its mean over p(x) is :func:`sirenvae.posterior_gap`; the mean of some draws lies above or below it as that of a
    learnt posterior does, so the difference of the two is what learning has left.

    Arguments:
        network: A linear-Gaussian network.
        inverse: Over its variables.
        x, z: Draws of the network, shapes ``(N, D)`` and ``(N, K)``, raw units.

    Returns:
        Shape ``(N,)``, nats; zero for a faithful inverse.

    Raises:
        InputError: If the network is not linear Gaussian, or the inverse is not over its variables.
    """
    if not network.is_linear:
        raise InputError(f"The least divergence has a formula for linear-Gaussian networks; {network.name} is none.")
    order = drawing_order(network, inverse)
    rows, best = _best_factors(network, inverse, order, x, z)
    exact = _conditionals(network, order, rows, _all_before(order, network))
    return kl_divergence(exact, best).sum(dim=-1)


def least_log_prob(network: BayesianNetwork, inverse: Inverse, x: Points, z: Points) -> Tensor:
    """The log density of draws under the best posterior with an inverse's edges, whose factors are normal.

    Arguments and errors are those of :func:`least_divergence`; shape ``(N,)``, nats.
    """
    if not network.is_linear:
        raise InputError(f"The best posterior has a formula for linear-Gaussian networks; {network.name} is none.")
    order = drawing_order(network, inverse)
    rows, best = _best_factors(network, inverse, order, x, z)
    return best.log_prob(rows[:, : len(order)]).sum(dim=-1)


def _best_factors(
    network: BayesianNetwork, inverse: Inverse, order: tuple, x: Points, z: Points
) -> tuple[Tensor, Normal]:
    """The rows z|x, latents in the order given, and what the best factors of an inverse say at each."""
    x, z = as_points(x, network.observed).cpu(), as_points(z, network.latents).cpu()
    column = {v: i for i, v in enumerate((*order, *network.observed))}
    rows, parents = _rows(network, order, x, z), [[column[u] for u in inverse.dag.pred[v]] for v in order]
    return rows, _conditionals(network, order, rows, parents)


def _rows(network: BayesianNetwork, order: tuple, x: Tensor, z: Tensor) -> Tensor:
    """z|x, latents in the order given."""
    place = {v: i for i, v in enumerate(network.latents)}
    return torch.cat([z[:, [place[v] for v in order]], x], dim=1)


def _all_before(order: tuple, network: BayesianNetwork) -> list[list[int]]:
    """For each latent of the order the columns of the observed variables and of the latents before it."""
    observed = range(len(order), len(order) + len(network.observed))
    return [[*range(k), *observed] for k in range(len(order))]


def _conditionals(network: BayesianNetwork, order: tuple, rows: Tensor, given: Sequence[Sequence[int]]) -> Normal:
    """Each latent of the order given some columns of rows z|x, as the joint distribution has it."""
    mean, covariance, _ = joint_moments(network)
    where = columns(network, (*order, *network.observed))
    mean, covariance = mean[where], covariance[np.ix_(where, where)]
    means, deviations = [], []
    for k, others in enumerate(map(list, given)):
        gain = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, k])
        means.append(mean[k] + (rows[:, others] - torch.from_numpy(mean[others])) @ torch.from_numpy(gain))
        deviations.append(np.sqrt(covariance[k, k] - covariance[k, others] @ gain))
    return Normal(torch.stack(means, dim=-1), torch.tensor(deviations), validate_args=False)
