"""Networks with conditionals as sources of training data: draws without end."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.graphs.table_draws import TableDraws
from sirenvae.models.simulated import Simulator


def network_simulator(network: BayesianNetwork, latents: bool = True) -> Simulator:
    """A network as a source of training data: new draws at every step.

    Arguments:
        network: A network with conditionals.
        latents: Whether the latents stand beside the observed values.

    Returns:
        A function of a number N of rows and a generator on the CPU; it gives float64 rows in raw units, shape
        ``(N, D + K)`` or ``(N, D)``: x, then z, each in declared order. Those of a discrete network are the numbers of
        states, 0 to S - 1, whose names are ``network.states``.

    Raises:
        InputError: If the network has no conditionals.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> network_simulator(load_network("fork"))(5, torch.Generator()).shape
        torch.Size([5, 4])
    """
    if network.conditionals is None:
        raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")
    order = columns(network, (*network.observed, *(network.latents if latents else ())))
    if network.is_discrete:
        tables = TableDraws(network)

        def draw_states(num_rows: int, generator: torch.Generator) -> Tensor:
            uniforms = torch.rand(num_rows, tables.num_variables, generator=generator, dtype=torch.float64)
            return torch.from_numpy(tables.draw(uniforms.numpy())[:, order]).double()

        return draw_states
    moments = [torch.from_numpy(moment) for moment in joint_moments(network)] if network.is_linear else None

    def draw(num_rows: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn(num_rows, len(network.variables), generator=generator, dtype=torch.float64)
        if moments is None:
            return _parents_first(network, noise)[:, order]
        mean, _, noise_map = moments
        return (mean + noise @ noise_map.T)[:, order]

    return draw


def draw_network(network: BayesianNetwork, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws of a network, observed and latent values apart; see :func:`network_simulator`."""
    rows = network_simulator(network)(num_samples, generator)
    x, z = rows.split([len(network.observed), len(network.latents)], dim=1)
    return x, z


def _parents_first(network: BayesianNetwork, noise: Tensor) -> Tensor:
    values: dict = {}
    for v in network.topological_order:
        conditional = network.conditionals[v]
        errors = noise[:, network.position[v]].numpy()
        values[v] = conditional.mean(values) + np.sqrt(conditional.variance) * errors
    return torch.from_numpy(np.stack([values[v] for v in network.variables], axis=1))
