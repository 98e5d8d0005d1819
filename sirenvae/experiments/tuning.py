"""What the models are worth when all are tuned with the same effort: a random search over recipes for each of them.

Every model tries the same recipes, the default and draws around it, on the same training sets. Those that did best are
tried again on new training sets, since the best of many was also lucky. The one that is best there is trained once more
on training sets that no choice has seen, and so is the default.

Source:
    Bergstra & Bengio, Random Search for Hyper-Parameter Optimization (2012).
"""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import fmean

import torch

from sirenvae.experiments.executors import Line
from sirenvae.experiments.learners import MODELS, best_device, build_model, check, check_counts, in_groups
from sirenvae.experiments.learners import model_settings as settings_of_model
from sirenvae.experiments.store import Store, network_config
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.experiments.table1 import Point, Progress, mean_and_sd
from sirenvae.graphs import BayesianNetwork
from sirenvae.training.fit import fit
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth import sample_network, true_log_prob_and_error

# What is drawn for a recipe, from where to where; all but the share of the warm-up are even in their logarithm.
RANGES = {
    "learning_rate": (1e-3, 2e-2),
    "base_steps": (800, 5000),
    "kl_warm_up": (0.0, 0.8),
    "weight_decay": (0.3, 30.0),
    "noise_floor": (0.03, 0.5),
}
_SEARCH_SEED, _SECOND_SEED, _FRESH_SEED = 10_000, 20_000, 30_000
_TEST_SEED = 2_000_000  # The test set of a run has this seed plus that of its training set, as in table 1.


@dataclass(frozen=True)
class Config:
    """What to tune and how to measure it.

    Attributes:
        networks: Networks with conditionals and different names.
        multiple: Training points per variable.
        models: Some of :data:`~sirenvae.experiments.learners.MODELS`.
        num_tries: Recipes that each model tries, the default among them.
        search_runs: Training sets, initializations and test sets of each try.
        num_finalists, second_runs: How many of the tries are repeated, and on how many new runs.
        num_runs: Runs that no choice has seen, by which the models are compared.
        num_test, iwae_samples: Test points of each run, and draws of z for each, when they are compared.
        search_test, search_samples: The same while recipes are chosen.
    """

    networks: tuple[BayesianNetwork, ...]
    multiple: int = 2
    models: tuple[str, ...] = MODELS
    num_tries: int = 32
    search_runs: int = 2
    num_finalists: int = 6
    second_runs: int = 6
    num_runs: int = 5
    num_test: int = 1000
    iwae_samples: int = 500
    search_test: int = 300
    search_samples: int = 64

    def __post_init__(self):
        check(self.models, self.networks)
        counts = ("multiple", "num_tries", "search_runs", "num_finalists", "second_runs", "num_runs", "num_test")
        check_counts(self, *counts, "iwae_samples", "search_test", "search_samples")

    def cells(self) -> list[Cell]:
        """The rows of the table."""
        return [Cell(network.name, model) for network in self.networks for model in self.models]

    def network(self, cell: Cell) -> BayesianNetwork:
        """That of a row."""
        return next(network for network in self.networks if network.name == cell.network)

    def size(self, cell: Cell) -> int:
        """Training points."""
        return self.multiple * len(self.network(cell).variables)

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
        return (75 + len(self.network(cell).variables)) * (4 if cell.model == "vanilla_vae" else 10)

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = {name: value for name, value in vars(self).items() if name not in ("networks", "models")}
        network = self.network(cell)
        return values | {
            "network": network_config(network),
            "model": cell.model,
            "settings": settings_of_model(network, cell.model),
            "recipes": [asdict(recipe) for recipe in self.recipes()],
        }


@dataclass(frozen=True)
class Runs:
    """Runs to train on and to measure by: their seeds count on from the first; test points of each, draws for each."""

    first_seed: int
    num_runs: int
    num_test: int
    num_samples: int

    def seeds(self) -> range:
        """Of the training sets, one for each run."""
        return range(self.first_seed, self.first_seed + self.num_runs)


@dataclass(frozen=True)
class Cell:
    """One row of the table: a network's name and a model's."""

    network: str
    model: str


def _drawn(generator: random.Random, name: str) -> Recipe:
    values = {}
    for what, (low, high) in RANGES.items():
        share = generator.random()
        values[what] = low + share * (high - low) if low == 0 else low * (high / low) ** share
    return replace(RECIPES["default"], name=name, **values | {"base_steps": round(values["base_steps"])})


def run(
    config: Config, executor: Executor | None = None, line: Line | None = None, store: Store | None = None
) -> Iterator[Progress | Point]:
    """Tune and measure every cell; arguments, events and errors as in :func:`sirenvae.experiments.table1.run`.

    Progress is counted in trainings. The values of a :class:`~sirenvae.experiments.table1.Point`: ``tries``, the mean
    excess NLL of each recipe over the runs of the search, ``finalists``, that over the new runs by the number of the
    recipe, ``chosen``, the number of the best of these, and of the runs that no choice has seen one excess each,
    ``tuned`` and ``default``; nats.
    """
    names = dict(experiment="tuning", config_of=config.described, cost=config.cost, line=line)
    for event in run_cells(config.cells(), partial(_result, config), store, executor, **names):
        yield Point(event.cell, event.result, event.was_stored) if isinstance(event, Finished) else event


def _result(config: Config, cell: Cell) -> Generator[Progress, None, dict]:
    recipes = dict(enumerate(config.recipes()))
    search = yield from _excess(config, cell, recipes, config.search, 0)
    best = sorted(search, key=lambda number: _rank(search[number]))[: config.num_finalists]
    finalists = {number: recipes[number] for number in best}
    done = len(recipes) * config.search_runs
    second = yield from _excess(config, cell, finalists, config.second, done)
    chosen = min(second, key=lambda number: _rank(second[number]))
    done += len(finalists) * config.second_runs
    fresh = yield from _excess(config, cell, {number: recipes[number] for number in {chosen, 0}}, config.fresh, done)
    return {
        "tries": [fmean(search[number]) for number in recipes],
        "finalists": {str(number): fmean(excess) for number, excess in second.items()},
        "chosen": chosen,
        "tuned": fresh[chosen],
        "default": fresh[0],
    }


def _rank(excess: list[float]) -> float:
    """The mean; what is not finite comes last."""
    mean = fmean(excess)
    return mean if math.isfinite(mean) else math.inf


def _excess(
    config: Config, cell: Cell, recipes: dict[int, Recipe], runs: Runs, done: int
) -> Generator[Progress, None, dict[int, list[float]]]:
    """Train a model by each recipe on every run; return the excess NLL of each recipe, one number for each run.

    Arguments:
        config, cell: What to train.
        recipes: By their numbers.
        runs: On what to train and to measure.
        done: Trainings before, for the progress.
    """
    network, seeds = config.network(cell), runs.seeds()
    data = [sample_network(network, config.size(cell), seed)[0] for seed in seeds]
    tests = torch.stack([sample_network(network, runs.num_test, _TEST_SEED + seed)[0] for seed in seeds])
    truth = true_log_prob_and_error(network, tests)[0].mean(dim=-1)
    start = build_model(network, cell.model, (len(seeds),), seeds[0])  # the same for every recipe
    own = build_model(network, cell.model, (len(seeds),)).to(best_device())
    found = {}
    for group in in_groups(sorted(recipes, key=lambda number: recipes[number].base_steps), len(seeds)):
        whole = build_model(network, cell.model, (len(group) * len(seeds),)).to(best_device())
        places = {number: range(i * len(seeds), (i + 1) * len(seeds)) for i, number in enumerate(group)}
        for number in group:
            whole.copy_replicas(start, range(len(seeds)), places[number])
        each = [recipes[number] for number in group for _ in seeds]
        for record in fit(whole, data * len(group), each, seed=list(seeds) * len(group), every=100):
            share = record.step / record.num_steps
            yield Progress(cell, done + round(share * len(each)), config.num_trainings())
        done += len(each)
        for number in group:
            own.copy_replicas(whole, places[number], range(len(seeds)))
            generator = torch.Generator(own.device).manual_seed(seeds[0])
            with torch.no_grad():
                bound = own.eval().iwae_bound(tests, runs.num_samples, generator).double().mean(dim=-1).cpu()
            found[number] = (truth - bound).tolist()
    return found


def table(config: Config, points: Iterable[Point]) -> list[dict]:
    """Two rows per model, like those of table 1: by the recipe that was chosen (``"tuned"``) and by the default.

    Mean and standard deviation are over the runs that no choice has seen; ``search_excess_nll`` is the mean over the
    runs of the second round, ``None`` for what did not come so far.
    """
    values, recipes = {point.cell: point.values for point in points}, config.recipes()
    rows = []
    for cell in config.cells():
        if cell in values:
            found = values[cell]
            tuned = {"tuned": (found["chosen"], found["tuned"]), "default": (0, found["default"])}
            for name, (number, excess) in tuned.items():
                search = found["finalists"].get(str(number))
                rows.append(_row(config, cell, name, recipes[number], excess) | {"search_excess_nll": search})
    return rows


def _row(config: Config, cell: Cell, name: str, recipe: Recipe, excess: list[float]) -> dict:
    return {
        "network": cell.network,
        "multiple": config.multiple,
        "training_points": config.size(cell),
        "learner": cell.model,
        "recipe": name,
        "runs": config.num_runs,
        **mean_and_sd("excess_nll", excess),
        **{what: getattr(recipe, what) for what in RANGES},
    }


def notes(config: Config) -> list[str]:
    """What a reader of the table must know, in sentences."""
    ranges = ", ".join(f"{name.replace('_', ' ')} {low:g} to {high:g}" for name, (low, high) in RANGES.items())
    return [
        f"Every model tried the same {config.num_tries} recipes, the default and {config.num_tries - 1} draws "
        f"({ranges}), on {config.search_runs} runs each; the best {min(config.num_finalists, config.num_tries)} were "
        f"tried on {config.second_runs} new runs, and the best of these was chosen.",
        f"The numbers are means and standard deviations over {config.num_runs} further runs, which no choice has seen: "
        f"each a training set of {config.multiple} points per variable, an initialization and {config.num_test} test "
        "points.",
        f"Excess NLL: minus the truth's on the same points, nats, by importance sampling with {config.iwae_samples} "
        f"draws; while recipes were chosen, {config.search_samples} draws on {config.search_test} points, drawn from "
        "the network like test points. Chosen on so many points a recipe is better than one can choose it in practice; "
        "that is the same for all models.",
        "An empty weight decay is that of the default recipe, which is the model's own.",
    ]
