"""The work on a cell of inference networks over an inverse, see :mod:`sirenvae.experiments.compiled`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.compiled_names import HALF, capacity_of
from sirenvae.experiments.runs import COMMON_TEST_SEED, FRESH_SEED
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.graphs import BayesianNetwork
from sirenvae.models import InferenceNetwork
from sirenvae.training.fit import fit
from sirenvae.truth import sample_network
from sirenvae.truth.distributions import posterior_distribution
from sirenvae.truth.divergence import least_divergence, posterior_divergence

if TYPE_CHECKING:
    from sirenvae.experiments.compiled import Compiled

_CLOSE_LOOK = 500  # test draws that the curve is measured on
_DATA_SETS = 5


def work(trial: Compiled, cell: Cell) -> Iterator[Progress | Point]:
    """Train all runs of a cell as one program: yield how far they are, then the point."""
    start, network = time.perf_counter(), trial.network_of(cell)
    q = _build(trial, cell)
    x, z = sample_network(network, trial.num_test, COMMON_TEST_SEED + trial.first_seed)
    fixed = sample_network(network, cell.size, FRESH_SEED + trial.first_seed) if cell.size else None
    steps, curve = trial.measured(), []
    records = fit(q, fixed or network, replace(trial.recipe, num_steps=trial.num_steps), seed=list(trial.seeds()))
    for before, step in zip([0, *steps], steps, strict=False):
        if step > before:
            records.take(step - before)
        curve.append(_mean_divergence(network, q, x[:_CLOSE_LOOK], z[:_CLOSE_LOOK]))
        yield Progress(cell, step, trial.num_steps)
    floor = least_divergence(network, q.inverse, x, z)
    yield Point(
        cell,
        {
            "steps": steps,
            "curve": curve,
            "floor": floor.mean().item(),
            "curve_floor": floor[:_CLOSE_LOOK].mean().item(),
            "kl": _mean_divergence(network, q, x, z),
            "train_kl": _mean_divergence(network, q, *fixed) if fixed else None,
            "half": [_crossing(steps, run) for run in zip(*curve, strict=True)],
            **_under_the_truth(network, q, trial),
            "edges": q.inverse.dag.number_of_edges(),
            "active_weights": q.num_active,
            "stored_weights": q.num_stored,
            "seconds": time.perf_counter() - start,
        },
    )


def _build(trial: Compiled, cell: Cell) -> InferenceNetwork:
    what, count = capacity_of(cell.recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        return InferenceNetwork(
            trial.network_of(cell),
            trial.inverse_of(cell),
            layout=trial.layout,
            capacity=count,
            capacity_of=what,
            linear_start=False,
            replicas=(trial.num_runs,),
        )


def _mean_divergence(network: BayesianNetwork, q: InferenceNetwork, x: Tensor, z: Tensor) -> list[float]:
    return posterior_divergence(network, q, x, z).mean(dim=-1).tolist()


def _crossing(steps: Sequence[int], values: Sequence[float]) -> float | None:
    """Where a curve first comes down to .5 nats, by a straight line through the logarithms of its neighbours."""
    for i, value in enumerate(values):
        if value <= HALF:
            if i == 0:
                return 0.0
            above, here = math.log(values[i - 1]), math.log(value)
            share = (above - math.log(HALF)) / (above - here)
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return None


def _under_the_truth(network: BayesianNetwork, q: InferenceNetwork, trial: Compiled) -> dict:
    """Draws of q, given data sets that no training has seen, by the exact posterior: the paper's figure 6c."""
    x, _ = sample_network(network, _DATA_SETS, COMMON_TEST_SEED + trial.first_seed + 1)
    exact, generator = posterior_distribution(network, x), torch.Generator().manual_seed(trial.first_seed)
    num_latents = len(network.latents)
    draws = q(x).sample((trial.num_draws,), generator)  # (S, R, 5, K)
    nll = -exact.log_prob(draws.double()).mean(dim=(0, -1)) / num_latents
    return {"nll": nll.tolist(), "exact_nll": exact.entropy().mean().item() / num_latents}
