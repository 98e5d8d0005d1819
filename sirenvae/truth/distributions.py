"""What a network with conditionals says of its variables, as distributions of torch's kind; raw units, float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, MultivariateNormal, Normal

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.linear_gaussian import columns, joint_moments


def conditional_distribution(
    network: BayesianNetwork, variable: Variable, values: Mapping[Variable, Tensor]
) -> Normal | Categorical:
    """p(v | pa(v)) at values of the parents; in a discrete network values are the numbers of states.

    Arguments:
        network: A network with conditionals.
        variable: v.
        values: At least the parents' values, any one shape.

    Raises:
        InputError: If the network has no conditionals or no such variable, or a parent has no value.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> conditional_distribution(load_network("collider"), "c", {"a": torch.ones(2), "b": torch.zeros(2)}).mean
        tensor([1., 1.], dtype=torch.float64)
    """
    if network.conditionals is None:
        raise InputError(f"{network.name} is a structure without numbers.")
    if variable not in network.conditionals:
        raise InputError(f"{network.name} has no variable {variable}.")
    conditional, parents = network.conditionals[variable], network.parents(variable)
    if missing := [str(parent) for parent in parents if parent not in values]:
        raise InputError(f"{variable} depends on {', '.join(missing)}, of which no value came.")
    if network.is_discrete:
        states = {v: np.asarray(values[v]).astype(np.int64) for v in parents}
        rows = torch.from_numpy(np.array(conditional.given(states)))
        return Categorical(logits=rows.log(), validate_args=False)  # of probabilities, torch would make 0 a bit more
    mean = conditional.mean({v: np.asarray(values[v], dtype=np.float64) for v in parents})
    deviation = torch.tensor(conditional.variance, dtype=torch.float64).sqrt()
    return Normal(torch.as_tensor(mean, dtype=torch.float64), deviation, validate_args=False)


def observed_distribution(network: BayesianNetwork) -> MultivariateNormal:
    """p(x) of a linear-Gaussian network, columns in declared order: event shape ``(D,)``.

    Raises:
        InputError: If the network has no conditionals, or one that is not linear Gaussian.
    """
    mean, covariance = moments_of(network, network.observed, network.observed)
    return MultivariateNormal(mean, covariance, validate_args=False)


def posterior_distribution(network: BayesianNetwork, x: Tensor) -> MultivariateNormal:
    r"""p(z | x) of a linear-Gaussian network, columns in declared order.

    .. math::
        E[z \mid x] = \mu_z + \Sigma_{zx} \Sigma_{xx}^{-1} (x - \mu_x), \qquad
        \mathrm{Cov}[z \mid x] = \Sigma_{zz} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xz}

    Arguments:
        network: The network.
        x: Observed values, shape ``(*, D)``, float64.

    Returns:
        Batch shape ``(*)``, event shape ``(K,)``; its covariance does not depend on x.

    Raises:
        InputError: If the network has no conditionals, or one that is not linear Gaussian.
    """
    mean_x, cov_xx = moments_of(network, network.observed, network.observed)
    mean_z, cov_zz = moments_of(network, network.latents, network.latents)
    _, cov_xz = moments_of(network, network.observed, network.latents)
    gain = torch.linalg.solve(cov_xx, cov_xz)
    return MultivariateNormal(mean_z + (x - mean_x) @ gain, cov_zz - cov_xz.mT @ gain, validate_args=False)


def moments_of(network: BayesianNetwork, rows, others) -> tuple[Tensor, Tensor]:
    """The mean of some variables, and their covariance with others."""
    mean, covariance, _ = joint_moments(network)
    rows, others = columns(network, rows), columns(network, others)
    return torch.from_numpy(mean[rows]), torch.from_numpy(covariance[np.ix_(rows, others)])


def joint_log_prob(network: BayesianNetwork, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) of a network with conditionals, shape ``(*)``, nats.

    Arguments:
        network: The network.
        x, z: Observed and latent values, shapes ``(*, D)`` and ``(*, K)`` or such that they broadcast; columns in
            declared order, raw units.
    """
    shape = torch.broadcast_shapes(x.shape[:-1], z.shape[:-1])
    both = torch.cat([x.expand(*shape, -1), z.to(x).expand(*shape, -1)], dim=-1)
    values = dict(zip((*network.observed, *network.latents), both.unbind(-1), strict=True))
    return sum(conditional_distribution(network, v, values).log_prob(values[v]) for v in network.variables)
