"""ELBO against training-set size: what knowing the structure is worth when data are few.

Source:
    The figure of Mouton & Kroon, SIReN-VAE (2022); the truth beside it is ours.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor

from sirenvae.experiments.elbo_vs_size_config import PRESETS, TEST_SEED, Cell, Config, preset
from sirenvae.experiments.executors import Line
from sirenvae.experiments.learners import MODELS, best_device, build_model, has_linear_parts, name_of
from sirenvae.experiments.store import Store
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.graphs import network_to_json, parse_network
from sirenvae.models import sample_network, true_log_prob_and_error
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.references import REFERENCES, fit_reference
from sirenvae.training import EpochRecord, fit

__all__ = [
    "PRESETS",
    "Cell",
    "Config",
    "Point",
    "Progress",
    "notes",
    "preset",
    "run",
    "run_together",
    "table",
]

_NOT_STORED = ("cell", "was_stored")


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
        elbo, iwae: Mean ELBO and IWAE bound; of a reference both are its mean log-likelihood.
        train_elbo: Mean ELBO on the training points.
        truth: Mean log evidence of the test points under the true network, the best any model can do there.
        truth_error: Its standard error; 0 where it is exact.
        seconds: Training, with the cells beside it, and measuring.
        diverged: Which seeds met numbers that are not finite; they are measured with the weights they had before.
        chosen: What the recipe ``"selected"`` chose; else empty.
        was_stored: It was found in a store and not trained now.
    """

    cell: Cell
    elbo: tuple[float, ...]
    iwae: tuple[float, ...]
    train_elbo: tuple[float, ...]
    truth: float
    truth_error: float
    seconds: float
    diverged: tuple[bool, ...]
    chosen: tuple[str, ...]
    was_stored: bool = False


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
        cells: Of one model, or one reference.

    Yields:
        :class:`Progress` of every cell while it trains, and its :class:`Point` when it is finished.
    """
    if cells[0].model in REFERENCES:
        for cell in cells:
            yield _fitted(config, cell)
        return
    start = time.perf_counter()
    network, device = config.network, best_device()
    x_test, *truth = _test_set_of(config)
    count = len(cells) * config.num_seeds
    model = build_model(network, cells[0].model, (count,), linear=has_linear_parts(config.recipe)).to(device)
    running = [_RunningCell(config, cell, model, i) for i, cell in enumerate(cells)]
    data = [x for cell in running for x in cell.x_train]
    longest_epoch = max(-(-cell.size // config.schedule.batch_size) for cell in cells)
    every = max(1, min(cell.num_steps for cell in running) // config.num_updates // longest_epoch)
    seeds = list(config.seeds()) * len(cells)
    records = fit(model, data, config.recipe, seed=seeds, every=every)
    for record in records:
        chosen = records.chosen if config.is_selected else []
        speed = record.step * len(data) / record.seconds if record.step else 0.0
        for cell in running:
            if cell.is_finished(record):
                yield cell.point(x_test, truth, record, chosen, time.perf_counter() - start)
            elif cell.is_due(record.step):
                yield cell.progress(x_test, record.step, speed)
        running = [cell for cell in running if not cell.is_finished(record)]
    for cell in running:
        yield cell.point(x_test, truth, record, chosen, time.perf_counter() - start)


class _RunningCell:
    """A cell under training: its replicas among those of a larger model, and a model of its own to measure them."""

    def __init__(self, config: Config, cell: Cell, whole: LatentVariableModel, index: int):
        self._config, self._cell, self._whole = config, cell, whole
        count = config.num_seeds
        self._places = range(index * count, (index + 1) * count)
        linear, device = has_linear_parts(config.recipe), whole.location.device
        self._own = build_model(config.network, cell.model, (count,), config.first_seed, linear=linear).to(device)
        whole.copy_replicas(self._own, range(count), self._places)
        self.x_train = [sample_network(config.network, cell.size, seed)[0] for seed in config.seeds()]
        self.num_steps = config.num_steps(cell)
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

    def point(
        self, x_test: Tensor, truth: list[float], record: EpochRecord, chosen: list[str], seconds: float
    ) -> Point:
        config, model = self._config, self._measured()
        mine = slice(self._places.start, self._places.stop)
        x_train = torch.stack(self.x_train)[..., : config.num_test, :]
        # Draws of its own, so that no point depends on how often its cell reported or what trained beside it.
        generator = torch.Generator(self._whole.location.device).manual_seed(config.first_seed)
        elbo, train_elbo = (_mean_elbo(model, x, config.elbo_samples, generator) for x in (x_test, x_train))
        with torch.no_grad():
            iwae = tuple(model.iwae_bound(x_test, config.iwae_samples, generator).mean(dim=-1).tolist())
        diverged = tuple(record.diverged[mine].tolist())
        return Point(self._cell, elbo, iwae, train_elbo, *truth, seconds, diverged, tuple(chosen[mine]))

    def _measured(self) -> LatentVariableModel:
        self._own.copy_replicas(self._whole, self._places, range(self._config.num_seeds))
        return self._own.eval()


def _fitted(config: Config, cell: Cell) -> Point:
    """A reference, fitted to the training set of each seed."""
    start = time.perf_counter()
    x_test, *truth = _test_set_of(config)
    elbo, train_elbo = [], []
    for seed in config.seeds():
        x_train = sample_network(config.network, cell.size, seed)[0]
        fitted = fit_reference(cell.model, config.network, x_train, seed)
        elbo.append(fitted.log_prob(x_test).mean().item())
        train_elbo.append(fitted.log_prob(x_train[: config.num_test]).mean().item())
    found, nobody = tuple(elbo), (False,) * config.num_seeds
    return Point(cell, found, found, tuple(train_elbo), *truth, time.perf_counter() - start, nobody, ())


def _test_set_of(config: Config) -> tuple[Tensor, float, float]:
    return _test_set(network_to_json(config.network), config.num_test, TEST_SEED + config.first_seed)


@lru_cache(maxsize=4)
def _test_set(network_json: str, num_test: int, seed: int) -> tuple[Tensor, float, float]:
    """Test points, their mean true log evidence, which takes long for some networks, and its standard error.

    The network comes as text, since a worker gets another object with every task.
    """
    network = parse_network(network_json, "network.json")
    x, _ = sample_network(network, num_test, seed)
    log_prob, error = true_log_prob_and_error(network, x)
    return x, log_prob.mean().item(), error.square().sum().sqrt().item() / num_test


@torch.no_grad()
def _mean_elbo(model: LatentVariableModel, x: Tensor, draws: int, generator: torch.Generator) -> tuple[float, ...]:
    return tuple(model.elbo(x, draws, generator=generator).mean(dim=-1).tolist())


def table(config: Config, points: list[Point]) -> list[dict]:
    """One row per learner, size and seed: the numbers behind the figure, in nats.

    What is fitted in closed form has neither recipe nor IWAE samples: its ELBO and bound are its log-likelihood.
    The error of the true log evidence is the standard error of an estimate, or 0 where the evidence is exact.
    """
    order = MODELS + REFERENCES
    return [
        {
            "network": config.network.name,
            "model": point.cell.model,
            "size": point.cell.size,
            "seed": config.first_seed + i,
            "recipe": "" if point.cell.model in REFERENCES else name_of(config.recipe),
            "chosen": point.chosen[i] if point.chosen else None,
            "elbo": point.elbo[i],
            "iwae": point.iwae[i],
            "iwae_samples": None if point.cell.model in REFERENCES else config.iwae_samples,
            "true_log_evidence": point.truth,
            "true_log_evidence_error": point.truth_error,
            "excess_nll": point.truth - point.iwae[i],
            "train_elbo": point.train_elbo[i],
            "diverged": point.diverged[i],
        }
        for point in sorted(points, key=lambda point: (point.cell.size, order.index(point.cell.model)))
        for i in range(len(point.elbo))
    ]


def notes(rows: Sequence[dict]) -> list[str]:
    """What a reader of the rows of :func:`table`, of one network or several, must know, in sentences."""
    sentences = [
        "ELBO and IWAE bound: means over the test points, nats, raw units; a row for each seed, which has a training "
        "set and an initialization of its own, and test points in common with all others.",
        "Excess NLL: the log evidence of the test points under the true network minus the IWAE bound.",
    ]
    if any(row["model"] in REFERENCES for row in rows):
        sentences.append("A classical learner has a log-likelihood in closed form, which stands in both columns.")
    errors = {row["network"]: row["true_log_evidence_error"] for row in rows if row["true_log_evidence_error"]}
    if errors:
        each = ", ".join(f"{network} ({error:.2g} nats)" for network, error in errors.items())
        sentences.append(
            f"The log evidence of the true network is exact, except on {each}, where it is estimated by importance "
            "sampling with this standard error, which every excess NLL there shares."
        )
    return sentences
