"""Models and fits on disk: numbers as safetensors, everything else as JSON beside them in the same file.

Nothing in such a file is executed when it is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import network_to_json
from sirenvae.graphs.files import parse_json
from sirenvae.models import SIReNVAE, VanillaVAE
from sirenvae.models.base import LatentVariableModel
from sirenvae.training.loop import Fit
from sirenvae.training.rates import begin
from sirenvae.training.recipes import Recipe

_CLASSES = {"SIReNVAE": SIReNVAE, "VanillaVAE": VanillaVAE}
_FORMAT = 1


def save_model(model: LatentVariableModel, path: str | Path) -> None:
    """Write a model, its network included, to one safetensors file.

    Arguments:
        model: The model; variables of its network are strings, integers or tuples of these.
        path: The file.

    Raises:
        InputError: If a variable is something else, or the file cannot be written.
    """
    _write(path, _tensors_of(model), {"model": _description(model)})


def load_model(path: str | Path) -> LatentVariableModel:
    """Read a model that :func:`save_model` or :func:`save_fit` wrote; it comes in evaluation mode.

    Raises:
        InputError: If the file cannot be read or holds no model.
    """
    tensors, content = _read(path)
    return _rebuilt(content["model"], tensors, path)


def save_fit(fit: Fit, path: str | Path) -> None:
    """Write a fit between two epochs, its model included; :func:`resume_fit` goes on with identical results.

    Raises:
        InputError: As for :func:`save_model`.
    """
    if not isinstance(fit.model, LatentVariableModel):
        raise InputError("A fit of one model can be saved; this one is of several.")
    tensors, numbers = fit.state()
    tensors = {f"fit.{name}": value for name, value in tensors.items()}
    recipes = [asdict(recipe) for recipe in fit.recipes]
    settings = {"recipes": recipes, "seeds": fit.seeds, "every": fit.every}
    content = {"model": _description(fit.model), "settings": settings, "fit": numbers}
    _write(path, tensors | _tensors_of(fit.model), content)


def resume_fit(path: str | Path, x: Tensor | np.ndarray | Sequence[Tensor], device: torch.device | str = "cpu") -> Fit:
    """Go on with a fit that :func:`save_fit` wrote.

    Arguments:
        path: The file.
        x: The training data that the fit had.
        device: Where to go on.

    Returns:
        The fit; its model is ``fit.model``.

    Raises:
        InputError: If the file cannot be read or holds no fit, or the data cannot be trained on.
    """
    tensors, content = _read(path)
    if "fit" not in content:
        raise InputError(f"The file {path} holds a model, but no fit to go on with.")
    model = _rebuilt(content["model"], tensors, path).to(device)
    settings = content["settings"]
    recipes = [Recipe(**recipe) for recipe in settings["recipes"]]
    fit = begin(model, x, recipes, settings["seeds"], settings["every"])
    prefix = "fit."
    state = {n.removeprefix(prefix): v.to(device) for n, v in tensors.items() if n.startswith(prefix)}
    fit.restore(state, content["fit"])
    return fit


def _tensors_of(model: LatentVariableModel) -> dict[str, Tensor]:
    return {f"model.{name}": value for name, value in model.state_dict().items()}


def _description(model: LatentVariableModel) -> dict:
    network = model.network
    return {
        "class": type(model).__name__,
        "settings": model.settings,
        "replicas": list(model.replicas),
        "dtype": str(model.dtype).removeprefix("torch."),
        "network": {"name": network.name, "json": network_to_json(network)},
    }


def _rebuilt(description: dict, tensors: dict[str, Tensor], path: str | Path) -> LatentVariableModel:
    try:
        network = parse_json(description["network"]["json"], description["network"]["name"])
        build, dtype = _CLASSES[description["class"]], getattr(torch, description["dtype"])
        model = build(network, replicas=tuple(description["replicas"]), **description["settings"]).to(dtype)
        prefix = "model."
        model.load_state_dict({n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)})
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise InputError(f"The file {path} does not hold a model of this version: {error}.") from error
    return model.eval()


def _write(path: str | Path, tensors: dict[str, Tensor], content: dict) -> None:
    # Parameters are views into one tensor while they train; a file wants each on its own.
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    # Whoever is killed while writing leaves the file as it was.
    unfinished = f"{path}.unfinished"
    try:
        save_file(tensors, unfinished, metadata={"sirenvae": json.dumps({"format": _FORMAT, **content})})
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"The file {path} cannot be written: {error}.") from error


def _read(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"The file {path} cannot be read: {error}.") from error
    content = json.loads(metadata["sirenvae"]) if "sirenvae" in metadata else {}
    if content.get("format") != _FORMAT:
        raise InputError(f"The file {path} was not written by this version of sirenvae.")
    return tensors, content
