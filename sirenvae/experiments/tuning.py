"""What the models are worth when all are tuned with the same effort: a random search over recipes for each of them.

Every model tries the same recipes, the default and draws around it, on the same training sets. Those that did best are
tried again on new training sets, since the best of many was also lucky. The one that is best there is trained once more
on training sets that no choice has seen, and so is the default.

Source:
    Bergstra & Bengio, Random Search for Hyper-Parameter Optimization (2012).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from sirenvae.experiments.registry import LEARNERS, VAES, model_settings
from sirenvae.experiments.store import network_config
from sirenvae.experiments.trial import Cell, Point, Progress, SeveralNetworks, SeveralRuns, Trial, mean_and_sd
from sirenvae.graphs import BayesianNetwork
from sirenvae.training import RECIPES, Recipe

# What is drawn for a recipe, from where to where; all but the share of the warm-up are even in their logarithm.
RANGES = {
    "learning_rate": (1e-3, 2e-2),
    "base_steps": (800, 5000),
    "kl_warm_up": (0.0, 0.8),
    "weight_decay": (0.3, 30.0),
    "noise_floor": (0.03, 0.5),
}
_SEARCH_SEED, _SECOND_SEED, _FRESH_SEED = 10_000, 20_000, 30_000


@dataclass(frozen=True)
class Runs(SeveralRuns):
    """Runs to train on and to measure by: their seeds count on from the first; test points of each, draws for each."""

    first_seed: int
    num_runs: int
    num_test: int
    num_samples: int


@dataclass(frozen=True)
class Tuning(SeveralNetworks, Trial):
    """What to tune and how to measure it; a cell is a model on a network.

    Progress is counted in trainings. The values of a point: ``tries``, the mean excess NLL of each recipe over the runs
    of the search, ``finalists``, that over the new runs by the number of the recipe, ``chosen``, the number of the best
    of these, and of the runs that no choice has seen one excess each, ``tuned`` and ``default``; nats.

    Attributes:
        networks: Networks with conditionals and different names.
        multiple: Training points per variable.
        models: Some of :data:`~sirenvae.experiments.registry.VAES`.
        num_tries: Recipes that each model tries, the default among them.
        search_runs: Training sets, initializations and test sets of each try.
        num_finalists, second_runs: How many of the tries are repeated, and on how many new runs.
        num_runs: Runs that no choice has seen, by which the models are compared.
        num_test, iwae_samples: Test points of each run, and draws of z for each, when they are compared.
        search_test, search_samples: The same while recipes are chosen.
    """

    name: ClassVar[str] = "tuning"
    trains_together: ClassVar[bool] = False  # the tries of a cell are many enough
    networks: tuple[BayesianNetwork, ...]
    multiple: int = 2
    models: tuple[str, ...] = VAES
    num_tries: int = 32
    search_runs: int = 2
    num_finalists: int = 6
    second_runs: int = 6
    num_runs: int = 5
    num_test: int = 1000
    iwae_samples: int = 500
    search_test: int = 300
    search_samples: int = 64

    def cells(self) -> list[Cell]:
        """The pairs of rows of the table."""
        sizes = {network.name: self.multiple * len(network.variables) for network in self.networks}
        return [Cell(name, model, size) for name, size in sizes.items() for model in self.models]

    @property
    def search(self) -> Runs:
        """For all tries."""
        return Runs(_SEARCH_SEED, self.search_runs, self.search_test, self.search_samples)

    @property
    def second(self) -> Runs:
        """For the best of them."""
        return Runs(_SECOND_SEED, self.second_runs, self.search_test, self.search_samples)

    @property
    def fresh(self) -> Runs:
        """For the best of these, and to compare the models by."""
        return Runs(_FRESH_SEED, self.num_runs, self.num_test, self.iwae_samples)

    @property
    def num_replicas(self) -> int:
        """Those runs by which the models are compared."""
        return self.num_runs

    def recipes(self) -> list[Recipe]:
        """What every model tries: the default first, the rest drawn from :data:`RANGES`."""
        generator = random.Random(0)
        return [RECIPES["default"], *(_drawn(generator, f"try {i}") for i in range(1, self.num_tries))]

    def num_trainings(self) -> int:
        """Of a cell."""
        finalists = min(self.num_finalists, self.num_tries)
        return self.num_tries * self.search_runs + finalists * self.second_runs + 2 * self.num_runs

    def cost(self, cell: Cell) -> int:
        """Roughly the time a cell takes, relative to others."""
        return (75 + len(self.network_of(cell).variables)) * LEARNERS[cell.learner].step_cost

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = {name: value for name, value in vars(self).items() if name not in ("networks", "models")}
        network = self.network_of(cell)
        return values | {
            "network": network_config(network),
            "model": cell.learner,
            "settings": model_settings(network, cell.learner),
            "recipes": [asdict(recipe) for recipe in self.recipes()],
        }

    def work(self, cells: tuple[Cell, ...], keeper=None) -> Iterator[Progress | Point]:
        """A model on a network."""
        from sirenvae.experiments.tuning_work import work

        return work(self, *cells)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """Two rows per model, like those of table 1: by the recipe that was chosen (``"tuned"``) and by the default.

        Mean and standard deviation are over the runs that no choice has seen; ``search_excess_nll`` is the mean over
        the runs of the second round, ``None`` for what did not come so far.
        """
        values, recipes = {point.cell: point.values for point in points}, self.recipes()
        rows = []
        for cell in [cell for cell in self.cells() if cell in values]:
            found = values[cell]
            tuned = {"tuned": (found["chosen"], found["tuned"]), "default": (0, found["default"])}
            for name, (number, excess) in tuned.items():
                search = found["finalists"].get(str(number))
                rows.append(self._row(cell, name, recipes[number], excess) | {"search_excess_nll": search})
        return rows

    def _row(self, cell: Cell, name: str, recipe: Recipe, excess: list[float]) -> dict:
        return {
            "network": cell.network,
            "multiple": self.multiple,
            "training_points": cell.size,
            "learner": cell.learner,
            "recipe": name,
            "runs": self.num_runs,
            **mean_and_sd("excess_nll", excess),
            **{what: getattr(recipe, what) for what in RANGES},
        }

    def notes(self, rows: Sequence[dict] = ()) -> list[str]:
        """What a reader of the table must know, in sentences."""
        ranges = ", ".join(f"{name.replace('_', ' ')} {low:g} to {high:g}" for name, (low, high) in RANGES.items())
        return [
            f"Every model tried the same {self.num_tries} recipes, the default and {self.num_tries - 1} draws "
            f"({ranges}), on {self.search_runs} runs each; the best {min(self.num_finalists, self.num_tries)} were "
            f"tried on {self.second_runs} new runs, and the best of these was chosen.",
            f"The numbers are means and standard deviations over {self.num_runs} further runs, which no choice has "
            f"seen: each a training set of {self.multiple} points per variable, an initialization and {self.num_test} "
            "test points.",
            f"Excess NLL: minus the truth's on the same points, nats, by importance sampling with {self.iwae_samples} "
            f"draws; while recipes were chosen, {self.search_samples} draws on {self.search_test} points, drawn from "
            "the network like test points. Chosen on so many points a recipe is better than one can choose it in "
            "practice; that is the same for all models.",
            "An empty weight decay is that of the default recipe, which is the model's own.",
        ]


def _drawn(generator: random.Random, name: str) -> Recipe:
    values = {}
    for what, (low, high) in RANGES.items():
        share = generator.random()
        values[what] = low + share * (high - low) if low == 0 else low * (high / low) ** share
    return replace(RECIPES["default"], name=name, **values | {"base_steps": round(values["base_steps"])})
