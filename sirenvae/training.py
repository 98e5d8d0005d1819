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

# How much stronger than for the true structure the weights are held, where there are more of them.
_DECAY_OF_STRUCTURE = {"true": 1.0, "fully_connected": 5.0, "independent": 5.0, "vanilla_vae": 10.0}


@dataclass(frozen=True)
class Recipe:
    """How to train. To change a number: ``dataclasses.replace(RECIPES["default"], learning_rate=1e-3)``.

    Attributes:
        name: What to call it.
        learning_rate: Where the schedule starts.
        batch_size: Points per step, drawn without replacement within an epoch.
        schedule: ``"cosine"``: up to `learning_rate` over `warm_up_steps`, then down to zero over `num_steps`.
            ``"plateau"``: times `plateau_factor` after `plateau_patience` epochs without a lower loss; it ends below
            `final_learning_rate` or after `max_epochs`.
        num_steps: Length of the cosine schedule; ``None`` follows :meth:`steps_for`.
        base_steps: That length for two points per variable.
        kl_warm_up: The weight of the KL term grows from 0 to 1 over this share of `base_steps` (of `num_steps`, where
            that is less). Without it the posterior collapses onto the prior.
        weight_decay: Decoupled weight decay; ``None`` follows :meth:`decay_for`.
        noise_floor: Least standard deviation of the decoder, in standard units of the data. Without it the decoder
            becomes certain before the posterior is any good.
    """

    name: str
    learning_rate: float = 3e-3
    batch_size: int = 100
    schedule: str = "cosine"
    num_steps: int | None = None
    base_steps: int = 2000
    warm_up_steps: int = 50
    kl_warm_up: float = 0.4
    weight_decay: float | None = None
    noise_floor: float = 0.1
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    final_learning_rate: float = 1e-6
    max_epochs: int = 2000

    def __post_init__(self):
        for name in (
            "learning_rate",
            "batch_size",
            "base_steps",
            "plateau_patience",
            "final_learning_rate",
            "max_epochs",
        ):
            if not getattr(self, name) > 0:
                raise InputError(f"The {name.replace('_', ' ')} must be positive, but {getattr(self, name)} came.")
        if self.num_steps is not None and self.num_steps < 1:
            raise InputError(f"The number of steps is at least 1, but {self.num_steps} came.")
        if self.schedule not in ("cosine", "plateau"):
            raise InputError(f"The schedule {self.schedule!r} does not exist; it is one of cosine, plateau.")
        if self.weight_decay is not None and self.weight_decay < 0:
            raise InputError(f"The weight decay is at least 0, but {self.weight_decay} came.")

    def steps_for(self, num_points: int, num_variables: int) -> int:
        """`num_steps`, or else `base_steps` for two points per variable, twice as many for fifty times the points."""
        if self.num_steps is not None:
            return self.num_steps
        return round(self.base_steps * (num_points / (2 * num_variables)) ** (math.log(2) / math.log(50)))

    def decay_for(self, structure: str, num_points: int, num_variables: int) -> float:
        """`weight_decay`, or by default that of a fixed Gaussian prior on the weights, which weighs 1/n against n
        points.

        It is 1 at two points per variable for the true structure, and more for structures with more weights.
        """
        if self.weight_decay is not None:
            return self.weight_decay
        return _DECAY_OF_STRUCTURE[structure] * 2 * num_variables / num_points


RECIPES = {
    "default": Recipe("default"),
    "paper": Recipe(
        "paper", learning_rate=1e-2, schedule="plateau", kl_warm_up=0.0, weight_decay=0.0, noise_floor=1e-3
    ),
}


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


def fit(
    model: LatentVariableModel, x: Tensor | np.ndarray, recipe: str | Recipe = "default", *, seed: int = 0
) -> Iterator[EpochRecord]:
    """Train a model, all its replicas at once.

    The model is in evaluation mode whenever a record is handed out, so it can be asked anything in between; to stop
    early, stop iterating.

    Arguments:
        model: The model; its standardization is set from `x` and its weights are trained in place.
        x: Training data in raw units, shape ``(N, D)``, or ``(*R, N, D)`` for other data per replica.
        recipe: A name from :data:`RECIPES`, or a :class:`Recipe`.
        seed: Of the batches and of the noise.

    Yields:
        One :class:`EpochRecord` per epoch.

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
        Adam and the plateau schedule: Mouton & Kroon, SIReN-VAE (2022), appendix. The default recipe is ours.
    """
    if isinstance(recipe, str):
        if recipe not in RECIPES:
            raise InputError(f"The recipe {recipe!r} does not exist; it is one of {', '.join(RECIPES)}.")
        recipe = RECIPES[recipe]
    model.standardize(x)
    return _epochs(model, model.standardized(x), recipe, seed)


def _epochs(model: LatentVariableModel, x: Tensor, recipe: Recipe, seed: int) -> Iterator[EpochRecord]:
    num_points, num_variables = x.shape[-2], len(model.network.variables)
    generator = torch.Generator(x.device).manual_seed(seed)
    optimizer = FlatAdamW(model, model.replicas)
    weight_decay = x.new_full(model.replicas, recipe.decay_for(model.structure, num_points, num_variables))
    batches = _batches(x, model.replicas, recipe.batch_size, generator)
    per_epoch = math.ceil(num_points / recipe.batch_size)
    model.decoder.noise_floor.fill_(recipe.noise_floor)
    if recipe.schedule == "cosine":
        schedule = _Cosine(recipe, x.new_ones(model.replicas), recipe.steps_for(num_points, num_variables))
    else:
        schedule = _Plateau(recipe, x.new_ones(model.replicas))
    units = model.scale.log().sum(dim=(-2, -1))
    start, step, epoch = time.perf_counter(), 0, 0
    while not schedule.finished(step):
        model.train()
        total, count = 0.0, 0
        while count < per_epoch and not schedule.finished(step):
            kl_weight = schedule.kl_weight(step)
            optimizer.zero_grad()
            loss = -model.standard_elbo(next(batches), kl_weight, generator).mean(dim=-1)
            loss.sum().backward()
            optimizer.step(schedule.learning_rate(step), weight_decay)
            total, count, step = total + loss.detach(), count + 1, step + 1
        epoch += 1
        rate = schedule.learning_rate(step - 1)
        schedule.end_epoch(total / count)
        model.eval()
        seconds = time.perf_counter() - start
        yield EpochRecord(epoch, step, schedule.num_steps, total / count + units, rate, kl_weight, seconds)


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


class _Cosine:
    """Linear warm-up, then half a cosine down to zero; the same for every replica."""

    def __init__(self, recipe: Recipe, ones: Tensor, num_steps: int):
        self._recipe, self._ones, self.num_steps = recipe, ones, num_steps

    def learning_rate(self, step: int) -> Tensor:
        warm = min(1.0, (step + 1) / self._recipe.warm_up_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.num_steps))
        return self._recipe.learning_rate * warm * cosine * self._ones

    def kl_weight(self, step: int) -> float:
        grows_for = self._recipe.kl_warm_up * min(self._recipe.base_steps, self.num_steps)
        return min(1.0, step / grows_for) if grows_for else 1.0

    def end_epoch(self, loss: Tensor) -> None:
        """Nothing here depends on the loss."""

    def finished(self, step: int) -> bool:
        return step >= self.num_steps


class _Plateau:
    """Each replica's rate falls when its loss has stopped falling; a replica below the final rate rests."""

    num_steps = None

    def __init__(self, recipe: Recipe, ones: Tensor):
        self._recipe = recipe
        self._rate = recipe.learning_rate * ones
        self._best, self._waited = torch.full_like(ones, math.inf), torch.zeros_like(ones)
        self._epochs = 0

    def learning_rate(self, step: int) -> Tensor:
        return torch.where(self._rate >= self._recipe.final_learning_rate, self._rate, 0.0)

    def kl_weight(self, step: int) -> float:
        return 1.0

    def end_epoch(self, loss: Tensor) -> None:
        self._epochs += 1
        self._waited = torch.where(loss < self._best, 0.0, self._waited + 1)
        self._best = torch.minimum(self._best, loss)
        stuck = self._waited >= self._recipe.plateau_patience
        self._rate = torch.where(stuck, self._rate * self._recipe.plateau_factor, self._rate)
        self._waited = torch.where(stuck, 0.0, self._waited)

    def finished(self, step: int) -> bool:
        resting = (self._rate < self._recipe.final_learning_rate).all()
        return bool(resting) or self._epochs >= self._recipe.max_epochs
