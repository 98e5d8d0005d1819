"""How to train: recipes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from sirenvae.errors import InputError

SELECTED = "selected"  # The name of the choice among candidates, see :mod:`sirenvae.training.selection`.
_MOST_NOISE = 10.0  # A decay beyond this would leave no weights in any case.


@dataclass(frozen=True)
class Recipe:
    """How to train. To change a number: ``dataclasses.replace(RECIPES["default"], learning_rate=1e-3)``.

    Attributes:
        name: What to call it.
        learning_rate: Where the schedule starts. Of several, each is tried on every replica, and the one of the lowest
            loss is kept, see :class:`~sirenvae.training.rates.RateSearch`.
        batch_size: Points per step, drawn without replacement within an epoch.
        schedule: ``"cosine"``: up to `learning_rate` over `warm_up_steps`, then down to zero over `num_steps`.
            ``"plateau"``: up in the same way, then times `plateau_factor` after `plateau_patience` epochs without a
            lower loss; it ends below `final_learning_rate`, after `max_epochs`, or after `num_steps` where those are
            given.
        num_steps: Length of the cosine schedule, by default that of :meth:`steps_for`; the most steps of a plateau
            schedule.
        base_steps: That length for two points per variable.
        kl_warm_up: The weight of the KL term grows from 0 to 1 over this share of `base_steps` (of `num_steps`, where
            that is less). Without it the posterior collapses onto the prior; a long one leaves too little time for what
            the bound is about (mean excess NLL of ten runs at two points per variable, by share: ecoli70 0.79 at 0.2,
            0.71 at 0.3, 0.73 at 0.4; arth150 0.62, 0.63, 0.67).
        weight_decay: Decoupled weight decay; ``None`` follows :meth:`decay_for`.
        noise_floor: Least standard deviation of the decoder, in standard units of the data. Without it the decoder
            becomes certain before the posterior is any good.
        linear: Whether experiments build the models that they train by it with linear parts.

    Raises:
        InputError: If a number is out of range, not finite, or would do nothing: a first rate below the last one, or a
            number of the plateau schedule with the other one.
    """

    name: str
    learning_rate: float | tuple[float, ...] = 3e-3
    batch_size: int = 100
    schedule: str = "cosine"
    num_steps: int | None = None
    base_steps: int = 2000
    warm_up_steps: int = 50
    kl_warm_up: float = 0.3
    weight_decay: float | None = None
    noise_floor: float = 0.1
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    final_learning_rate: float = 1e-6
    max_epochs: int = 2000
    linear: bool = True

    def __post_init__(self):
        if isinstance(self.learning_rate, list):  # as JSON gives a tuple back
            object.__setattr__(self, "learning_rate", tuple(self.learning_rate))
        self._check_ranges()
        if self.schedule not in ("cosine", "plateau"):
            raise InputError(f"The schedule {self.schedule!r} does not exist; it is one of cosine, plateau.")
        if self.schedule == "cosine":
            self._check_no_plateau()
        elif min(self.rates) < self.final_learning_rate:
            raise InputError(
                f"A plateau schedule that starts at the learning rate {min(self.rates):g} ends before its first step, "
                f"since its final one is {self.final_learning_rate:g}; take a larger learning_rate."
            )

    def _check_ranges(self) -> None:
        positive = ("batch_size", "base_steps", "plateau_patience", "final_learning_rate", "max_epochs")
        given = [("learning rate", rate, rate > 0) for rate in self.rates]
        given += [(_words(name), getattr(self, name), getattr(self, name) > 0) for name in positive]
        for what, value, fits in given:
            if not (fits and math.isfinite(value)):
                raise InputError(f"The {what} must be positive and finite, but {value} came.")
        if not self.rates or len(set(self.rates)) < len(self.rates):
            raise InputError(f"The learning rates to try are different and at least one, but {self.rates} came.")
        for name in ("warm_up_steps", "kl_warm_up", "noise_floor", "weight_decay"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise InputError(f"The {_words(name)} is at least 0 and finite, but {value} came.")
        if not 0 < self.plateau_factor < 1:
            raise InputError(f"The plateau factor lies between 0 and 1, but {self.plateau_factor} came.")
        if self.num_steps is not None and not 1 <= self.num_steps < math.inf:
            raise InputError(f"The number of steps is at least 1, but {self.num_steps} came.")

    def _check_no_plateau(self) -> None:
        for field in fields(self):
            plateau = field.name.startswith("plateau_") or field.name in ("final_learning_rate", "max_epochs")
            if plateau and getattr(self, field.name) != field.default:
                raise InputError(
                    f'The {_words(field.name)} belongs to the schedule "plateau", but this recipe has "cosine".'
                )

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates to try; one of them, mostly."""
        return self.learning_rate if isinstance(self.learning_rate, tuple) else (self.learning_rate,)

    def each_rate(self) -> list[Recipe]:
        """The recipe once for each of its learning rates."""
        return [replace(self, learning_rate=rate) for rate in self.rates]

    def steps_for(self, num_points: int, num_variables: int) -> int:
        """`num_steps`, or else `base_steps` for two points per variable, twice as many for fifty times the points.

        For a simulator, which has infinitely many points, `base_steps`.
        """
        if self.num_steps is not None:
            return self.num_steps
        if math.isinf(num_points):
            return self.base_steps
        return round(self.base_steps * (num_points / (2 * num_variables)) ** (math.log(2) / math.log(50)))

    def decay_for(self, strength: float, num_points: int, num_variables: int, noise: float = 0.0) -> float:
        """`weight_decay`, or by default that of a Gaussian prior on the weights, which weighs 1/n against n points.

        At two points per variable it is a model's `strength`, which is more where there are more weights. Data with
        little to learn from get a narrower prior: `noise`, that of the correlations relative to their signal (see
        :func:`~sirenvae.models.shrinkage.noise_to_signal`), falls like 1/n too, and counts where it is the larger
        one.
        """
        if self.weight_decay is not None:
            return self.weight_decay
        return strength * max(2 * num_variables / num_points, min(noise, _MOST_NOISE))


def _words(name: str) -> str:
    return name.replace("_", " ")


# The paper's, as it says: Adam; a first learning rate of 0.1, 0.01 or 0.001, whichever has the lowest loss; a tenth of
# it after 10 epochs without a lower loss, down to 1e-6; no linear parts. It does not say: the batch size, what the data
# are divided by (here their standard deviation), whether the decoder's deviation has a floor, nor a limit of epochs.
_PAPER = Recipe(
    "paper",
    learning_rate=(1e-1, 1e-2, 1e-3),
    schedule="plateau",
    warm_up_steps=0,
    kl_warm_up=0.0,
    weight_decay=0.0,
    noise_floor=1e-3,
    linear=False,
)

# For inference networks, which learn from draws without end: nothing is held back. Where they begin at least squares
# and there is nothing beyond it, in linear-Gaussian networks, larger steps would only lead away and back.
_INFERENCE = Recipe("inference", learning_rate=5e-3, batch_size=128, base_steps=2500, kl_warm_up=0.0, weight_decay=0.0)
_REFINEMENT = replace(_INFERENCE, name="refinement", learning_rate=2e-5)

RECIPES = {"default": Recipe("default"), "paper": _PAPER, "inference": _INFERENCE, "refinement": _REFINEMENT}
