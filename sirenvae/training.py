"""Fit a model: an iterator of epoch records. It prints nothing and knows no face."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.base import LatentVariableModel
from sirenvae.optimizer import FlatAdamW
from sirenvae.recipes import RECIPES, Cosine, Plateau, Recipe


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the training data did.

    Attributes:
        epoch, step: How many are done.
        num_steps: How many steps the schedule has; ``None`` when it ends by itself.
        loss: Mean negative ELBO of the epoch's batches, the KL term weighted by `kl_weight`; shape ``(*R)``, nats, raw
            units.
        learning_rate: Of the last step, shape ``(*R)``.
        kl_weight: Of the last step.
        seconds: Since the start.
    """

    epoch: int
    step: int
    num_steps: int | None
    loss: Tensor
    learning_rate: Tensor
    kl_weight: float
    seconds: float


def fit(model: LatentVariableModel, x: Tensor | np.ndarray, recipe: str | Recipe = "default", *, seed: int = 0) -> Fit:
    """Train a model, all its replicas at once.

    The model is in evaluation mode whenever a record is handed out, so it can be asked anything in between; to stop
    early, stop iterating.

    Arguments:
        model: The model; its standardization is set from `x` and its weights are trained in place.
        x: Training data in raw units, shape ``(N, D)``, or ``(*R, N, D)`` for other data per replica.
        recipe: A name from :data:`RECIPES`, or a :class:`Recipe`.
        seed: Of the batches and of the noise.

    Returns:
        An iterator of one :class:`EpochRecord` per epoch.

    Raises:
        InputError: If the recipe does not exist or the data cannot be trained on.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("student")
        >>> x, _ = sv.sample_network(net, 50)
        >>> model = sv.SIReNVAE(net)
        >>> records = list(sv.fit(model, x, Recipe("short", num_steps=3)))
        >>> [record.epoch for record in records]
        [1, 2, 3]

    Source:
        Adam with a plateau schedule: Mouton & Kroon, SIReN-VAE (2022). The default recipe is ours.
    """
    if isinstance(recipe, str):
        if recipe not in RECIPES:
            raise InputError(f"The recipe {recipe!r} does not exist; it is one of {', '.join(RECIPES)}.")
        recipe = RECIPES[recipe]
    model.standardize(x)
    model.decoder.noise_floor.fill_(recipe.noise_floor)
    return Fit(model, x, recipe, seed)


class Fit(Iterator[EpochRecord]):
    """A training under way: an iterator that takes one epoch for each record.

    Arguments:
        model: The model, its standardization set.
        x: Training data in raw units.
        recipe: How to train.
        seed: Of the batches and of the noise.
    """

    def __init__(self, model: LatentVariableModel, x: Tensor | np.ndarray, recipe: Recipe, seed: int):
        self.model, self.recipe, self.seed = model, recipe, seed
        x = model.standardized(x)
        num_points, num_variables = x.shape[-2], len(model.network.variables)
        ones = x.new_ones(model.replicas)
        self._generator = torch.Generator(x.device).manual_seed(seed)
        self._optimizer = FlatAdamW(model, model.replicas)
        self._weight_decay = recipe.decay_for(model.structure, num_points, num_variables) * ones
        self._batches = _batches(x, model.replicas, recipe.batch_size, self._generator)
        self._per_epoch = math.ceil(num_points / recipe.batch_size)
        if recipe.schedule == "cosine":
            self._schedule = Cosine(recipe, ones, recipe.steps_for(num_points, num_variables))
        else:
            self._schedule = Plateau(recipe, ones)
        self._step = self._epoch = 0
        self._seconds = 0.0

    def __next__(self) -> EpochRecord:
        if self._schedule.finished(self._step):
            raise StopIteration
        start = time.perf_counter()
        self.model.train()
        total, count = 0.0, 0
        while count < self._per_epoch and not self._schedule.finished(self._step):
            rate, kl_weight = self._schedule.learning_rate(self._step), self._schedule.kl_weight(self._step)
            total, count = total + self._take_step(rate, kl_weight), count + 1
        self.model.eval()
        self._epoch += 1
        self._schedule.end_epoch(total / count)
        self._seconds += time.perf_counter() - start
        loss = total / count + self.model.scale.log().sum(dim=(-2, -1))
        num_steps = self._schedule.num_steps
        return EpochRecord(self._epoch, self._step, num_steps, loss, rate, kl_weight, self._seconds)

    def _take_step(self, rate: Tensor, kl_weight: float) -> Tensor:
        self._optimizer.zero_grad()
        loss = -self.model.standard_elbo(next(self._batches), kl_weight, self._generator).mean(dim=-1)
        loss.sum().backward()
        self._optimizer.step(rate, self._weight_decay)
        self._step += 1
        return loss.detach()

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Everything between two epochs that is not in the model: tensors, and numbers."""
        tensors = {
            "generator": self._generator.get_state(),
            **{f"optimizer.{name}": value for name, value in self._optimizer.state().items()},
            **{f"schedule.{name}": value for name, value in self._schedule.state().items()},
        }
        return tensors, {"step": self._step, "epoch": self._epoch, "seconds": self._seconds}

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, float]) -> None:
        """Go on from a :meth:`state`; the model must have the weights it had then."""
        self._generator.set_state(tensors["generator"])
        for prefix, holder in (("optimizer", self._optimizer), ("schedule", self._schedule)):
            for name, value in holder.state().items():
                value.copy_(tensors[f"{prefix}.{name}"])
        self._step, self._epoch = int(numbers["step"]), int(numbers["epoch"])
        self._seconds = numbers["seconds"]


def _batches(x: Tensor, replicas: tuple[int, ...], batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Batches without end, each replica in its own order; all points at once where they fit a batch."""
    num_points = x.shape[-2]
    if num_points <= batch_size:
        while True:
            yield x
    flat = x.reshape(-1, *x.shape[-2:])
    which = torch.arange(len(flat), device=x.device).unsqueeze(-1)
    while True:
        order = torch.rand(len(flat), num_points, generator=generator, device=x.device).argsort(dim=-1)
        for chosen in order.split(batch_size, dim=-1):
            yield flat[which, chosen].reshape(*replicas, chosen.shape[-1], x.shape[-1])
