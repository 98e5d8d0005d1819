"""How to train: recipes and the schedules they name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError

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
    # Adam and a plateau schedule are the paper's. Its numbers were not at hand: rate, factor, patience, end are ours.
    "paper": Recipe(
        "paper", learning_rate=1e-2, schedule="plateau", kl_warm_up=0.0, weight_decay=0.0, noise_floor=1e-3
    ),
}


class Cosine:
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

    def state(self) -> dict[str, Tensor]:
        """What a resumed fit needs to know: nothing, the step says it all."""
        return {}


class Plateau:
    """Each replica's rate falls when its loss has stopped falling; a replica below the final rate rests."""

    num_steps = None

    def __init__(self, recipe: Recipe, ones: Tensor):
        self._recipe = recipe
        self._rate = recipe.learning_rate * ones
        self._best, self._waited = torch.full_like(ones, math.inf), torch.zeros_like(ones)
        self._epochs = torch.zeros((), dtype=torch.int64)

    def learning_rate(self, step: int) -> Tensor:
        return torch.where(self._rate >= self._recipe.final_learning_rate, self._rate, 0.0)

    def kl_weight(self, step: int) -> float:
        return 1.0

    def end_epoch(self, loss: Tensor) -> None:
        self._epochs += 1
        self._waited.copy_(torch.where(loss < self._best, 0.0, self._waited + 1))
        self._best.copy_(torch.minimum(self._best, loss))
        stuck = self._waited >= self._recipe.plateau_patience
        self._rate.copy_(torch.where(stuck, self._rate * self._recipe.plateau_factor, self._rate))
        self._waited.masked_fill_(stuck, 0.0)

    def finished(self, step: int) -> bool:
        resting = (self._rate < self._recipe.final_learning_rate).all()
        return bool(resting) or self._epochs >= self._recipe.max_epochs

    def state(self) -> dict[str, Tensor]:
        """What a resumed fit needs to know; tensors that are changed in place."""
        return {"rate": self._rate, "best": self._best, "waited": self._waited, "epochs": self._epochs}
