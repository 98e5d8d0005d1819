"""What experiments train, models and recipes by name, and how many models train as one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from functools import lru_cache

import torch

from sirenvae.errors import InputError
from sirenvae.experiments.store import network_config
from sirenvae.graphs import BayesianNetwork
from sirenvae.models import STRUCTURES, SIReNVAE, VanillaVAE
from sirenvae.models.base import LatentVariableModel
from sirenvae.training import SELECTED
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.training.selection import CANDIDATES, NUM_FOLDS
from sirenvae.truth.references import REFERENCES

MODELS = (*STRUCTURES, "vanilla_vae")
# Twice the rate for 0.6 times the steps: on ecoli70 as good as the default, while fewer steps alone collapse.
SHORT_RECIPE = replace(RECIPES["default"], name="short", base_steps=1200, learning_rate=6e-3)
ABOUT_SELECTED = (
    "The recipe selected chooses for each run among several by cross-validation on its training data. A run that kept "
    "its linear start is the linear-Gaussian network of known structure, fitted with a ridge: no triumph of flows."
)
_REPLICAS_AT_ONCE = 15  # More than this gains little on a CPU, and a result comes later.


def check(models: Sequence[str], networks: Sequence[BayesianNetwork]) -> None:
    """Raise an InputError unless there are different models, all known, and different networks to draw data from."""
    unknown = [model for model in models if model not in MODELS]
    if unknown or not models:
        raise InputError(f"There is no model {', '.join(unknown) or '(none given)'}; there are {', '.join(MODELS)}.")
    check_different("models", models)
    check_different("networks", [network.name for network in networks])
    for network in networks:
        if network.conditionals is None:
            raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")


def check_references(names: Sequence[str]) -> None:
    """Raise an InputError unless all are known."""
    unknown = [name for name in names if name not in REFERENCES]
    if unknown:
        raise InputError(f"There is no reference {', '.join(unknown)}; there are {', '.join(REFERENCES)}.")
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


def build_model(
    network: BayesianNetwork, name: str, replicas: tuple[int, ...] = (), seed: int = 0, *, linear: bool = True
) -> LatentVariableModel:
    """A fresh model by its name in :data:`MODELS`, its weights drawn from `seed`; SIReN-VAEs may have linear parts."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name == "vanilla_vae":
            return VanillaVAE(network, replicas=replicas)
        return SIReNVAE(network, name, linear=linear, replicas=replicas)


def check_recipe(recipe: Recipe | str) -> None:
    """Raise an InputError unless this is a recipe, or the name of the one that chooses."""
    if recipe != SELECTED and not isinstance(recipe, Recipe):
        raise InputError(f"A recipe is a Recipe or {SELECTED!r}, but {recipe!r} came.")


def name_of(recipe: Recipe | str) -> str:
    """What a recipe is called."""
    return recipe if isinstance(recipe, str) else recipe.name


def schedule_of(recipe: Recipe | str) -> Recipe:
    """The recipe, or about that of the training that follows a selection."""
    return RECIPES["default"] if recipe == SELECTED else recipe


def num_trainings(recipe: Recipe | str) -> int:
    """How many trainings a run takes, those that the choice is made by included."""
    return 1 + 2 * len(CANDIDATES) if recipe == SELECTED else len(recipe.rates)  # the race is short for most


def described_recipe(recipe: Recipe | str) -> dict:
    """Everything that a recipe says, as plain values."""
    if recipe != SELECTED:
        return asdict(recipe)
    return {"name": SELECTED, "folds": NUM_FOLDS, "candidates": [asdict(candidate) for candidate in CANDIDATES]}


def settings_of(config) -> dict:
    """The fields of an experiment's configuration as plain values."""
    return {field.name: _plain(getattr(config, field.name)) for field in fields(config)}


def _plain(value):
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, BayesianNetwork):
        return network_config(value)
    return asdict(value) if isinstance(value, Recipe) else value


@lru_cache(maxsize=32)
def model_settings(network: BayesianNetwork, name: str, linear: bool = True) -> dict:
    """What :func:`build_model` builds a model with."""
    return build_model(network, name, linear=linear).settings


def has_linear_parts(recipe: Recipe | str) -> bool:
    """Whether models that are trained by this recipe have linear parts: the paper's have none."""
    return isinstance(recipe, str) or recipe.linear


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def in_groups(cells: Sequence, num_replicas: int) -> list[tuple]:
    """Cells of one model, of so many replicas each, in groups that are worth training as one program."""
    at_once = max(1, _REPLICAS_AT_ONCE // num_replicas)
    return [tuple(cells[i : i + at_once]) for i in range(0, len(cells), at_once)]
