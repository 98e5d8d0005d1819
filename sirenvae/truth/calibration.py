"""Whether an inference network means what it says: ranks of the truth among its draws, and what its intervals cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.network import Variable
from sirenvae.models.inference_network import InferenceNetwork
from sirenvae.models.simulator import draw_network

_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, eq=False)
class SimulationRanks:
    """Where the true latents lie among draws of q(z | x); if q is the posterior, anywhere with the same probability.

    Attributes:
        latents: K names, in declared order.
        num_draws: S, draws for each point.
        ranks: How many of the draws lie below the truth, from 0 to S, shape ``(N, K)``.
        p_values: For each latent the Kolmogorov-Smirnov test of its ranks against the uniform distribution, shape
            ``(K,)``. Ranks are spread at random within their steps of 1 / (S + 1), which makes the test exact.
    """

    latents: tuple[Variable, ...]
    num_draws: int
    ranks: Tensor
    p_values: Tensor

    @property
    def p_value(self) -> float:
        """Of all latents together: the least one times their number (Bonferroni), at most 1."""
        return min(1.0, len(self.latents) * self.p_values.min().item())


def simulation_ranks(
    network: BayesianNetwork, q: InferenceNetwork, num_points: int = 2000, num_draws: int = 199, seed: int = 0
) -> SimulationRanks:
    """Simulation-based calibration: draw (x, z) from the network, and rank z among draws of q(z | x).

    Arguments:
        network: A network with conditionals.
        q: Of its variables, without replicas.
        num_points: N, draws of the network.
        num_draws: S, draws of q for each of them. With 199 the intervals that hold 50 and 90 % end between ranks.
        seed: Of all draws.

    Raises:
        InputError: If the inference network is of other variables or has replicas, a number is below 1, or scipy is
            missing.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("fork")
        >>> q = sv.InferenceNetwork(net, sv.invert(net), capacity=200)
        >>> q.prepare(net, [])  # the linear start is the exact posterior here
        >>> ranks = simulation_ranks(net, q, num_points=500)
        >>> ranks.p_value > 0.01, abs(coverage(ranks, 0.5).item() - 0.5) < 0.1
        (True, True)

    Source:
        Talts et al., Validating Bayesian Inference Algorithms with Simulation-Based Calibration (2018).
    """
    if min(num_points, num_draws) < 1:
        raise InputError(f"Ranks need at least 1 point and 1 draw, but {num_points} and {num_draws} came.")
    q.check_single(network)
    generator = torch.Generator().manual_seed(seed)
    x, z = draw_network(network, num_points, generator)
    per_piece = max(1, _ROWS_AT_ONCE // num_draws)
    pieces = zip(x.split(per_piece), z.split(per_piece), strict=True)
    ranks = torch.cat([(q(a).sample((num_draws,), generator).cpu() < b).sum(dim=0) for a, b in pieces])
    spread = (ranks + torch.rand(ranks.shape, generator=generator, dtype=torch.float64)) / (num_draws + 1)
    return SimulationRanks(network.latents, num_draws, ranks, _uniformity(spread))


def coverage(ranks: SimulationRanks, level: float | Sequence[float] = (0.5, 0.9)) -> Tensor:
    """How often the central interval of q(z | x) that should hold the truth with some probability does hold it.

    The interval ends at quantiles of the draws; with ranks it is those in the middle.

    Arguments:
        ranks: From :func:`simulation_ranks`.
        level: The probability, or several.

    Returns:
        A share for each latent, shape ``(K,)``; of several levels ``(levels, K)``. Its standard error is
        ``(level * (1 - level) / N) ** 0.5``.

    Raises:
        InputError: If a level is not between 0 and 1, or no interval between ranks has it exactly.
    """
    levels = [level] if isinstance(level, (int, float)) else list(level)
    steps = ranks.num_draws + 1
    covered = []
    for one in levels:
        outside = steps * (1 - one) / 2
        below = round(outside)
        if not 0 < one < 1 or abs(outside - below) > 1e-6:
            raise InputError(
                f"With {ranks.num_draws} draws no central interval between ranks holds {one:g}; with 199 draws there "
                "are those of whole percents."
            )
        covered.append(((ranks.ranks >= below) & (ranks.ranks < steps - below)).double().mean(dim=0))
    return covered[0] if isinstance(level, (int, float)) else torch.stack(covered)


def _uniformity(values: Tensor) -> Tensor:
    """The p-value of each column, shape ``(K,)``."""
    try:
        from scipy.stats import kstest
    except ModuleNotFoundError as error:
        raise InputError(
            f"The test of ranks needs {error.name}; pip install 'sirenvae[references]' installs it."
        ) from error
    return torch.tensor([kstest(column.numpy(), "uniform").pvalue for column in values.unbind(dim=1)])
