"""One inference network from its name to its figures: built, trained for some steps or seconds, and judged."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.experiments.inference_race import inverse_named
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.graphs import BayesianNetwork, is_faithful
from sirenvae.models import InferenceNetwork
from sirenvae.training.fit import fit
from sirenvae.training.loop import EpochRecord
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth import sample_network, true_log_prob, true_log_prob_and_error, true_marginals, true_posterior
from sirenvae.truth.calibration import coverage, simulation_ranks
from sirenvae.truth.divergence import least_divergence, posterior_divergence
from sirenvae.truth.weighted import WeightedDraws, importance

LEVEL = 0.9  # Of the intervals that are told.
_REHEARSAL = 64  # Steps by which a step's time is measured.
_WEIGHED = 200  # Test points whose effective sample size is measured.


@dataclass(frozen=True)
class Inferring:
    """What is trained and how.

    Attributes:
        network: The network.
        inverse: ``METHOD`` or ``METHOD-ORDER``, such as ``"nami-reverse"``.
        family, layout, capacity, capacity_of, linear_start: As for :class:`~sirenvae.models.InferenceNetwork`.
        num_steps: Of training.
        seconds: Of training, instead of a number of steps.
        learning_rate: Where the schedule starts, instead of where that of the network's own recipe does.
        num_test: Draws of the network that q is judged by.
        num_draws: Of q for each point, where draws are weighted.
        num_runs: Replicas, trained as one program.
        seed: Of weights, batches and draws.

    Raises:
        InputError: If there are fewer than 2 test points or draws, or no run.
    """

    network: BayesianNetwork
    inverse: str = "nami-reverse"
    family: str = "gaussian"
    layout: str = "per_variable"
    capacity: int = 6_000
    capacity_of: str = "active"
    linear_start: bool = True
    num_steps: int = RECIPES["inference"].base_steps
    seconds: float | None = None
    learning_rate: float | None = None
    num_test: int = 2_000
    num_draws: int = 2_000
    num_runs: int = 1
    seed: int = 0

    def __post_init__(self):
        if self.num_test < 2:
            raise InputError(f"An error needs at least 2 test points, but {self.num_test} came.")
        if self.num_draws < 2:
            raise InputError(f"An error needs at least 2 samples, but {self.num_draws} came.")

        if self.num_runs < 1:
            raise InputError(f"The number of runs is at least 1, but {self.num_runs} came.")

    def build(self) -> InferenceNetwork:
        """The network to train, with weights as at the start."""
        torch.manual_seed(self.seed)
        return InferenceNetwork(
            self.network,
            inverse_named(self.network, self.inverse),
            self.family,
            self.layout,
            capacity=self.capacity,
            capacity_of=self.capacity_of,
            linear_start=self.linear_start,
            replicas=(self.num_runs,) if self.num_runs > 1 else (),
        )

    def train(self, q: InferenceNetwork) -> Iterator[EpochRecord]:
        """Train it, record by record."""
        recipe = replace(RECIPES[q.default_recipe], num_steps=self.num_steps)
        if self.learning_rate is not None:
            recipe = replace(recipe, learning_rate=self.learning_rate)
        if self.seconds is not None:
            recipe = replace(recipe, num_steps=steps_within(q, self.network, recipe, self.seconds))
        return fit(q, self.network, recipe, seed=self.seed)

    def judge(self, q: InferenceNetwork) -> dict:
        """How good it is, on draws of the network that it has not seen; plain values, nats.

        Returns:
            ``edges``, ``faithful``, ``active_weights``, ``stored_weights``; ``kls`` of all runs, their mean ``kl``, its
            ``kl_error`` from the choice of points, and the least one of the inverse at the same points, ``floor``;
            ``ess``, the mean share of draws that count, and ``ess_low``, its 10 % quantile. What is not known is
            ``None``.
        """
        network, seed = self.network, COMMON_TEST_SEED + self.seed
        x, z, log_evidence = _test_set(network, self.num_test, seed)
        divergence = posterior_divergence(network, q, x, z, log_evidence)
        share = torch.stack([self._effective_share(run, x[:_WEIGHED], seed) for run in runs_of(q)])
        faithful = is_faithful(network, q.inverse)
        floor = least_divergence(network, q.inverse, x, z).mean().item() if network.is_linear else None
        return {
            "inverse": self.inverse,
            "family": self.family,
            "edges": q.inverse.dag.number_of_edges(),
            "faithful": faithful,
            "active_weights": q.num_active,
            "stored_weights": q.num_stored,
            "kls": divergence.mean(dim=-1).reshape(-1).tolist(),
            "kl": divergence.mean().item(),
            "kl_error": divergence.reshape(-1, len(x)).mean(dim=0).std().item() / len(x) ** 0.5,
            "floor": 0.0 if floor is None and faithful else floor,
            "ess": share.mean().item(),
            "ess_low": share.quantile(0.1).item(),
        }

    def _effective_share(self, q: InferenceNetwork, x: Tensor, seed: int) -> Tensor:
        draws = importance(self.network, q, x, self.num_draws, torch.Generator().manual_seed(seed + 1))
        return draws.effective_sample_size / self.num_draws

    def answer(self, q: InferenceNetwork, x: Tensor) -> list[dict]:
        """What it says, in its first run, at points of shape ``(N, D)``: for each the evidence and all latents, beside
        the truth where that is known."""
        q = runs_of(q)[0]
        draws = importance(self.network, q, x, self.num_draws, torch.Generator().manual_seed(self.seed))
        truth, error = true_log_prob_and_error(self.network, x)
        told = _states_told if self.network.is_discrete else _intervals_told
        latents = told(self.network, draws, x)
        return [
            {
                "log_evidence": draws.log_evidence[i].item(),
                "error": draws.standard_error[i].item(),
                "true_log_evidence": truth[i].item(),
                "true_error": error[i].item(),
                "ess": draws.effective_sample_size[i].item(),
                "latents": latents[i],
            }
            for i in range(len(x))
        ]

    def calibrate(self, q: InferenceNetwork) -> dict:
        """Ranks of the truth among the draws of its first run, and what its intervals cover, see
        :mod:`sirenvae.truth.calibration`."""
        ranks = simulation_ranks(self.network, runs_of(q)[0], self.num_test, seed=COMMON_TEST_SEED + self.seed)
        half, most = coverage(ranks, (0.5, 0.9))
        return {
            "p_value": ranks.p_value,
            **{f"cover_{name}": values.mean().item() for name, values in (("50", half), ("90", most))},
        }


@lru_cache(maxsize=2)
def _test_set(network: BayesianNetwork, num_test: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draws of a network, and their log evidence, which several inference networks are judged by."""
    x, z = sample_network(network, num_test, seed)
    return x, z, true_log_prob(network, x)


def _intervals_told(network: BayesianNetwork, draws: WeightedDraws, x: Tensor) -> list[list[dict]]:
    """For each point the mean and an interval of each latent."""
    mean, low, high = draws.mean(), draws.quantile((1 - LEVEL) / 2), draws.quantile((1 + LEVEL) / 2)
    values = {"mean": mean, "low": low, "high": high}
    values |= {f"true_{name}": exact for name, exact in _exact_intervals(network, x).items()}
    return [
        [
            {"latent": str(v), **{name: value[i, k].item() for name, value in values.items()}}
            for k, v in enumerate(network.latents)
        ]
        for i in range(len(x))
    ]


def _states_told(network: BayesianNetwork, draws: WeightedDraws, x: Tensor) -> list[list[dict]]:
    """For each point how probable each state of each latent is, beside the exact marginals."""
    found, told = draws.marginals().probs, []
    for i, point in enumerate(x.long().tolist()):
        exact = true_marginals(network, dict(zip(network.observed, point, strict=True)))
        rows = [(v, network.states[v], found[i, k], exact[v].probs) for k, v in enumerate(network.latents)]
        told.append(
            [
                {"latent": str(v), "state": str(state), "probability": ours.item(), "true_probability": true.item()}
                for v, states, *both in rows
                for state, ours, true in zip(states, *(p[: len(states)] for p in both), strict=True)
            ]
        )
    return told


def _exact_intervals(network: BayesianNetwork, x: Tensor) -> dict[str, Tensor]:
    """Mean and ends of intervals of a linear-Gaussian network's posterior, each ``(N, K)``; empty for other ones."""
    if not network.is_linear:
        return {}
    mean, covariance = true_posterior(network, x)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * covariance.diagonal().sqrt()
    return {"mean": mean, "low": mean - reach, "high": mean + reach}


def runs_of(q: InferenceNetwork) -> list[InferenceNetwork]:
    """Each replica alone; a network without replicas as it is."""
    return [q.replica(r) for r in range(math.prod(q.replicas))] if q.replicas else [q]


def steps_within(q: InferenceNetwork, network: BayesianNetwork, recipe: Recipe, seconds: float) -> int:
    """How many training steps take so long on this machine, measured on a network like `q`; at least 1."""
    like = InferenceNetwork(q.network, q.inverse, **{**q.settings, "linear_start": False}, replicas=q.replicas)
    start = time.perf_counter()
    records = list(fit(like, network, replace(recipe, num_steps=_REHEARSAL)))
    whole = time.perf_counter() - start
    return max(1, int((seconds - whole) / (records[-1].seconds / _REHEARSAL)))
