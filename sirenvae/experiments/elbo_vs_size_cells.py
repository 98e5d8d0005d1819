"""One cell of the figure, see :mod:`sirenvae.experiments.elbo_vs_size`: while it trains, and what it found."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.experiments.elbo_vs_size_config import Cell, Config
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.learners import best_device, build_model, has_linear_parts
from sirenvae.models.base import LatentVariableModel
from sirenvae.training.loop import EpochRecord
from sirenvae.truth import sample_network


@dataclass(frozen=True)
class Progress:
    """Where a cell is.

    Attributes:
        cell: Which one.
        step, num_steps: Of its training.
        train_elbo: One-sample ELBO per seed, averaged over at most 300 of its training points, nats.
        test_elbo: The same over all test points, so that it can be compared with the truth's there.
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


class RunningCell:
    """A cell under training: its replicas among those of a larger model, and a model of its own to measure them."""

    def __init__(self, config: Config, cell: Cell, index: int):
        self._config, self.cell = config, cell
        count = config.num_seeds
        self._places = range(index * count, (index + 1) * count)
        own = build_model(
            config.network, cell.model, (count,), config.first_seed, linear=has_linear_parts(config.recipe)
        )
        self._own = own.to(best_device())
        self.x_train = [sample_network(config.network, cell.size, seed)[0] for seed in config.seeds()]
        self._num_steps = config.num_steps(cell)
        self._generator = torch.Generator(best_device()).manual_seed(config.first_seed)
        self._reported = 0

    def begin(self, whole: LatentVariableModel) -> None:
        """Give its replicas among those of the larger model their first weights."""
        whole.copy_replicas(self._own, range(self._config.num_seeds), self._places)

    def is_due(self, step: int) -> bool:
        """Whether it is time for another report."""
        due = step * self._config.num_updates // self._num_steps
        if due == self._reported:
            return False
        self._reported = due
        return True

    def is_finished(self, record: EpochRecord) -> bool:
        """Whether all its replicas rest, at the end of their schedule or because they diverged."""
        return not record.learning_rate[self._places.start : self._places.stop].any()

    def progress(self, whole: LatentVariableModel, x_test: Tensor, step: int, speed: float) -> Progress:
        """How far it is; `whole` is the larger model."""
        model = self._measured(whole)
        x_train = torch.stack(self.x_train)[..., :300, :]
        quick = [_mean_elbo(model, x, 1, self._generator) for x in (x_train, x_test)]
        return Progress(self.cell, step, self._num_steps, *quick, speed)

    def point(
        self,
        whole: LatentVariableModel,
        x_test: Tensor,
        truth: list[float],
        record: EpochRecord,
        chosen: list[str],
        start: float,
        keeper: Keeper | None,
    ) -> Point:
        """Measure it as it is now, and hand its model to the keeper."""
        config, model = self._config, self._measured(whole)
        mine = slice(self._places.start, self._places.stop)
        x_train = torch.stack(self.x_train)[..., : config.num_test, :]
        # Draws of its own, so that no point depends on how often its cell reported or what trained beside it.
        generator = torch.Generator(best_device()).manual_seed(config.first_seed)
        elbo, train_elbo = (_mean_elbo(model, x, config.elbo_samples, generator) for x in (x_test, x_train))
        with torch.no_grad():
            iwae = tuple(model.iwae_bound(x_test, config.iwae_samples, generator).mean(dim=-1).tolist())
        diverged = tuple(record.diverged[mine].tolist())
        if keeper:
            keeper.keep_model(self.cell.model, self.cell.size, model)
        seconds = time.perf_counter() - start
        return Point(self.cell, elbo, iwae, train_elbo, *truth, seconds, diverged, tuple(chosen[mine]))

    def _measured(self, whole: LatentVariableModel) -> LatentVariableModel:
        self._own.copy_replicas(whole, self._places, range(self._config.num_seeds))
        return self._own.eval()


@torch.no_grad()
def _mean_elbo(model: LatentVariableModel, x: Tensor, draws: int, generator: torch.Generator) -> tuple[float, ...]:
    return tuple(model.elbo(x, draws, generator=generator).mean(dim=-1).tolist())
