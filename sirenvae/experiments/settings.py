"""What the configurations of trials hold: their checks, recipes by name, and their fields as plain values.

Torch is imported inside the functions that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace

from sirenvae.errors import InputError
from sirenvae.experiments.registry import CLASSICAL, VAES, model_settings
from sirenvae.experiments.store import network_config
from sirenvae.graphs import BayesianNetwork
from sirenvae.training import RECIPES, SELECTED, Recipe

# Twice the rate for 0.6 times the steps: on ecoli70 as good as the default, while fewer steps alone collapse.
SHORT_RECIPE = replace(RECIPES["default"], name="short", base_steps=1200, learning_rate=6e-3)
ABOUT_SELECTED = (
    "The recipe selected chooses for each run among several by cross-validation on its training data. A run that kept "
    "its linear start is the linear-Gaussian network of known structure, fitted with a ridge: no triumph of flows."
)


def check_networks(networks: Sequence[BayesianNetwork]) -> None:
    """Raise an InputError unless there are different networks to draw data from."""
    check_different("networks", [network.name for network in networks])
    for network in networks:
        if network.conditionals is None:
            raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")


def check_models(names: Sequence[str]) -> None:
    """Raise an InputError unless there are different VAEs, all known."""
    unknown = [name for name in names if name not in VAES]
    if unknown or not names:
        raise InputError(f"There is no model {', '.join(unknown) or '(none given)'}; there are {', '.join(VAES)}.")
    check_different("models", names)


def check_references(names: Sequence[str]) -> None:
    """Raise an InputError unless all are known and no two the same."""
    unknown = [name for name in names if name not in CLASSICAL]
    if unknown:
        raise InputError(f"There is no reference {', '.join(unknown)}; there are {', '.join(CLASSICAL)}.")
    if names:
        check_different("references", names)


def check_different(what: str, values: Sequence) -> None:
    """Raise an InputError unless there are values and no two of them are the same."""
    if not values or len(set(values)) < len(values):
        raise InputError(f"The {what} must be different and at least one, but {list(values)} came.")


def check_counts(config, *names: str) -> None:
    """Raise an InputError unless these attributes are positive."""
    for name in names:
        if getattr(config, name) < 1:
            words = name.replace("num_", "number of ").replace("_", " ")
            raise InputError(f"The {words} is at least 1, but {getattr(config, name)} came.")


def check_multiples(multiples: Sequence[int]) -> None:
    """Raise an InputError unless there are different sizes, each of at least a point per variable."""
    check_different("multiples", multiples)
    if min(multiples) < 1:
        raise InputError(f"A training set has at least 1 point per variable, but {min(multiples)} came.")


def check_recipe(recipe: Recipe | str) -> None:
    """Raise an InputError if this is neither a recipe nor the name of the one that chooses."""
    if recipe != SELECTED and not isinstance(recipe, Recipe):
        raise InputError(f"A recipe is a Recipe or {SELECTED!r}, but {recipe!r} came.")


def name_of(recipe: Recipe | str) -> str:
    """What a recipe is called."""
    return recipe if isinstance(recipe, str) else recipe.name


def schedule_of(recipe: Recipe | str) -> Recipe:
    """The recipe, or about that of the training that follows a selection."""
    return RECIPES["default"] if recipe == SELECTED else recipe


def has_linear_parts(recipe: Recipe | str) -> bool:
    """Whether models that are trained by this recipe have linear parts: the paper's have none."""
    return isinstance(recipe, str) or recipe.linear


def num_trainings(recipe: Recipe | str) -> int:
    """How many trainings a run takes, those that the choice is made by included."""
    if recipe != SELECTED:
        return len(recipe.rates)  # the race is short for most
    from sirenvae.training.selection import CANDIDATES

    return 1 + 2 * len(CANDIDATES)


def described_recipe(recipe: Recipe | str) -> dict:
    """Everything that a recipe says, as plain values."""
    if recipe != SELECTED:
        return asdict(recipe)
    from sirenvae.training.selection import CANDIDATES, NUM_FOLDS

    return {"name": SELECTED, "folds": NUM_FOLDS, "candidates": [asdict(candidate) for candidate in CANDIDATES]}


def plain_fields(config, of_network: Callable[[BayesianNetwork], dict] = network_config) -> dict:
    """The fields of a configuration as values for JSON, networks as the function gives them."""

    def plain(value):
        if isinstance(value, (tuple, list)):
            return [plain(inner) for inner in value]
        if isinstance(value, BayesianNetwork):
            return of_network(value)
        return asdict(value) if isinstance(value, Recipe) else value

    return {field.name: plain(getattr(config, field.name)) for field in fields(config)}


def trained_by(recipe: Recipe | str, network: BayesianNetwork, learner: str) -> dict:
    """What the result of a VAE depends on through its recipe, as plain values: ``recipe`` and the ``settings``."""
    settings = model_settings(network, learner, linear=has_linear_parts(recipe))
    return {"recipe": described_recipe(recipe), "settings": settings}
