"""Draws of a network with conditionals: what inference networks are trained on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments


def draw_network(network: BayesianNetwork, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw from a network.

    Arguments:
        network: A network with conditionals.
        num_samples: How many draws.
        generator: Source of randomness, on the CPU.

    Returns:
        x: Observed values, shape ``(num_samples, D)``, columns in declared order; raw units, float64.
        z: Latent values, shape ``(num_samples, K)``, columns in declared order.

    Raises:
        InputError: If the network has no conditionals.
    """
    noise = torch.randn(num_samples, len(network.variables), generator=generator, dtype=torch.float64)
    is_nonlinear = network.conditionals is not None and not network.is_linear
    values = _parents_first(network, noise) if is_nonlinear else _all_at_once(network, noise)
    return values[:, columns(network, network.observed)], values[:, columns(network, network.latents)]


def _all_at_once(network: BayesianNetwork, noise: Tensor) -> Tensor:
    mean, _, noise_map = (torch.from_numpy(moment) for moment in joint_moments(network))
    return mean + noise @ noise_map.T


def _parents_first(network: BayesianNetwork, noise: Tensor) -> Tensor:
    values: dict = {}
    for v in network.topological_order:
        conditional = network.conditionals[v]
        errors = noise[:, network.position[v]].numpy()
        values[v] = conditional.mean(values) + np.sqrt(conditional.variance) * errors
    return torch.from_numpy(np.stack([values[v] for v in network.variables], axis=1))
