"""ELBO against training-set size: what knowing the structure is worth when data are few. No torch here.

Source:
    Figure 2 of Mouton & Kroon, SIReN-VAE (2022), Figure 3 of its poster; the truth beside it is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.registry import LEARNERS, REFERENCE, VAES
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.settings import (
    SHORT_RECIPE,
    name_of,
    num_trainings,
    schedule_of,
    trained_by,
)
from sirenvae.experiments.store import network_config
from sirenvae.experiments.trial import Cell, Point, Progress, Trial
from sirenvae.graphs import BayesianNetwork
from sirenvae.training import RECIPES, SELECTED, Recipe

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

_COST_OF_A_FIT = 200  # Of a reference, in steps of training times their cost.


@dataclass(frozen=True)
class ElboVsSize(Trial):
    """What to train and how to measure it; a cell is a learner at one size.

    The values of a point are on the test points, one number per seed, nats: ``elbo`` and ``iwae``, the mean ELBO and
    IWAE bound, of a reference both its mean log-likelihood; ``train_elbo``, on the training points; ``diverged``,
    whether a seed met numbers that are not finite (it is measured with the weights it had before); ``chosen``, what the
    recipe ``"selected"`` chose, else empty. One number for all are ``truth``, the mean log evidence of the test points
    under the true network, the best any model can do there, ``truth_error``, its standard error, 0 where it is exact,
    and the ``seconds`` of training, with the cells beside it, and measuring.

    Progress has ``train_elbo``, the one-sample ELBO per seed over at most 300 of its training points, ``test_elbo``,
    that over all test points, so that it can be compared with the truth's there, and ``replica_steps_per_second``, of
    all replicas that train together.

    Attributes:
        network: A network with conditionals; data are drawn from it.
        sizes: Training-set sizes, in points.
        models: Some of :data:`~sirenvae.experiments.registry.VAES`.
        references: Some of :data:`~sirenvae.experiments.registry.CLASSICAL`, to stand beside them.
        num_seeds: Training sets and initializations per cell, trained as replicas of one model.
        first_seed: Seeds run from here.
        recipe: How to train; ``"selected"`` trains the true structure alone.
        num_test: Test points, the same for every cell.
        elbo_samples, iwae_samples: Draws of z per test point in the final ELBO and IWAE bound.
        num_updates: How often a cell reports while it trains.
    """

    name: ClassVar[str] = "elbo-vs-size"
    network: BayesianNetwork
    sizes: tuple[int, ...]
    models: tuple[str, ...] = VAES
    references: tuple[str, ...] = ()
    num_seeds: int = 3
    first_seed: int = 0
    recipe: Recipe | str = RECIPES["default"]
    num_test: int = 1000
    elbo_samples: int = 20
    iwae_samples: int = 100
    num_updates: int = 20

    def __post_init__(self):
        super().__post_init__()
        if self.is_selected:
            self._check_selected()

    def _check_selected(self) -> None:
        from sirenvae.training.selection import NUM_FOLDS

        if set(self.models) != {"true"}:
            raise InputError(f"The recipe {SELECTED!r} trains the true structure alone, but {self.models} came.")
        if min(self.sizes) < 2 * NUM_FOLDS:
            raise InputError(f"The recipe {SELECTED!r} needs at least {2 * NUM_FOLDS} points for its folds.")

    @property
    def num_replicas(self) -> int:
        """One for each seed."""
        return self.num_seeds

    def seeds(self) -> range:
        """Of the training sets, one for each run."""
        return range(self.first_seed, self.first_seed + self.num_seeds)

    @property
    def is_selected(self) -> bool:
        """Whether the recipe is chosen by cross-validation."""
        return self.recipe == SELECTED

    def cells(self) -> list[Cell]:
        """Every pair of size and learner, small sizes first."""
        learners = (*self.models, *self.references)
        return [Cell(self.network.name, learner, size) for size in sorted(self.sizes) for learner in learners]

    def num_steps(self, cell: Cell) -> int:
        """Steps of training a model, as far as they are known before."""
        return schedule_of(self.recipe).steps_for(cell.size, len(self.network.variables))

    def cost(self, cell: Cell) -> int:
        """Steps of training times their cost, those that a recipe is chosen by included."""
        learner = LEARNERS[cell.learner]
        if learner.kind == REFERENCE:
            return self.num_seeds * _COST_OF_A_FIT
        return self.num_steps(cell) * num_trainings(self.recipe) * learner.step_cost

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        common = {
            "network": network_config(self.network),
            "model": cell.learner,
            "size": cell.size,
            "seeds": list(self.seeds()),
            "num_test": self.num_test,
            "test_seed": COMMON_TEST_SEED + self.first_seed,
        }
        if LEARNERS[cell.learner].kind == REFERENCE:
            return common
        return common | {
            **trained_by(self.recipe, self.network, cell.learner),
            "elbo_samples": self.elbo_samples,
            "iwae_samples": self.iwae_samples,
        }

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Cells of one learner; a keeper keeps their models, and the training when it is left early."""
        from sirenvae.experiments.elbo_vs_size_work import work

        return work(self, cells, keeper)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row per learner, size and seed: the numbers behind the figure, in nats.

        What is fitted in closed form has neither recipe nor IWAE samples: its ELBO and bound are its log-likelihood.
        The error of the true log evidence is the standard error of an estimate, or 0 where the evidence is exact.
        """
        order = list(LEARNERS)
        in_order = sorted(points, key=lambda point: (point.cell.size, order.index(point.cell.learner)))
        return [self._row(point, i) for point in in_order for i in range(self.num_seeds)]

    def _row(self, point: Point, i: int) -> dict:
        found, is_reference = point.values, LEARNERS[point.cell.learner].kind == REFERENCE
        return {
            "network": self.network.name,
            "model": point.cell.learner,
            "size": point.cell.size,
            "seed": self.first_seed + i,
            "recipe": None if is_reference else name_of(self.recipe),
            "chosen": found["chosen"][i] if found["chosen"] else None,
            "elbo": found["elbo"][i],
            "iwae": found["iwae"][i],
            "iwae_samples": None if is_reference else self.iwae_samples,
            "true_log_evidence": found["truth"],
            "true_log_evidence_error": found["truth_error"],
            "excess_nll": found["truth"] - found["iwae"][i],
            "train_elbo": found["train_elbo"][i],
            "diverged": found["diverged"][i],
        }

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, see :func:`notes`."""
        return notes(rows)


def notes(rows: Sequence[dict]) -> list[str]:
    """What a reader of rows of the figure, of one network or several, must know, in sentences."""
    sentences = [
        "ELBO and IWAE bound: means over the test points, nats, raw units; a row for each seed, which has a training "
        "set and an initialization of its own, and test points in common with all others.",
        "Excess NLL: the log evidence of the test points under the true network minus the IWAE bound.",
    ]
    if any(LEARNERS[row["model"]].kind == REFERENCE for row in rows):
        sentences.append("A classical learner has a log-likelihood in closed form, which stands in both columns.")
    errors = {row["network"]: row["true_log_evidence_error"] for row in rows if row["true_log_evidence_error"]}
    if errors:
        each = ", ".join(f"{network} ({error:.2g} nats)" for network, error in errors.items())
        sentences.append(
            f"The log evidence of the true network is exact, except on {each}, where it is estimated by importance "
            "sampling with this standard error, which every excess NLL there shares."
        )
    return sentences


_MULTIPLES = {"minute": (1, 2, 5), "structures": (2,), "quick": (1, 2, 5, 20, 100), "paper": (1, 2, 5, 10, 20, 50, 100)}
PRESETS = tuple(_MULTIPLES)


def preset(name: str, network: BayesianNetwork) -> ElboVsSize:
    """A ready configuration.

    Arguments:
        name: ``"minute"`` (true against vanilla VAE, three sizes, two seeds), ``"structures"`` (all models, two points
            per variable, two seeds), ``"quick"`` (all models, five sizes, three seeds; these three with a shorter
            recipe than the default) or ``"paper"`` (seven sizes, five seeds, the linear-Gaussian network of known
            structure beside the models).
        network: A network with conditionals; sizes are multiples of its number of variables.

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    sizes = tuple(multiple * len(network.variables) for multiple in _MULTIPLES[name])
    if name == "paper":
        return ElboVsSize(network, sizes, references=("linear_gaussian_bn",), num_seeds=5)
    if name == "minute":
        return ElboVsSize(network, sizes, models=("true", "vanilla_vae"), num_seeds=2, recipe=SHORT_RECIPE)
    return ElboVsSize(network, sizes, num_seeds=2 if name == "structures" else 3, recipe=SHORT_RECIPE)
