"""Learning rates, KL weights and ends of many replicas, each by its own recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sirenvae.training.recipes import Recipe

_STEPS_WITHOUT_END = 100  # What an epoch of a simulator is.


class Schedule:
    """The schedules of E replicas, all of them at the same step; every attribute is a tensor of shape ``(E,)``.

    Arguments:
        recipes: One per replica.
        num_points, num_variables: Of each replica's training data, infinite for a simulator, and of its model.
        like: A tensor on the device and of the precision that these numbers shall have.

    Attributes:
        num_steps: Steps at most; infinite for plateau schedules without such a limit, which end by themselves.
        steps_per_epoch: Steps of one pass over a replica's data.
        rate, best, waited, epochs: Of the plateau schedules: the present rate, the lowest loss, the epochs since, and
            all epochs.
    """

    def __init__(
        self, recipes: Sequence[Recipe], num_points: Sequence[int], num_variables: Sequence[int], like: Tensor
    ):
        def column(name: str) -> Tensor:
            return like.new_tensor([float(getattr(recipe, name)) for recipe in recipes])

        cosine = [recipe.schedule == "cosine" for recipe in recipes]
        every = list(zip(recipes, num_points, num_variables, strict=True))
        steps = [
            recipe.steps_for(n, size) if recipe.schedule == "cosine" else recipe.num_steps or math.inf
            for recipe, n, size in every
        ]
        self.num_steps = like.new_tensor(steps)
        self.steps_per_epoch = like.new_tensor(
            [_STEPS_WITHOUT_END if math.isinf(n) else math.ceil(n / recipe.batch_size) for recipe, n, _ in every]
        )
        self._kl_steps = like.new_tensor(
            [recipe.kl_warm_up * min(recipe.base_steps, n) for recipe, n in zip(recipes, steps, strict=True)]
        )
        self._cosine = torch.tensor(cosine, device=like.device)
        self._peak, self._warm_up = column("learning_rate"), column("warm_up_steps")
        self._factor, self._patience = column("plateau_factor"), column("plateau_patience")
        self._last_rate, self._max_epochs = column("final_learning_rate"), column("max_epochs")
        self.rate = self._peak.clone()
        self.best, self.waited = torch.full_like(self.rate, math.inf), torch.zeros_like(self.rate)
        self.epochs, self._summed = torch.zeros_like(self.rate), torch.zeros_like(self.rate)
        self._has_plateau = not all(cosine)

    def learning_rate(self, step: int) -> Tensor:
        """Rates of a step, counted from 0; zero where a schedule has ended."""
        warm = ((step + 1) / self._warm_up.clamp_min(1)).clamp_max(1)
        cosine = 0.5 * self._peak * (1 + torch.cos(math.pi * (step / self.num_steps).clamp_max(1)))
        return torch.where(self.finished(step), 0.0, warm * torch.where(self._cosine, cosine, self.rate))

    def kl_weight(self, step: int) -> Tensor:
        """Weights of the KL term at a step; they grow from 0 to 1."""
        return torch.where(self._kl_steps > 0, (step / self._kl_steps.clamp_min(1e-9)).clamp_max(1), 1.0)

    def end_step(self, step: int, loss: Tensor) -> None:
        """Hear the losses of a step; a plateau schedule looks at their mean whenever an epoch of its own is over."""
        if not self._has_plateau:
            return
        self._summed += loss
        ends = ((step + 1) % self.steps_per_epoch == 0) & ~self._cosine
        mean = self._summed / self.steps_per_epoch
        self._summed.masked_fill_(ends, 0.0)
        self.epochs += ends
        waited = torch.where(mean < self.best, 0.0, self.waited + 1)
        self.best = torch.where(ends, torch.minimum(self.best, mean), self.best)
        stuck = ends & (waited >= self._patience)
        self.waited = torch.where(stuck, 0.0, torch.where(ends, waited, self.waited))
        self.rate = torch.where(stuck, self.rate * self._factor, self.rate)

    def finished(self, step: int) -> Tensor:
        """Which schedules have ended before this step, bool."""
        plateau = (self.rate < self._last_rate) | (self.epochs >= self._max_epochs)
        return (step >= self.num_steps) | (plateau & ~self._cosine)

    def take(self, chosen: Tensor) -> Schedule:
        """The schedules of some replicas."""
        part = object.__new__(Schedule)
        for name, value in vars(self).items():
            setattr(part, name, value[chosen] if isinstance(value, Tensor) else value)
        return part

    def put(self, chosen: Tensor, part: Schedule) -> None:
        """The inverse of :meth:`take`."""
        for name, value in self.state().items():
            value[chosen] = part.state()[name]

    def state(self) -> dict[str, Tensor]:
        """What a resumed fit needs to know."""
        return {
            "rate": self.rate,
            "best": self.best,
            "waited": self.waited,
            "epochs": self.epochs,
            "summed": self._summed,
        }
