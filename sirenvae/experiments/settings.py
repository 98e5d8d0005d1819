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
from sirenvae.graphs.network import check_real
from sirenvae.training import RECIPES, SELECTED, Recipe

# Twice the rate for 0.6 times the steps: on ecoli70 as good as the default, while fewer steps alone collapse.
SHORT_RECIPE = replace(RECIPES["default"], name="short", base_steps=1200, learning_rate=6e-3)
ABOUT_SELECTED = (
    "The recipe selected chooses for each run among several by cross-validation on its training data. A run that kept "
    "its linear start is the linear-Gaussian network of known structure, fitted with a ridge: no triumph of flows."
)


def check_fields(config) -> None:
    """Check the fields of a configuration by their names.

    Raises:
        InputError: If a model, a reference or a recipe is not known, a network has no numbers to draw data from, a
            count is not positive, or of several of these two are the same.
    """
    values = vars(config)
    _check_known("model", values.get("models"), VAES)
    networks = values["networks"] if "networks" in values else [values["network"]]
    check_different("networks", [network.name for network in networks])
    for network in networks:
        if network.conditionals is None:
            raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")
        if not getattr(config, "takes_states", False):
            check_real(network, "This training")
    _check_sizes(values)
    for name, value in values.items():
        if type(value) is int and value < 1 and name != "first_seed":
            words = name.replace("num_", "number of ").replace("_", " ")
            raise InputError(f"The {words} is at least 1, but {value} came.")
    _check_recipes(values)
    _check_known("reference", values.get("references") or None, CLASSICAL)


def check_different(what: str, values: Sequence) -> None:
    """Raise an InputError unless there are values and no two of them are the same."""
    if not values or len(set(values)) < len(values):
        raise InputError(f"The {what} must be different and at least one, but {list(values)} came.")


def _check_known(what: str, names: Sequence[str] | None, known: Sequence[str]) -> None:
    if names is None:
        return
    if (unknown := [name for name in names if name not in known]) or not names:
        raise InputError(f"There is no {what} {', '.join(unknown) or '(none given)'}; there are {', '.join(known)}.")
    check_different(f"{what}s", names)


def _check_sizes(values: dict) -> None:
    """In points, or in points per variable."""
    for name, least, words in (("sizes", 2, "2 points"), ("multiples", 1, "1 point per variable")):
        if name not in values:
            continue
        if min(values[name], default=0) < least:
            came = ", ".join(map(str, values[name])) or "none"
            raise InputError(f"A training set has at least {words}, but {came} came.")
        check_different(name, values[name])


def _check_recipes(values: dict) -> None:
    recipes = values.get("recipes", (values["recipe"],) if "recipe" in values else ())
    for recipe in recipes:
        if recipe != SELECTED and not isinstance(recipe, Recipe):
            raise InputError(f"A recipe is a Recipe or {SELECTED!r}, but {recipe!r} came.")
    if "recipes" in values:
        check_different("recipes", [name_of(recipe) for recipe in recipes])


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
