"""How far a network of marginals is from the exact ones, and evidence sets to measure it on."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.table_draws import TableDraws
from sirenvae.models.marginal_network import MarginalNetwork
from sirenvae.truth.elimination import true_marginals


def random_evidence(
    network: BayesianNetwork, num_sets: int, shares: tuple[float, float] = (0.05, 0.5), seed: int = 0
) -> Tensor:
    """Evidence sets of which every size between two shares of the variables comes alike often, with drawn states.

    Arguments:
        network: A discrete network: V variables.
        num_sets: N.
        shares: The least and the largest share of variables in the evidence, rounded to within.
        seed: Of draws and sets.

    Returns:
        Shape ``(N, V)``, numbers of states; NaN where a variable is hidden.

    Raises:
        InputError: If the network has no tables or no number of variables lies between the shares.
    """
    size = len(network.variables)
    least, most = math.ceil(shares[0] * size), math.floor(shares[1] * size)
    if not 0 <= least <= most < size:
        raise InputError(f"No number of {size} variables lies between the shares {shares} and leaves one to ask.")
    generator = torch.Generator().manual_seed(seed)
    states = torch.from_numpy(TableDraws(network).draw(_uniforms(num_sets, size, generator))).double()
    counts = torch.randint(least, most + 1, (num_sets, 1), generator=generator)
    ranks = torch.rand(num_sets, size, generator=generator).argsort(dim=1).argsort(dim=1)
    return torch.where(ranks < counts, states, torch.nan)


def exact_marginals(network: BayesianNetwork, x: Tensor) -> Tensor:
    """The exact marginals of every hidden variable, as :func:`marginal_divergence` takes them.

    Arguments:
        network: A discrete network: V variables of up to P states.
        x: Evidence sets, shape ``(N, V)``, as :func:`random_evidence` gives them.

    Returns:
        Shape ``(N, V, P)``; NaN where a variable is in the evidence, 0 where it has no such state.

    Raises:
        InputError: As :func:`true_marginals`.
    """
    num_states = max(map(len, network.states.values()))
    found = torch.full((*x.shape, num_states), torch.nan, dtype=torch.float64)
    for n, row in enumerate(x.tolist()):
        known = {v: int(state) for v, state in zip(network.variables, row, strict=True) if not math.isnan(state)}
        for v, exact in true_marginals(network, known).items():
            found[n, network.position[v]] = 0.0
            found[n, network.position[v], : len(exact.probs)] = exact.probs
    return found


def marginal_divergence(network: BayesianNetwork, q: MarginalNetwork, x: Tensor, exact: Tensor | None = None) -> Tensor:
    """KL(p(v | evidence) || q(v | evidence)) of every hidden variable, exact.

    Arguments:
        network: A discrete network: V variables.
        q: Over its variables.
        x: Evidence sets, shape ``(N, V)``, as :func:`random_evidence` gives them.
        exact: Their :func:`exact_marginals`, where they were found before; they take milliseconds a set.

    Returns:
        Shape ``(*R, N, V)``, nats; NaN where a variable is in the evidence.

    Raises:
        InputError: As :func:`true_marginals`.
    """
    exact = exact_marginals(network, x) if exact is None else exact
    learnt = q(x).logits.double().cpu()
    log_ratio = exact.clamp_min(1e-300).log() - learnt
    return torch.where(exact == 0, 0.0, exact * log_ratio).sum(dim=-1)


def _uniforms(num_rows: int, size: int, generator: torch.Generator) -> np.ndarray:
    return torch.rand(num_rows, size, generator=generator, dtype=torch.float64).numpy()
