"""The models that experiments train, by name, and how many of them train as one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import torch

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.models import STRUCTURES, SIReNVAE, VanillaVAE
from sirenvae.models.base import LatentVariableModel
from sirenvae.recipes import RECIPES

MODELS = (*STRUCTURES, "vanilla_vae")
# Twice the rate for 0.6 times the steps: on ecoli70 as good as the default, while fewer steps alone collapse.
SHORT_RECIPE = replace(RECIPES["default"], name="short", base_steps=1200, learning_rate=6e-3)
_REPLICAS_AT_ONCE = 15  # More than this gains little on a CPU, and a result comes later.


def check(models: Sequence[str], networks: Sequence[BayesianNetwork]) -> None:
    """Raise an InputError unless there are models, all of them known, and data can be drawn from the networks."""
    unknown = [model for model in models if model not in MODELS]
    if unknown or not models:
        raise InputError(f"There is no model {', '.join(unknown) or '(none given)'}; there are {', '.join(MODELS)}.")
    for network in networks:
        if network.conditionals is None:
            raise InputError(f"{network.name} is a structure without numbers; drawing data needs conditionals.")


def check_counts(config, *names: str) -> None:
    """Raise an InputError unless these attributes are positive."""
    for name in names:
        if getattr(config, name) < 1:
            words = name.replace("num_", "number of ").replace("_", " ")
            raise InputError(f"The {words} is at least 1, but {getattr(config, name)} came.")


def build_model(
    network: BayesianNetwork, name: str, replicas: tuple[int, ...] = (), seed: int = 0, *, linear: bool = False
) -> LatentVariableModel:
    """A fresh model by its name in :data:`MODELS`, its weights drawn from `seed`; SIReN-VAEs may have linear parts."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name == "vanilla_vae":
            return VanillaVAE(network, replicas=replicas)
        return SIReNVAE(network, name, linear=linear, replicas=replicas)


@lru_cache(maxsize=32)
def model_settings(network: BayesianNetwork, name: str, linear: bool = False) -> dict:
    """What :func:`build_model` builds a model with."""
    return build_model(network, name, linear=linear).settings


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def in_groups(cells: Sequence, num_replicas: int) -> list[tuple]:
    """Cells of one model, of so many replicas each, in groups that are worth training as one program."""
    at_once = max(1, _REPLICAS_AT_ONCE // num_replicas)
    return [tuple(cells[i : i + at_once]) for i in range(0, len(cells), at_once)]
