"""Inference networks over several inverses of Gaussian trees, many runs of each: what the figures share. No torch here.

Source:
    The compiled inference setting of Webb et al., Faithful Inversion of Generative Models (2018), section 4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from sirenvae.errors import InputError
from sirenvae.experiments.compiled_names import capacity_of, parts_of
from sirenvae.experiments.inference_race import inverse_named
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.settings import check_different, described_recipe
from sirenvae.experiments.store import network_config
from sirenvae.experiments.trial import Cell, Point, Progress, SeveralNetworks, SeveralRuns, Trial, mean_and_sd
from sirenvae.graphs import BayesianNetwork, Inverse, with_extra_edges
from sirenvae.training import RECIPES, Recipe

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper


@dataclass(frozen=True)
class Compiled(SeveralRuns, SeveralNetworks, Trial):
    r"""What to train and how to measure it; a cell is an inverse of a network in one capacity and one kind of data.

    The values of a point: of all runs together ``steps``, after which was measured, ``floor``, the mean over the test
    draws of the least KL(p(z | x) || q(z | x)) that the inverse allows, ``edges``, ``active_weights``,
    ``stored_weights``, ``exact_nll``, that of draws of the exact posterior, and ``seconds``; a list with one number for
    each run for ``curve`` (such a list for each of the steps: the mean KL over 500 test draws), ``kl`` (in the end,
    over all test draws), ``train_kl`` (over the fixed training set, where there is one), ``half`` (the step at which
    the KL reached .5 nats, between two measurements; none if it did not) and ``nll``, the negative log density of draws
    of q under the exact posterior, given five data sets, divided by the number of latents. Nats throughout.

    Attributes:
        networks: Linear-Gaussian ones.
        inverses: Some of :data:`~sirenvae.experiments.registry.INVERSES`; ``NAME+N@S`` has N more edges, at random
            places of seed S.
        data: Training sets: 0 is fresh draws at every step, more is a fixed set of so many draws.
        capacities: What is the same for all inverses, as ``active-6000``: active weights, ``stored`` ones, or the
            ``width`` of hidden layers.
        layout: As for :class:`~sirenvae.models.InferenceNetwork`.
        num_runs: Initializations and streams of batches, trained as one program.
        first_seed: Of weights and batches; test draws follow from it.
        recipe: How to train; the linear start is left out, so that there is something to learn.
        num_test: Fresh draws that the end is measured on.
        num_draws: Draws of q for each of the five data sets.
    """

    networks: tuple[BayesianNetwork, ...]
    inverses: tuple[str, ...]
    data: tuple[int, ...] = (0,)
    capacities: tuple[str, ...] = ("active-6000",)
    layout: str = "per_variable"
    num_runs: int = 10
    first_seed: int = 0
    recipe: Recipe = RECIPES["inference"]
    num_test: int = 2000
    num_draws: int = 2000

    trains_together = False

    def __post_init__(self):
        super().__post_init__()
        for what in ("inverses", "data", "capacities"):
            check_different(what, getattr(self, what))
        for network in self.networks:
            if not network.is_linear:
                raise InputError(f"The exact posterior of {network.name} has no formula; choose a linear one.")
        if wrong := [size for size in self.data if size < 0 or size == 1]:
            raise InputError(f"A fixed set has at least 2 draws, and 0 stands for fresh ones, but {wrong[0]} came.")
        for name in self.inverses:
            parts_of(name)
        for capacity in self.capacities:
            capacity_of(capacity)

    def cells(self) -> list[Cell]:
        """Every network, kind of data, capacity and inverse."""
        return [
            Cell(network.name, inverse, size, capacity)
            for network in self.networks
            for size in self.data
            for capacity in self.capacities
            for inverse in self.inverses
        ]

    def inverse_of(self, cell: Cell) -> Inverse:
        """The inverse of a cell."""
        network, (name, num_edges, seed) = self.network_of(cell), parts_of(cell.learner)
        inverse = inverse_named(network, name)
        return with_extra_edges(network, inverse, num_edges, seed) if num_edges else inverse

    @property
    def num_steps(self) -> int:
        """Of training."""
        return self.recipe.num_steps or self.recipe.base_steps

    def measured(self) -> list[int]:
        """The steps after which the curve is measured, at first every tenth, so that a crossing is found to a step."""
        close = range(0, min(600, self.num_steps) + 1, 10)
        wide = [round(exp(log(600) + (log(self.num_steps) - log(600)) * i / 15)) for i in range(16)]
        return sorted({*close, *(step for step in wide if 600 <= step <= self.num_steps), self.num_steps})

    def cost(self, cell: Cell) -> float:
        """Steps, by what a network of that size takes."""
        return self.num_steps * len(self.network_of(cell).variables)

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        return {
            "network": network_config(self.network_of(cell)),
            "inverse": cell.learner,
            "data": cell.size,
            "capacity": cell.recipe,
            "layout": self.layout,
            "seeds": list(self.seeds()),
            "recipe": described_recipe(self.recipe),
            "num_test": self.num_test,
            "num_draws": self.num_draws,
            "test_seed": COMMON_TEST_SEED + self.first_seed,
        }

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Train the cells one after the other; nothing is kept."""
        from sirenvae.experiments.compiled_work import work

        for cell in cells:
            yield from work(self, cell)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row for each cell, in their order."""
        found = {point.cell: point.values for point in points}
        return [_row(cell, found[cell]) for cell in self.cells() if cell in found]


def _row(cell: Cell, found: dict) -> dict:
    name, num_edges, seed = parts_of(cell.learner)
    halves = found["half"]
    return {
        "network": cell.network,
        "inverse": name,
        "extra_edges": num_edges,
        "placement": seed,
        "training_draws": cell.size,
        "capacity": cell.recipe,
        **{key: found[key] for key in ("edges", "active_weights", "stored_weights", "floor", "exact_nll")},
        **mean_and_sd("kl", found["kl"]),
        "kl_worst": max(found["kl"]),
        **mean_and_sd("train_kl", found["train_kl"]),
        **mean_and_sd("half", None if None in halves else halves),
        **mean_and_sd("nll", found["nll"]),
        "runs": {key: found[key] for key in ("kl", "half", "nll")},
        "steps": found["steps"],
        "curve_mean": [fmean(runs) for runs in found["curve"]],
        "curve_sd": [stdev(runs) if len(runs) > 1 else 0.0 for runs in found["curve"]],
    }


def summaries(rows: Sequence[dict]) -> dict[tuple, list[dict]]:
    """Rows in groups that are compared with each other: by network, training draws and capacity."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["network"], row["training_draws"], row["capacity"]), []).append(row)
    return groups


def crossings(row: dict) -> list[float]:
    """The steps to .5 nats of all runs; of one that never came there infinity, so that it ranks last."""
    return [inf if step is None else step for step in row["runs"]["half"]]


def mean_crossing(row: dict) -> str:
    """Their mean over the runs that came there, and how many did not, as a text."""
    found = [step for step in crossings(row) if isfinite(step)]
    missing = len(row["runs"]["half"]) - len(found)
    mean = f"{fmean(found):.0f}" if found else "never"
    return mean + (f" (without {missing} that never came there)" if missing and found else "")
