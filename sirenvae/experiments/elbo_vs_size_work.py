"""The work on the cells of the figure, see :mod:`sirenvae.experiments.elbo_vs_size`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.registry import LEARNERS, REFERENCE
from sirenvae.experiments.runs import common_test_set, training_sets
from sirenvae.experiments.settings import has_linear_parts, schedule_of
from sirenvae.experiments.side_by_side import SideBySide, best_device
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models.base import LatentVariableModel
from sirenvae.training.fit import fit
from sirenvae.training.loop import EpochRecord, Fit
from sirenvae.truth.references import fit_reference

if TYPE_CHECKING:
    from sirenvae.experiments.elbo_vs_size import ElboVsSize

_QUICK_LOOK = 300  # training points that a report is measured on


def work(trial: ElboVsSize, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Cells of one learner, all sizes and seeds of a model as replicas of one program.

    Arguments:
        trial: How.
        cells: Of one model, or one reference.
        keeper: Keeps models of finished cells, and the training when it is left early; cells that it has are left out.

    Yields:
        The progress of every cell while it trains, and its point when it is finished.
    """
    done = keeper.done if keeper else ()
    wanted = [cell for cell in cells if (cell.learner, cell.size) not in done]
    if LEARNERS[cells[0].learner].kind == REFERENCE:
        yield from (_fitted(trial, cell) for cell in wanted)
    elif wanted:
        yield from _Training(trial, cells, wanted, keeper).run()


def _fitted(trial: ElboVsSize, cell: Cell) -> Point:
    """A reference, fitted to the training set of each seed."""
    start = time.perf_counter()
    x_test, truth = common_test_set(trial.network, trial.num_test, trial.first_seed)
    elbo, train_elbo = [], []
    for seed, x_train in zip(trial.seeds(), training_sets(trial.network, cell.size, trial.seeds()), strict=True):
        fitted = fit_reference(cell.learner, trial.network, x_train, seed)
        elbo.append(fitted.log_prob(x_test).mean().item())
        train_elbo.append(fitted.log_prob(x_train[: trial.num_test]).mean().item())
    values = {"elbo": elbo, "iwae": elbo, "train_elbo": train_elbo, **truth}
    others = {"seconds": time.perf_counter() - start, "diverged": [False] * trial.num_seeds, "chosen": []}
    return Point(cell, values | others)


class _Training:
    """Cells of one model that train together, measured while they do and when each is finished."""

    def __init__(self, trial: ElboVsSize, cells: tuple[Cell, ...], wanted: list[Cell], keeper: Keeper | None):
        self._start = time.perf_counter()
        self._trial, self._cells, self._running, self._keeper = trial, cells, list(wanted), keeper
        self._task = (cells[0].learner, cells[0].size)
        self._x_test, self._truth = common_test_set(trial.network, trial.num_test, trial.first_seed)
        linear = has_linear_parts(trial.recipe)
        self._beside = SideBySide(
            trial.network, cells[0].learner, cells, trial.num_seeds, trial.first_seed, linear=linear
        )
        sets = {cell: training_sets(trial.network, cell.size, trial.seeds()) for cell in cells}
        self._data = [x for own in sets.values() for x in own]
        self._x_train = {cell: torch.stack(own) for cell, own in sets.items()}
        self._generators = {cell: self._generator() for cell in cells}  # each cell reports from draws of its own
        self._reported = dict.fromkeys(cells, 0)

    def run(self) -> Iterator[Progress | Point]:
        records = self._records()
        try:
            for record in records:
                for cell in [cell for cell in self._running if self._is_finished(cell, record)]:
                    yield self._point(cell, records, record)
                    self._running.remove(cell)
                yield from (
                    self._progress(cell, records, record) for cell in self._running if self._is_due(cell, record)
                )
                if self._keeper and self._running:
                    self._keeper.keep_fit(*self._task, records)
        except GeneratorExit:  # left early
            if self._keeper and self._running:
                self._keeper.keep_fit(*self._task, records, at_once=True)
            raise
        for cell in self._running:
            yield self._point(cell, records, record)
        if self._keeper:
            self._keeper.drop_fit(*self._task)

    def _records(self) -> Fit:
        """The training that was kept, or one that begins."""
        kept = self._keeper.kept_fit(*self._task, self._data, best_device()) if self._keeper else None
        if kept is not None:
            self._start -= kept.seconds
            return kept
        trial, cells = self._trial, self._cells
        longest_epoch = max(-(-cell.size // schedule_of(trial.recipe).batch_size) for cell in cells)
        every = max(1, min(map(trial.num_steps, cells)) // trial.num_updates // longest_epoch)
        seeds = list(trial.seeds()) * len(cells)
        return fit(self._beside.whole(), self._data, trial.recipe, seed=seeds, every=every)

    def _is_finished(self, cell: Cell, record: EpochRecord) -> bool:
        """Whether all its replicas rest, at the end of their schedule or because they diverged."""
        return not record.learning_rate[self._mine(cell)].any()

    def _is_due(self, cell: Cell, record: EpochRecord) -> bool:
        """Whether it is time for another report."""
        due = record.step * self._trial.num_updates // self._trial.num_steps(cell)
        is_due, self._reported[cell] = due != self._reported[cell], due
        return is_due

    def _progress(self, cell: Cell, records: Fit, record: EpochRecord) -> Progress:
        model, generator = self._beside.part(records.model, cell), self._generators[cell]
        values = {
            "train_elbo": _mean_elbo(model, self._x_train[cell][..., :_QUICK_LOOK, :], 1, generator),
            "test_elbo": _mean_elbo(model, self._x_test, 1, generator),
            "replica_steps_per_second": record.step * len(self._data) / record.seconds if record.step else 0.0,
        }
        return Progress(cell, record.step, self._trial.num_steps(cell), values)

    def _point(self, cell: Cell, records: Fit, record: EpochRecord) -> Point:
        """Measure it as it is now, and hand its model to the keeper."""
        trial, model = self._trial, self._beside.part(records.model, cell)
        # Draws of its own, so that no point depends on how often its cell reported or what trained beside it.
        generator = self._generator()
        x_train = self._x_train[cell][..., : trial.num_test, :]
        elbo, train_elbo = (_mean_elbo(model, x, trial.elbo_samples, generator) for x in (self._x_test, x_train))
        with torch.no_grad():
            iwae = model.iwae_bound(self._x_test, trial.iwae_samples, generator).mean(dim=-1).tolist()
        if self._keeper:
            self._keeper.keep_model(cell.learner, cell.size, model)
        values = {"elbo": elbo, "iwae": iwae, "train_elbo": train_elbo, **self._truth}
        values |= {"seconds": time.perf_counter() - self._start, "diverged": record.diverged[self._mine(cell)].tolist()}
        return Point(cell, values | {"chosen": records.chosen[self._mine(cell)] if trial.is_selected else []})

    def _mine(self, cell: Cell) -> slice:
        """Its replicas among all."""
        places = self._beside.places[cell]
        return slice(places.start, places.stop)

    def _generator(self) -> torch.Generator:
        return torch.Generator(best_device()).manual_seed(self._trial.first_seed)


@torch.no_grad()
def _mean_elbo(model: LatentVariableModel, x: Tensor, draws: int, generator: torch.Generator) -> list[float]:
    return model.elbo(x, draws, generator=generator).mean(dim=-1).tolist()
