"""The training loop: an iterator that goes from one epoch record to the next. It prints nothing."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Source
from sirenvae.threads import threads_for
from sirenvae.training.arguments import as_list, per_replica, seeds_of
from sirenvae.training.group import Group
from sirenvae.training.programs import is_about_memory, replicas_at_once
from sirenvae.training.recipes import Recipe
from sirenvae.training.schedule import Schedule
from sirenvae.training.streams import Streams


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the training data did, or several; of the largest training set, where they differ.

    Every tensor has the model's leading shape R, or one axis over the replicas of all models where there are several.

    Attributes:
        epoch, step: How many are done.
        num_steps: How many steps the longest schedule has; ``None`` when it ends by itself.
        loss: Mean negative ELBO of the batches since the last record, the KL term weighted, nats, raw units.
        learning_rate, kl_weight: Of the last step; the rate is zero for replicas that have finished.
        diverged: Which replicas met a number that is not finite. They keep the weights they had before it.
        seconds: Since the start.
    """

    epoch: int
    step: int
    num_steps: int | None
    loss: Tensor
    learning_rate: Tensor
    kl_weight: Tensor
    diverged: Tensor
    seconds: float


class Fit(Iterator[EpochRecord]):
    """A training under way: an iterator that trains from one record to the next.

    Arguments:
        model: The model or the models, prepared.
        sources: Where the batches of each replica come from, see :func:`sources_of`.
        recipe, seed, every: As for :func:`sirenvae.training.fit.fit`; recipes are given as such.

    Attributes:
        seconds: Spent in training so far, before a save and after it.
    """

    def __init__(
        self,
        model: Fittable | Sequence[Fittable],
        sources: Sequence[Source],
        recipe: Recipe | Sequence[Recipe],
        seed: int | Sequence[int] = 0,
        every: int = 1,
    ):
        self.model = model
        self._models = as_list(model)
        if every < 1:
            raise InputError(f"A record is for at least 1 epoch, but {every} came.")
        self.recipes = per_replica("recipe", recipe, self._models)
        count = len(self.recipes)
        self.seeds = seeds_of(self._models, seed)
        self.every = every
        self._sources = per_replica("training data", list(sources), self._models)
        owner = [one for one in self._models for _ in range(math.prod(one.replicas))]
        self._schedule = schedule_of(self._models, self._sources, self.recipes)
        num_rows, like = _num_rows(self._sources), self._schedule.num_steps
        decays = [
            recipe.decay_for(one.decay_strength, n, one.num_variables, _noise_of(one, source))
            for recipe, one, n, source in zip(self.recipes, owner, num_rows, self._sources, strict=True)
        ]
        self._weight_decay = like.new_tensor(decays)
        self._log_volume = torch.cat([one.log_volume().reshape(-1) for one in self._models])
        self._loss, self._diverged = like.new_full((count,), math.nan), torch.zeros_like(self._schedule.finished(0))
        self._step = self._epoch = 0
        self._is_whole = True
        self.seconds = 0.0
        self._groups = [self._group(i, part) for i in range(len(self._models)) for part in self._parts(i)]

    @property
    def ended(self) -> bool:
        """Whether no record is left."""
        return not self._groups

    def _parts(self, index: int) -> list[list[int]]:
        """The replicas of a model in groups as large as suits the machine."""
        model = self._models[index]
        count = math.prod(model.replicas)
        sizes = [self.recipes[place].batch_size for place in self._places(index, range(count))]
        at_once = replicas_at_once(model, max(sizes))
        num_groups = math.ceil(count / at_once)
        return [list(range(count))[i * count // num_groups : (i + 1) * count // num_groups] for i in range(num_groups)]

    def _group(self, index: int, chosen: Sequence[int]) -> Group:
        """Some replicas of a model, counted within it."""
        every = self._places(index, chosen)
        sizes = [self.recipes[r].batch_size for r in every]
        model = self._models[index]
        sources, seeds = [self._sources[r] for r in every], [self.seeds[r] for r in every]
        streams = Streams(sources, seeds, sizes, model.noise, next(model.parameters()).detach())
        where = torch.tensor(every, device=self._weight_decay.device)
        return Group(model, chosen, self._schedule.take(where), streams, self._weight_decay[where])

    def _places(self, index: int, chosen: Sequence[int]) -> list[int]:
        """Where replicas of a model stand among those of all models."""
        first = sum(math.prod(model.replicas) for model in self._models[:index])
        return [first + replica for replica in chosen]

    def __next__(self) -> EpochRecord:
        return self._trained(self.every * self._steps_per_epoch)

    def take(self, steps: int) -> EpochRecord:
        """Train for some steps, however long an epoch is: what the same steps in epochs lead to, seen more often.

        Raises:
            StopIteration: If the fit has ended.
        """
        return self._trained(steps)

    def _check_whole(self) -> None:
        if not self._is_whole:
            raise InputError(
                "This training was broken off in the middle of its steps; begin it anew, or go on from where it was "
                "saved."
            )

    @property
    def _steps_per_epoch(self) -> int:
        return int(self._schedule.steps_per_epoch.max())

    def _trained(self, steps: int) -> EpochRecord:
        self._check_whole()
        if not self._groups:
            raise StopIteration
        start, self._is_whole = time.perf_counter(), False
        last = self._schedule.num_steps.max().item()
        if math.isfinite(last):
            steps = min(steps, int(last) - self._step)
        with threads_for(max(group.multiply_adds for group in self._groups)):
            self._advance(steps)
        self._step += steps
        self._epoch = self._step // self._steps_per_epoch
        self._regroup()
        self._is_whole = True
        self.seconds += time.perf_counter() - start
        return EpochRecord(
            epoch=self._epoch,
            step=self._step,
            num_steps=int(last) if math.isfinite(last) else None,
            loss=self._shaped(self._loss + self._log_volume),
            learning_rate=self._shaped(self._rate),
            kl_weight=self._shaped(self._schedule.kl_weight(self._step - 1)),
            diverged=self._shaped(self._diverged),
            seconds=self.seconds,
        )

    def _advance(self, steps: int) -> None:
        """Let every group take its steps; one that needs too much memory goes on in halves."""
        waiting, advanced = [(group, 0) for group in self._groups], []
        self._groups = []
        while waiting:
            group, done = waiting.pop(0)
            group.forget_losses()
            done = self._take_steps(group, done, steps)
            if done == steps:
                advanced.append(group)
            else:
                waiting = [(half, done) for half in self._halves(group)] + waiting
        self._groups = advanced

    def _take_steps(self, group: Group, done: int, steps: int) -> int:
        """How many steps of a group are done in the end; fewer than there are when the memory does not suffice."""
        try:
            while done < steps:
                group.take_step(self._step + done)
                done += 1
        except (MemoryError, RuntimeError) as error:  # what the step has allocated is free once this block is left
            if not is_about_memory(error):
                raise
        return done

    def _halves(self, group: Group) -> list[Group]:
        """A group in two, to go on with less memory."""
        count = len(group.chosen)
        if count == 1:
            raise MemoryError("Even one replica at a time needs more memory than there is; a smaller batch needs less.")
        half = (count + 1) // 2
        warnings.warn(
            f"Training {count} replicas at once needs more memory than there is; it goes on with {half} at a time.",
            RuntimeWarning,
            stacklevel=4,
        )
        self._collect(group)
        return [self._subgroup(group, part) for part in (range(half), range(half, count))]

    def _regroup(self) -> None:
        """Bring the models up to date, and let replicas go that have finished or diverged."""
        groups, self._rate = self._groups, torch.zeros_like(self._loss)
        self._groups = []
        for group in groups:
            self._collect(group)
            where = self._where(group)
            self._rate[where] = group.rate.to(self._rate)
            going_on = (group.alive & ~group.schedule.finished(self._step)).nonzero().flatten().tolist()
            # A smaller program is worth making once a quarter has gone; until then the others rest in it.
            if len(going_on) > 0.75 * len(group.chosen):
                self._groups.append(group)
            elif going_on:
                self._groups.append(self._subgroup(group, going_on))

    def _collect(self, group: Group) -> None:
        """Take over what a group has found so far."""
        group.store()
        where = self._where(group)
        self._schedule.put(where, group.schedule)
        self._diverged[where] = ~group.alive
        mean = group.mean_loss()
        self._loss[where] = torch.where(torch.isfinite(mean), mean, self._loss[where])

    def _subgroup(self, group: Group, part: Sequence[int]) -> Group:
        """A new group of some replicas of another one, counted within it."""
        new = self._group(self._models.index(group.model), [group.chosen[r] for r in part])
        where = torch.tensor(list(part), device=group.alive.device)
        new.alive = group.alive[where]
        new.set_moments({name: {k: v[where] for k, v in values.items()} for name, values in group.moments().items()})
        return new

    def _where(self, group: Group) -> Tensor:
        places = self._places(self._models.index(group.model), group.chosen)
        return torch.tensor(places, device=self._loss.device)

    def _shaped(self, values: Tensor) -> Tensor:
        return values.view(self._models[0].replicas) if len(self._models) == 1 else values.clone()

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Everything between two records that is not in the model: tensors, and numbers; of a fit of one model.

        Raises:
            InputError: If it was broken off between two records.
        """
        self._check_whole()
        tensors = {f"schedule.{name}": value for name, value in self._schedule.state().items()}
        tensors |= {"diverged": self._diverged, "loss": self._loss}
        model, count = self._models[0], len(self.recipes)
        for average in ("mean", "square"):
            for name, parameter in model.trainable().items():
                tensors[f"{average}.{name}"] = torch.zeros(count, parameter.numel() // count).to(parameter)
        for group in self._groups:
            for average, values in group.moments().items():
                for name, value in values.items():
                    tensors[f"{average}.{name}"][group.chosen] = value
        return tensors, {"step": self._step, "epoch": self._epoch, "seconds": self.seconds}

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, float]) -> None:
        """Go on from a :meth:`state`; the model must have the weights it had then."""
        for name, value in self._schedule.state().items():
            value.copy_(tensors[f"schedule.{name}"])
        self._diverged.copy_(tensors["diverged"])
        self._loss.copy_(tensors["loss"])
        self._step, self._epoch = int(numbers["step"]), int(numbers["epoch"])
        self.seconds = numbers["seconds"]
        going_on = ~(self._diverged | self._schedule.finished(self._step))
        parts = [[r for r in part if going_on[r]] for part in self._parts(0)]
        self._groups = [self._group(0, part) for part in parts if part]
        for group in self._groups:
            group.set_moments(
                {
                    average: {name: tensors[f"{average}.{name}"][group.chosen] for name in group.model.trainable()}
                    for average in ("mean", "square")
                }
            )


def _noise_of(model: Fittable, source: Source) -> float:
    """What a model says of the noise in a table; new rows have none in the end."""
    return model.noise_to_signal(source) if isinstance(source, Tensor) else 0.0


def _num_rows(sources: Sequence[Source]) -> list[float]:
    return [len(source) if isinstance(source, Tensor) else math.inf for source in sources]


def schedule_of(models: Sequence[Fittable], sources: Sequence[Source], recipes: Sequence[Recipe]) -> Schedule:
    """The schedules of the replicas of all models, float64; one source and one recipe for each replica."""
    sizes = [model.num_variables for model in models for _ in range(math.prod(model.replicas))]
    like = torch.empty(0, dtype=torch.float64, device=models[0].device)
    return Schedule(recipes, _num_rows(sources), sizes, like)
