"""One network for any evidence: the marginals of a discrete network, learnt beside the exact ones. No torch here.

Source:
    Inference compilation: Le et al., Inference Compilation and Universal Probabilistic Programming (2017); exact
    marginals over random evidence sets as the measure are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.settings import plain_fields
from sirenvae.experiments.trial import Cell, Point, Progress, Trial, WatchedRun
from sirenvae.graphs import BayesianNetwork, largest_table

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

MOST_VARIABLES = 100  # what trains in minutes
MOST_NUMBERS = 1_000_000  # of a table on the way to exact marginals: what takes a second or so
MOST_STEPS = 64_000
LEARNER = "marginals"  # the one cell


@dataclass(frozen=True)
class AnyEvidence(WatchedRun, Trial):
    r"""What is trained and how: one :class:`~sirenvae.models.MarginalNetwork`, one run.

    What is told of it is ``nats``: the mean of KL(p(v | evidence) || q(v | evidence)) over the hidden variables of
    random evidence sets, 5 to 50 % of the variables seen in the states of a fresh draw.

    Attributes:
        network: A discrete network.
        width: Units of a hidden layer.
        num_steps: Of training.
        batch_size: Draws of the network for each step.
        learning_rate: Where the schedule starts.
        num_test: Evidence sets that it is measured on.
        num_updates: How often it reports while it trains, see :func:`~sirenvae.experiments.trial.report_steps`.
        first_seed: Of weights, batches and evidence sets.
    """

    name: ClassVar[str] = "any-evidence"
    most_steps: ClassVar[int] = MOST_STEPS
    takes_states: ClassVar[bool] = True
    network: BayesianNetwork
    width: int = 128
    num_steps: int = 2000
    batch_size: int = 256
    learning_rate: float = 1e-2
    num_test: int = 40
    num_updates: int = 40
    first_seed: int = 0

    def __post_init__(self):
        check_learnable(self.network)
        super().__post_init__()

    def cells(self) -> list[Cell]:
        """The one network."""
        return [Cell(self.network.name, LEARNER)]

    def described(self, cell: Cell) -> dict:
        """Everything that the result depends on, as plain values."""
        return plain_fields(self)

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Train it; a keeper has it as it was when it last reported, and goes on from there."""
        from sirenvae.experiments.any_evidence_work import work

        return work(self, cells[0], keeper)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row."""
        return [{"network": self.network.name, **point.values} for point in points]

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the row must know."""
        return [
            f"The mean KL divergence of a hidden variable's marginal from the exact one, nats, over {self.num_test} "
            f"evidence sets of 5 to 50 % of the variables, after {self.num_steps:,} steps of {self.batch_size} fresh "
            "draws; one network for all sets."
        ]


def check_learnable(network: BayesianNetwork) -> None:
    """Refuse networks whose marginals are not learnt, or not known, in a moment.

    Raises:
        InputError: If the network has no tables, more than 100 variables, or exact inference takes tables of more than
            a million numbers.
    """
    if not network.is_discrete:
        raise InputError(f"Marginals of states are learnt for networks with tables, but {network.name} has none.")
    if len(network.variables) > MOST_VARIABLES:
        raise InputError(
            f"Marginals are learnt here for networks of up to {MOST_VARIABLES} variables, but {network.name} has "
            f"{len(network.variables):,}; choose a smaller one."
        )
    if (numbers := largest_table(network)) > MOST_NUMBERS:
        raise InputError(
            f"Exact marginals of {network.name} take tables of up to {numbers:,} numbers, and this page stops at "
            f"{MOST_NUMBERS:,}: choose a network whose variables depend on fewer others."
        )
