"""What the cells of the paper's table are, see :mod:`sirenvae.experiments.table1`, and ready configurations of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    name_of,
    num_trainings,
    schedule_of,
)
from sirenvae.experiments.store import network_config
from sirenvae.graphs import BayesianNetwork, load_network
from sirenvae.training import SELECTED
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth.references import REFERENCES

TRUTH = "truth"  # The network that the data come from, as a learner that knows everything.
_TEST_SEED = 2_000_000  # The test set of a run has this seed plus that of its training set.


@dataclass(frozen=True)
class Config:
    """What to train and how to measure it.

    Attributes:
        networks: Networks with conditionals and different names.
        multiples: Training-set sizes, in points per variable.
        models: Some of :data:`~sirenvae.experiments.learners.MODELS`.
        recipes: How to train them, each its own row of the table; ``"selected"`` trains the true structure alone.
        references: Some of :data:`~sirenvae.truth.references.REFERENCES`.
        num_runs: Training sets, initializations and test sets, trained as replicas of one model.
        first_seed: Seeds run from here, far from those of the figure, on which the recipes were chosen.
        num_test: Test points of each run.
        elbo_samples, iwae_samples, reconstruction_samples: Draws of z per test point in the ELBO, in the importance
            sampling of the NLL, and in a reconstruction.
        num_updates: How often a cell reports while it trains.
    """

    networks: tuple[BayesianNetwork, ...]
    multiples: tuple[int, ...] = (2, 100)
    models: tuple[str, ...] = MODELS
    recipes: tuple[Recipe | str, ...] = (RECIPES["default"],)
    references: tuple[str, ...] = REFERENCES
    num_runs: int = 5
    first_seed: int = 1000
    num_test: int = 1000
    elbo_samples: int = 20
    iwae_samples: int = 500
    reconstruction_samples: int = 32
    num_updates: int = 20

    def __post_init__(self):
        check(self.models, self.networks)
        counts = ("num_runs", "num_test", "elbo_samples", "iwae_samples", "reconstruction_samples", "num_updates")
        check_counts(self, *counts)
        check_different("recipes", [name_of(recipe) for recipe in self.recipes])
        check_different("multiples", self.multiples)
        if min(self.multiples) < 1:
            raise InputError(f"A training set has at least 1 point per variable, but {min(self.multiples)} came.")
        for recipe in self.recipes:
            check_recipe(recipe)
        check_references(self.references)

    def seeds(self) -> range:
        """Of the training sets, one for each run."""
        return range(self.first_seed, self.first_seed + self.num_runs)

    def held_out_seeds(self) -> range:
        """Of the test sets, one for each run."""
        return range(_TEST_SEED + self.first_seed, _TEST_SEED + self.first_seed + self.num_runs)

    def network(self, cell: Cell) -> BayesianNetwork:
        """That of a row."""
        return next(network for network in self.networks if network.name == cell.network)

    def recipe(self, cell: Cell) -> Recipe | str:
        """As :func:`~sirenvae.training.fit.fit` takes it."""
        return next(recipe for recipe in self.recipes if name_of(recipe) == cell.recipe)

    def schedule(self, cell: Cell) -> Recipe:
        """The recipe, or that of the training that follows a selection."""
        return schedule_of(self.recipe(cell))

    def size(self, cell: Cell) -> int:
        """Training points."""
        return cell.multiple * len(self.network(cell).variables)

    def num_steps(self, cell: Cell) -> int:
        """Steps of training, as far as they are known before."""
        return self.schedule(cell).steps_for(self.size(cell), len(self.network(cell).variables))

    def cells(self) -> list[Cell]:
        """The rows of the table: for each network the truth, then small training sets, then large ones."""
        names = [name_of(recipe) for recipe in self.recipes]
        learners = [(m, name) for name in names for m in self.models if name != SELECTED or m == "true"]
        learners += [(reference, "") for reference in self.references]
        cells = []
        for network in self.networks:
            cells.append(Cell(network.name, TRUTH))
            cells += [Cell(network.name, *learner, multiple) for multiple in self.multiples for learner in learners]
        return cells

    def tasks(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """Cells in groups that are trained as one program, sizes of one model; what takes longest comes first."""
        groups: dict[tuple, list[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.network, cell.learner, cell.recipe), []).append(cell)
        tasks = [task for group in groups.values() for task in in_groups(group, self.num_runs)]
        return sorted(tasks, key=lambda task: -sum(map(self.cost, task)))

    def cost(self, cell: Cell) -> int:
        """Roughly the time a cell takes, relative to others."""
        num_variables = len(self.network(cell).variables)
        if cell.learner not in MODELS:
            return self.num_runs * 5000 * num_variables
        draws = self.num_runs * self.num_test * self.iwae_samples
        return self.training_cost(cell) + draws * num_variables // (80 if cell.learner == "vanilla_vae" else 8)

    def training_cost(self, cell: Cell) -> int:
        """The part of it before a model is measured."""
        each = (75 + len(self.network(cell).variables)) * (4 if cell.learner == "vanilla_vae" else 10)
        return self.num_runs * self.num_steps(cell) * each * num_trainings(self.recipe(cell))

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        network = self.network(cell)
        common = {
            "network": network_config(network),
            "learner": cell.learner,
            "test_seeds": list(self.held_out_seeds()),
            "num_test": self.num_test,
        }
        if cell.learner == TRUTH:
            return common
        common |= {"size": self.size(cell), "seeds": list(self.seeds())}
        if cell.learner in REFERENCES:
            return common
        return common | {
            "recipe": described_recipe(self.recipe(cell)),
            "settings": model_settings(network, cell.learner, linear=has_linear_parts(self.recipe(cell))),
            "elbo_samples": self.elbo_samples,
            "iwae_samples": self.iwae_samples,
            "reconstruction_samples": self.reconstruction_samples,
        }


@dataclass(frozen=True)
class Cell:
    """One row of the table: a learner on one network, all runs together.

    Attributes:
        network: Its name.
        learner: A model, a reference, or :data:`TRUTH`.
        recipe: Its name; empty for what is not trained by steps.
        multiple: Training points per variable; 0 for the truth, which needs none.
    """

    network: str
    learner: str
    recipe: str = ""
    multiple: int = 0


_NETWORKS = {
    "quick": ("ecoli70", "arth150", "magic-irri"),
    "paper": ("ecoli70", "arth150", "magic-irri", "magic-niab", "ecoli70-tanh", "tree-tanh-5"),
}
PRESETS = tuple(_NETWORKS)


def preset(name: str, networks: Sequence[BayesianNetwork] | None = None) -> Config:
    """A ready configuration.

    Arguments:
        name: ``"quick"`` (three networks, three runs, a shorter recipe than the default, fewer samples) or ``"paper"``
            (six networks, two of them not Gaussian, five runs).
        networks: Instead of the preset's.

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    networks = tuple(map(load_network, _NETWORKS[name]) if networks is None else networks)
    if name == "paper":
        return Config(networks)
    return Config(networks, recipes=(SHORT_RECIPE,), num_runs=3, num_test=500, iwae_samples=200)
