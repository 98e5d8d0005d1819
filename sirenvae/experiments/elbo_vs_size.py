"""ELBO against training-set size: what knowing the structure is worth when data are few.

Source:
    Figure 2 of Mouton & Kroon, SIReN-VAE (2022), Figure 3 of its poster; the truth beside it is ours.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from functools import lru_cache, partial

from torch import Tensor

from sirenvae.experiments.elbo_vs_size_cells import Point, Progress, RunningCell
from sirenvae.experiments.elbo_vs_size_config import PRESETS, TEST_SEED, Cell, Config, preset
from sirenvae.experiments.executors import Line
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.learners import MODELS, best_device, build_model, has_linear_parts, name_of
from sirenvae.experiments.store import Store
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.graphs import network_to_json, parse_network
from sirenvae.training.fit import fit
from sirenvae.training.loop import Fit
from sirenvae.truth import sample_network, true_log_prob_and_error
from sirenvae.truth.references import REFERENCES, fit_reference

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


def run(
    config: Config,
    executor: Executor | None = None,
    line: Line | None = None,
    store: Store | None = None,
    keeper: Keeper | None = None,
) -> Iterator[Progress | Point]:
    """Train and measure every cell.

    Arguments:
        config: What to do.
        executor: Where cells run; ``None`` is here. With an executor the longest start first.
        line: Where the executor's workers report, see :func:`~sirenvae.experiments.executors.local_processes`; without
            it only finished cells are heard of.
        store: Where finished cells are kept, and found again.
        keeper: Keeps models and goes on with what it kept; where neither an executor nor a store is given.

    Yields:
        :class:`Progress` while cells train, and one :class:`Point` per cell when it is finished; those that were in the
        store come first.

    Raises:
        CellsFailed: At the end, with an executor or a store, if cells failed.
        StoreError: If the store cannot be read or written.
    """
    if executor is None and store is None:
        for cells in config.tasks():
            yield from run_together(config, cells, keeper)
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


def run_together(config: Config, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Train one model at several sizes, all sizes and seeds as replicas of one program, and measure each cell.

    Arguments:
        config: How.
        cells: Of one model, or one reference.
        keeper: Keeps models of finished cells, and the training when it is left early; cells that it has are left out.

    Yields:
        :class:`Progress` of every cell while it trains, and its :class:`Point` when it is finished.
    """
    done = keeper.done if keeper else ()
    wanted = [cell for cell in cells if (cell.model, cell.size) not in done]
    if cells[0].model in REFERENCES:
        yield from (_fitted(config, cell) for cell in wanted)
    elif wanted:
        yield from _trained(config, cells, wanted, keeper)


def _trained(
    config: Config, cells: tuple[Cell, ...], wanted: list[Cell], keeper: Keeper | None
) -> Iterator[Progress | Point]:
    """Train `cells` together, or go on with that, and measure those that are wanted."""
    start, task = time.perf_counter(), (cells[0].model, cells[0].size)
    x_test, *truth = _test_set_of(config)
    places = [RunningCell(config, cell, i) for i, cell in enumerate(cells)]
    data = [x for cell in places for x in cell.x_train]
    records = keeper.kept_fit(*task, data, best_device()) if keeper else None
    if records is None:
        records = _begun(config, places, data)
    else:
        start -= records.seconds
    running = [cell for cell in places if cell.cell in wanted]
    try:
        for record in records:
            chosen = records.chosen if config.is_selected else []
            speed = record.step * len(data) / record.seconds if record.step else 0.0
            for cell in [cell for cell in running if cell.is_finished(record)]:
                yield cell.point(records.model, x_test, truth, record, chosen, start, keeper)
                running.remove(cell)
            for cell in running:
                if cell.is_due(record.step):
                    yield cell.progress(records.model, x_test, record.step, speed)
            if keeper and running:
                keeper.keep_fit(*task, records)
    except GeneratorExit:  # left early
        if keeper and running:
            keeper.keep_fit(*task, records, at_once=True)
        raise
    for cell in running:
        yield cell.point(records.model, x_test, truth, record, chosen, start, keeper)
    if keeper:
        keeper.drop_fit(*task)


def _begun(config: Config, places: list[RunningCell], data: list[Tensor]) -> Fit:
    """A training that begins."""
    count, cells = len(data), [place.cell for place in places]
    linear = has_linear_parts(config.recipe)
    model = build_model(config.network, cells[0].model, (count,), linear=linear).to(best_device())
    for place in places:
        place.begin(model)
    longest_epoch = max(-(-cell.size // config.schedule.batch_size) for cell in cells)
    every = max(1, min(config.num_steps(cell) for cell in cells) // config.num_updates // longest_epoch)
    return fit(model, data, config.recipe, seed=list(config.seeds()) * len(cells), every=every)


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
            "recipe": None if point.cell.model in REFERENCES else name_of(config.recipe),
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
