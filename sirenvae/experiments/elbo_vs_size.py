"""ELBO against training-set size: what knowing the structure is worth when data are few.

Source:
    The figure of Mouton & Kroon, SIReN-VAE (2022); the exact truth beside it is ours.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.experiments.executors import Line
from sirenvae.experiments.learners import (
    MODELS,
    SHORT_RECIPE,
    best_device,
    build_model,
    check,
    check_counts,
    in_groups,
    model_settings,
)
from sirenvae.experiments.store import Store, network_config
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.graphs import BayesianNetwork
from sirenvae.models import sample_network, true_log_prob
from sirenvae.models.base import LatentVariableModel
from sirenvae.recipes import RECIPES, Recipe
from sirenvae.training import EpochRecord, fit

_TEST_SEED = 1_000_003  # Far from every training seed.
_NOT_STORED = ("cell", "was_stored")


@dataclass(frozen=True)
class Config:
    """What to train and how to measure it.

    Attributes:
        network: A network with conditionals; data are drawn from it.
        sizes: Training-set sizes, in points.
        models: Some of :data:`MODELS`.
        num_seeds: Training sets and initializations per cell, trained as replicas of one model.
        first_seed: Seeds run from here.
        recipe: How to train.
        num_test: Test points, the same for every cell.
        elbo_samples, iwae_samples: Draws of z per test point in the final ELBO and IWAE bound.
        num_updates: How often a cell reports while it trains.
    """

    network: BayesianNetwork
    sizes: tuple[int, ...]
    models: tuple[str, ...] = MODELS
    num_seeds: int = 3
    first_seed: int = 0
    recipe: Recipe = field(default_factory=lambda: RECIPES["default"])
    num_test: int = 1000
    elbo_samples: int = 20
    iwae_samples: int = 100
    num_updates: int = 20

    def __post_init__(self):
        check(self.models, [self.network])
        if not self.sizes or min(self.sizes) < 2:
            came = ", ".join(map(str, self.sizes)) or "no size"
            raise InputError(f"A training set has at least 2 points, but {came} came.")
        check_counts(self, "num_seeds", "num_test", "elbo_samples", "iwae_samples", "num_updates")

    def seeds(self) -> range:
        """One for each training set."""
        return range(self.first_seed, self.first_seed + self.num_seeds)

    def cells(self) -> list[Cell]:
        """Every pair of size and model, small sizes first."""
        return [Cell(model, size) for size in sorted(self.sizes) for model in self.models]

    def tasks(self, cells: Sequence[Cell] | None = None) -> list[tuple[Cell, ...]]:
        """The cells, or some of them, in groups that are trained as one program: one model at several sizes."""
        cells = self.cells() if cells is None else cells
        models = dict.fromkeys(cell.model for cell in cells)
        each = (tuple(cell for cell in cells if cell.model == model) for model in models)
        return [task for group in each for task in in_groups(group, self.num_seeds)]

    def longest_first(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """The same groups in an order that leaves no worker idle for long."""
        return sorted(self.tasks(cells), key=lambda task: (task[0].model == "vanilla_vae", -task[-1].size))

    def cost(self, cell: Cell) -> int:
        """Steps of training."""
        return self.recipe.steps_for(cell.size, len(self.network.variables))

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        return {
            "network": network_config(self.network),
            "model": cell.model,
            "size": cell.size,
            "seeds": list(self.seeds()),
            "recipe": asdict(self.recipe),
            "settings": model_settings(self.network, cell.model),
            "num_test": self.num_test,
            "test_seed": _TEST_SEED + self.first_seed,
            "elbo_samples": self.elbo_samples,
            "iwae_samples": self.iwae_samples,
        }


@dataclass(frozen=True)
class Cell:
    """One model at one training-set size, all seeds together."""

    model: str
    size: int


@dataclass(frozen=True)
class Progress:
    """Where a cell is.

    Attributes:
        cell: Which one.
        step, num_steps: Of its training.
        train_elbo, test_elbo: One-sample ELBO per seed, averaged over at most 300 points, nats.
        replica_steps_per_second: Steps per second times the replicas that train together, so far.
    """

    cell: Cell
    step: int
    num_steps: int
    train_elbo: tuple[float, ...]
    test_elbo: tuple[float, ...]
    replica_steps_per_second: float


@dataclass(frozen=True)
class Point:
    """What a cell found on the test points; one number per seed, nats.

    Attributes:
        cell: Which one.
        elbo, iwae: Mean ELBO and IWAE bound.
        train_elbo: Mean ELBO on the training points.
        exact: Mean true log evidence of the test points, the best any model can do there.
        seconds: Training, with the cells beside it, and measuring.
        diverged: Which seeds met numbers that are not finite; they are measured with the weights they had before.
        was_stored: It was found in a store and not trained now.
    """

    cell: Cell
    elbo: tuple[float, ...]
    iwae: tuple[float, ...]
    train_elbo: tuple[float, ...]
    exact: float
    seconds: float
    diverged: tuple[bool, ...]
    was_stored: bool = False


_MULTIPLES = {"minute": (1, 2, 5), "quick": (1, 2, 5, 20, 100), "paper": (1, 2, 5, 10, 20, 50, 100)}
PRESETS = tuple(_MULTIPLES)


def preset(name: str, network: BayesianNetwork) -> Config:
    """A ready configuration.

    Arguments:
        name: ``"minute"`` (true against vanilla VAE, three sizes, two seeds), ``"quick"`` (all models, five sizes,
            three seeds; both with a shorter recipe than the default) or ``"paper"`` (seven sizes, five seeds).
        network: A network with conditionals; sizes are multiples of its number of variables.

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    sizes = tuple(multiple * len(network.variables) for multiple in _MULTIPLES[name])
    if name == "paper":
        return Config(network, sizes, num_seeds=5)
    if name == "minute":
        return Config(network, sizes, models=("true", "vanilla_vae"), num_seeds=2, recipe=SHORT_RECIPE)
    return Config(network, sizes, recipe=SHORT_RECIPE)


def run(
    config: Config, executor: Executor | None = None, line: Line | None = None, store: Store | None = None
) -> Iterator[Progress | Point]:
    """Train and measure every cell.

    Arguments:
        config: What to do.
        executor: Where cells run; ``None`` is here. With an executor the longest start first.
        line: Where the executor's workers report, see :func:`~sirenvae.experiments.executors.local_processes`; without
            it only finished cells are heard of.
        store: Where finished cells are kept, and found again.

    Yields:
        :class:`Progress` while cells train, and one :class:`Point` per cell when it is finished; those that were in the
        store come first.

    Raises:
        CellsFailed: At the end, with an executor or a store, if cells failed.
        StoreError: If the store cannot be read or written.
    """
    if executor is None and store is None:
        for cells in config.tasks():
            yield from run_together(config, cells)
        return
    names = dict(experiment="elbo-vs-size", config_of=config.described, cost=config.cost, line=line)
    together = config.longest_first if executor else config.tasks
    for event in run_cells(config.cells(), partial(_train, config), store, executor, together=together, **names):
        if isinstance(event, Finished):
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in event.result.items()}
            event = Point(event.cell, **values, was_stored=event.was_stored)
        yield event


def _train(config: Config, cells: tuple[Cell, ...]) -> Generator[Progress, None, list[dict]]:
    """Run cells: yield their progress, return their points as plain values."""
    points = {}
    for event in run_together(config, cells):
        if isinstance(event, Point):
            points[event.cell] = {name: value for name, value in asdict(event).items() if name not in _NOT_STORED}
        else:
            yield event
    return [points[cell] for cell in cells]


def run_together(config: Config, cells: tuple[Cell, ...]) -> Iterator[Progress | Point]:
    """Train one model at several sizes, all sizes and seeds as replicas of one program, and measure each cell.

    Arguments:
        config: How.
        cells: Of one model.

    Yields:
        :class:`Progress` of every cell while it trains, and its :class:`Point` when it is finished.
    """
    start = time.perf_counter()
    network, device = config.network, best_device()
    x_test, exact = _test_set(network, config.num_test, _TEST_SEED + config.first_seed)
    model = build_model(network, cells[0].model, replicas=(len(cells) * config.num_seeds,)).to(device)
    running = [_RunningCell(config, cell, model, i) for i, cell in enumerate(cells)]
    data = [x for cell in running for x in cell.x_train]
    longest_epoch = max(-(-cell.size // config.recipe.batch_size) for cell in cells)
    every = max(1, min(cell.num_steps for cell in running) // config.num_updates // longest_epoch)
    seeds = list(config.seeds()) * len(cells)
    for record in fit(model, data, config.recipe, seed=seeds, every=every):
        speed = record.step * len(data) / record.seconds
        for cell in running:
            if cell.is_finished(record):
                yield cell.point(x_test, exact, record, time.perf_counter() - start)
            elif cell.is_due(record.step):
                yield cell.progress(x_test, record.step, speed)
        running = [cell for cell in running if not cell.is_finished(record)]
    for cell in running:
        yield cell.point(x_test, exact, record, time.perf_counter() - start)


class _RunningCell:
    """A cell under training: its replicas among those of a larger model, and a model of its own to measure them."""

    def __init__(self, config: Config, cell: Cell, whole: LatentVariableModel, index: int):
        self._config, self._cell, self._whole = config, cell, whole
        count = config.num_seeds
        self._places = range(index * count, (index + 1) * count)
        self._own = build_model(config.network, cell.model, (count,), config.first_seed).to(whole.location.device)
        whole.copy_replicas(self._own, range(count), self._places)
        self.x_train = [sample_network(config.network, cell.size, seed)[0] for seed in config.seeds()]
        self.num_steps = config.recipe.steps_for(cell.size, len(config.network.variables))
        self._generator = torch.Generator(whole.location.device).manual_seed(config.first_seed)
        self._reported = 0

    def is_due(self, step: int) -> bool:
        """Whether it is time for another report."""
        due = step * self._config.num_updates // self.num_steps
        if due == self._reported:
            return False
        self._reported = due
        return True

    def is_finished(self, record: EpochRecord) -> bool:
        """Whether all its replicas rest, at the end of their schedule or because they diverged."""
        return not record.learning_rate[self._places.start : self._places.stop].any()

    def progress(self, x_test: Tensor, step: int, speed: float) -> Progress:
        model = self._measured()
        x_train = torch.stack(self.x_train)[..., :300, :]
        few = [_mean_elbo(model, x, 1, self._generator) for x in (x_train, x_test[:300])]
        return Progress(self._cell, step, self.num_steps, *few, speed)

    def point(self, x_test: Tensor, exact: float, record: EpochRecord, seconds: float) -> Point:
        config, model = self._config, self._measured()
        x_train = torch.stack(self.x_train)[..., : config.num_test, :]
        # Draws of its own, so that no point depends on how often its cell reported or what trained beside it.
        generator = torch.Generator(self._whole.location.device).manual_seed(config.first_seed)
        elbo, train_elbo = (_mean_elbo(model, x, config.elbo_samples, generator) for x in (x_test, x_train))
        with torch.no_grad():
            iwae = tuple(model.iwae_bound(x_test, config.iwae_samples, generator).mean(dim=-1).tolist())
        diverged = tuple(record.diverged[self._places.start : self._places.stop].tolist())
        return Point(self._cell, elbo, iwae, train_elbo, exact, seconds, diverged)

    def _measured(self) -> LatentVariableModel:
        self._own.copy_replicas(self._whole, self._places, range(self._config.num_seeds))
        return self._own.eval()


@lru_cache(maxsize=4)
def _test_set(network: BayesianNetwork, num_test: int, seed: int) -> tuple[Tensor, float]:
    """Test points and their mean true log evidence, which takes long for some networks."""
    x, _ = sample_network(network, num_test, seed)
    return x, true_log_prob(network, x).mean().item()


@torch.no_grad()
def _mean_elbo(model: LatentVariableModel, x: Tensor, draws: int, generator: torch.Generator) -> tuple[float, ...]:
    return tuple(model.elbo(x, draws, generator=generator).mean(dim=-1).tolist())


def table(config: Config, points: list[Point]) -> list[dict]:
    """One row per model, size and seed: the numbers behind the figure, in nats."""
    return [
        {
            "network": config.network.name,
            "model": point.cell.model,
            "size": point.cell.size,
            "seed": config.first_seed + i,
            "recipe": config.recipe.name,
            "elbo": point.elbo[i],
            "iwae": point.iwae[i],
            "iwae_samples": config.iwae_samples,
            "exact_log_evidence": point.exact,
            "excess_nll": point.exact - point.iwae[i],
            "train_elbo": point.train_elbo[i],
            "diverged": point.diverged[i],
        }
        for point in sorted(points, key=lambda point: (point.cell.size, MODELS.index(point.cell.model)))
        for i in range(len(point.elbo))
    ]
