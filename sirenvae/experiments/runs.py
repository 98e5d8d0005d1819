"""The runs of an experiment: their seeds, training and test sets, and the truth on these.

Torch is imported inside the functions, so that a page which only mentions seeds starts quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sirenvae.graphs import BayesianNetwork, network_to_json, parse_network

if TYPE_CHECKING:
    from torch import Tensor

COMMON_TEST_SEED = 1_000_003  # Of a test set that all runs share, plus the first seed: far from every training seed.
_TEST_SEED = 2_000_000  # A test set of a run's own has this seed plus that of its training set.
FRESH_SEED = 3_000_000  # Of points that are neither.


def held_out_seeds(seeds: range) -> range:
    """Of the test sets of runs that each have their own, by the seeds of their training sets."""
    return range(_TEST_SEED + seeds.start, _TEST_SEED + seeds.stop)


def training_sets(network: BayesianNetwork, size: int, seeds: range) -> list[Tensor]:
    """One for each run, shape ``(size, D)``."""
    from sirenvae.truth import sample_network

    return [sample_network(network, size, seed)[0] for seed in seeds]


def held_out_sets(network: BayesianNetwork, size: int, seeds: range) -> Tensor:
    """One for each run, by the seeds of the training sets; shape ``(runs, size, D)``."""
    import torch

    return torch.stack(training_sets(network, size, held_out_seeds(seeds)))


def truth_on(network: BayesianNetwork, tests: Tensor) -> dict[str, list[float]]:
    """What no learner can pass on test sets of shape ``(runs, N, D)``: for each run the mean ``nll``, nats, under the
    network that the data come from, and its ``standard_error``, 0 where it is exact."""
    from sirenvae.truth import true_log_prob_and_error

    log_prob, error = true_log_prob_and_error(network, tests)
    return {
        "nll": (-log_prob.mean(dim=-1)).tolist(),
        "standard_error": (error.square().sum(dim=-1).sqrt() / error.shape[-1]).tolist(),
    }


def common_test_set(network: BayesianNetwork, size: int, first_seed: int) -> tuple[Tensor, dict[str, float]]:
    """Test points that all runs share, and ``truth``, their mean log evidence, with ``truth_error``; nats."""
    x, log_evidence, error = _common(network_to_json(network), size, COMMON_TEST_SEED + first_seed)
    return x, {"truth": log_evidence, "truth_error": error}


@lru_cache(maxsize=4)
def _common(network_json: str, size: int, seed: int) -> tuple[Tensor, float, float]:
    """The truth takes long for some networks; they come as text, since a worker gets another object with every task."""
    from sirenvae.truth import sample_network, true_log_prob_and_error

    network = parse_network(network_json, "network.json")
    x, _ = sample_network(network, size, seed)
    log_prob, error = true_log_prob_and_error(network, x)
    return x, log_prob.mean().item(), error.square().sum().sqrt().item() / size


def less(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """The differences run by run."""
    return [value - other for value, other in zip(values, others, strict=True)]
