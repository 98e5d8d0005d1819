"""What the cells of the figure are, see :mod:`sirenvae.experiments.elbo_vs_size`, and ready configurations of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sirenvae.errors import InputError
from sirenvae.experiments.learners import (
    MODELS,
    SHORT_RECIPE,
    check,
    check_counts,
    check_different,
    check_recipe,
    check_references,
    described_recipe,
    has_linear_parts,
    in_groups,
    model_settings,
    num_trainings,
    schedule_of,
)
from sirenvae.experiments.store import network_config
from sirenvae.graphs import BayesianNetwork
from sirenvae.training import SELECTED
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.training.selection import NUM_FOLDS
from sirenvae.truth.references import REFERENCES

TEST_SEED = 1_000_003  # Far from every training seed.
_QUICK = ("vanilla_vae", *REFERENCES)  # Cells that may come last.
_STEPS_OF_A_FIT = 20  # Of a model, in the time that a reference is fitted in.


@dataclass(frozen=True)
class Config:
    """What to train and how to measure it.

    Attributes:
        network: A network with conditionals; data are drawn from it.
        sizes: Training-set sizes, in points.
        models: Some of :data:`MODELS`.
        references: Some of :data:`~sirenvae.truth.references.REFERENCES`, to stand beside them.
        num_seeds: Training sets and initializations per cell, trained as replicas of one model.
        first_seed: Seeds run from here.
        recipe: How to train; ``"selected"`` trains the true structure alone.
        num_test: Test points, the same for every cell.
        elbo_samples, iwae_samples: Draws of z per test point in the final ELBO and IWAE bound.
        num_updates: How often a cell reports while it trains.
    """

    network: BayesianNetwork
    sizes: tuple[int, ...]
    models: tuple[str, ...] = MODELS
    references: tuple[str, ...] = ()
    num_seeds: int = 3
    first_seed: int = 0
    recipe: Recipe | str = field(default_factory=lambda: RECIPES["default"])
    num_test: int = 1000
    elbo_samples: int = 20
    iwae_samples: int = 100
    num_updates: int = 20

    def __post_init__(self):
        check(self.models, [self.network])
        if not self.sizes or min(self.sizes) < 2:
            came = ", ".join(map(str, self.sizes)) or "no size"
            raise InputError(f"A training set has at least 2 points, but {came} came.")
        check_different("sizes", self.sizes)
        check_counts(self, "num_seeds", "num_test", "elbo_samples", "iwae_samples", "num_updates")
        check_references(self.references)
        check_recipe(self.recipe)
        if self.is_selected and set(self.models) != {"true"}:
            raise InputError(f"The recipe {SELECTED!r} trains the true structure alone, but {self.models} came.")
        if self.is_selected and min(self.sizes) < 2 * NUM_FOLDS:
            raise InputError(f"The recipe {SELECTED!r} needs at least {2 * NUM_FOLDS} points for its folds.")

    @property
    def is_selected(self) -> bool:
        """Whether the recipe is chosen by cross-validation."""
        return self.recipe == SELECTED

    @property
    def schedule(self) -> Recipe:
        """The recipe, or about that of the training that follows a selection."""
        return schedule_of(self.recipe)

    def seeds(self) -> range:
        """One for each training set."""
        return range(self.first_seed, self.first_seed + self.num_seeds)

    def cells(self) -> list[Cell]:
        """Every pair of size and learner, small sizes first."""
        return [Cell(name, size) for size in sorted(self.sizes) for name in (*self.models, *self.references)]

    def tasks(self, cells: Sequence[Cell] | None = None) -> list[tuple[Cell, ...]]:
        """The cells, or some of them, in groups that are trained as one program: one model at several sizes."""
        cells = self.cells() if cells is None else cells
        models = dict.fromkeys(cell.model for cell in cells)
        each = (tuple(cell for cell in cells if cell.model == model) for model in models)
        return [task for group in each for task in in_groups(group, self.num_seeds)]

    def longest_first(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """The same groups in an order that leaves no worker idle for long."""
        return sorted(self.tasks(cells), key=lambda task: (task[0].model in _QUICK, -task[-1].size))

    def num_steps(self, cell: Cell) -> int:
        """Steps of training, as far as they are known before; of a reference one for each seed."""
        if cell.model in REFERENCES:
            return self.num_seeds
        return self.schedule.steps_for(cell.size, len(self.network.variables))

    def cost(self, cell: Cell) -> int:
        """Steps of training, those that a recipe is chosen by included; of a reference as many as take its time."""
        if cell.model in REFERENCES:
            return self.num_seeds * _STEPS_OF_A_FIT
        return self.num_steps(cell) * num_trainings(self.recipe)

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        common = {
            "network": network_config(self.network),
            "model": cell.model,
            "size": cell.size,
            "seeds": list(self.seeds()),
            "num_test": self.num_test,
            "test_seed": TEST_SEED + self.first_seed,
        }
        if cell.model in REFERENCES:
            return common
        return common | {
            "recipe": described_recipe(self.recipe),
            "settings": model_settings(self.network, cell.model, linear=has_linear_parts(self.recipe)),
            "elbo_samples": self.elbo_samples,
            "iwae_samples": self.iwae_samples,
        }


@dataclass(frozen=True)
class Cell:
    """One learner at one training-set size, all seeds together.

    Attributes:
        model: A model or a reference.
        size: Training points.
    """

    model: str
    size: int


_MULTIPLES = {"minute": (1, 2, 5), "structures": (2,), "quick": (1, 2, 5, 20, 100), "paper": (1, 2, 5, 10, 20, 50, 100)}
PRESETS = tuple(_MULTIPLES)


def preset(name: str, network: BayesianNetwork) -> Config:
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
        return Config(network, sizes, references=("linear_gaussian_bn",), num_seeds=5)
    if name == "minute":
        return Config(network, sizes, models=("true", "vanilla_vae"), num_seeds=2, recipe=SHORT_RECIPE)
    return Config(network, sizes, num_seeds=2 if name == "structures" else 3, recipe=SHORT_RECIPE)
