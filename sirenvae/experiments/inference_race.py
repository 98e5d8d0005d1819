"""A race of inference networks: one for each inverse of a network, learning side by side. No torch here.

Source:
    Figure 6 of Webb et al., Faithful Inversion of Generative Models (2018); the floors are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.experiments.settings import check_different, plain_fields
from sirenvae.experiments.trial import Cell, Point, Progress, Trial, WatchedRun
from sirenvae.graphs import BayesianNetwork, Inverse, change_inverse, invert, posterior_gap

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

MOST_VARIABLES = 150  # what trains in minutes
MOST_STEPS = 20_000
# What each factor may be, and how many numbers say which one it is.
FAMILIES = {"gaussian": 2, "mixture": 9, "flow": 25}
_FEWEST_WEIGHTS, _WEIGHTS_PER_EDGE = 6_000, 5  # of these a fully connected inverse leaves more than one unit a layer


@dataclass(frozen=True)
class InferenceRace(WatchedRun, Trial):
    r"""What is trained and how; a cell is an inverse, and all cells train side by side.

    What is told of a cell is ``nats``: of a linear-Gaussian network KL(p(z | x) || q(z | x)), the mean over p(x), as
    the inverse's exact floor plus what q lies above the best posterior of that inverse on the test points; of other
    networks, whose exact posterior has no formula, the mean of -log q(z | x) over test draws.

    Attributes:
        network: A network whose conditionals are normal.
        inverses: Some of :data:`~sirenvae.experiments.registry.INVERSES`.
        base: The inverse that ``"own"`` was changed from, another of these.
        changes: What was changed, see :func:`sirenvae.change_inverse`.
        family: Of the factors, one of :data:`FAMILIES`: normal, a mixture of three normal distributions, or a spline.
        num_steps: Of training.
        num_test: Draws of the network that they are measured on.
        num_updates: How often each reports while it trains, see :meth:`reports`.
        first_seed: Of weights, batches and test draws; all have the same.
    """

    name: ClassVar[str] = "inference-race"
    most_steps: ClassVar[int] = MOST_STEPS
    network: BayesianNetwork
    inverses: tuple[str, ...] = tuple(name for name in INVERSES if name != OWN_INVERSE)
    base: str = "nami-topological"
    changes: tuple[str, ...] = ()
    family: str = "gaussian"
    num_steps: int = 1000
    num_test: int = 500
    num_updates: int = 60
    first_seed: int = 0

    def __post_init__(self):
        check_raceable(self.network)
        super().__post_init__()
        check_different("inverses", self.inverses)
        for name in (*self.inverses, self.base):
            if name not in INVERSES:
                raise InputError(f"There is no inverse {name!r}; there are {', '.join(INVERSES)}.")
        if self.family not in FAMILIES:
            raise InputError(f"There is no family {self.family!r}; there are {', '.join(FAMILIES)}.")
        if OWN_INVERSE in self.inverses:
            self.inverse_of(OWN_INVERSE)

    @property
    def capacity(self) -> int:
        """Most active weights, the same for every inverse, so that edges share them."""
        latents, observed = len(self.network.latents), len(self.network.observed)
        possible = latents * (latents - 1) // 2 + latents * observed
        return max(_FEWEST_WEIGHTS, _WEIGHTS_PER_EDGE * possible * FAMILIES[self.family] // FAMILIES["gaussian"])

    def inverse_of(self, name: str) -> Inverse:
        """The inverse that a name stands for.

        Raises:
            InputError: If a change cannot be made, or there is nothing to invert.
        """
        if name == OWN_INVERSE:
            return change_inverse(self.network, inverse_named(self.network, self.base), self.changes)
        return inverse_named(self.network, name)

    def cells(self) -> list[Cell]:
        """One for each inverse."""
        return [Cell(self.network.name, name) for name in self.inverses]

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = plain_fields(self) | {"inverse": cell.learner}
        if cell.learner != OWN_INVERSE:
            del values["base"], values["changes"]
        del values["inverses"]
        return values

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Train them side by side; a keeper has the weights of each as it was when it last reported."""
        from sirenvae.experiments.inference_race_work import work

        return work(self, cells, keeper)

    def floor(self, name: str) -> float | None:
        """The least expected divergence that an inverse allows, nats; ``None`` where it has no formula."""
        return posterior_gap(self.network, self.inverse_of(name)) if self.network.is_linear else None

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row for each inverse."""
        return [{"network": self.network.name, "inverse": point.cell.learner, **point.values} for point in points]

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences."""
        measured = (
            "KL(p(z | x) || q(z | x)) over p(x)" if self.network.is_linear else "The mean of -log q(z | x) over draws"
        )
        return [
            f"{measured}, nats, on {self.num_test} draws of the network, after {self.num_steps:,} training steps on "
            f"fresh draws; {self.family} factors, at most {self.capacity:,} active weights each, no linear start. The "
            "floor is the least value that the inverse allows.",
        ]


def check_raceable(network: BayesianNetwork) -> None:
    """Refuse what the race is not for.

    Raises:
        InputError: If the network has no numbers, its variables have states, or it has more than 150 variables.
    """
    if network.conditionals is None:
        raise InputError(
            f"{network.name} is a structure without numbers; learning to infer takes draws from a network with "
            "conditionals."
        )
    if network.is_discrete:
        raise InputError(
            f"The variables of {network.name} have states, but the race is for networks whose variables are normal "
            "given their parents; the command infer learns from networks with tables too."
        )
    if len(network.variables) > MOST_VARIABLES:
        raise InputError(
            f"The race trains networks of up to {MOST_VARIABLES} variables, but {network.name} has "
            f"{len(network.variables):,}; choose a smaller one."
        )


def inverse_named(network: BayesianNetwork, name: str) -> Inverse:
    """The inverse that a word such as ``"nami-reverse"`` or ``"mean_field"`` stands for.

    Raises:
        InputError: If there is no such method or order.
    """
    method, dash, order = name.partition("-")
    return invert(network, order if dash else "topological", method=method)
