"""Models and fits on disk: numbers as safetensors, everything else as JSON beside them in the same file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, network_to_json
from sirenvae.graphs.files import parse_json
from sirenvae.graphs.files.names import name_from_json, name_to_json
from sirenvae.models import (
    FlowDensity,
    InferenceNetwork,
    LatentStructureVAE,
    MarginalNetwork,
    RelaxedBernoulliVAE,
    SIReNVAE,
    VanillaVAE,
)
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.points import Points
from sirenvae.models.replicas import Fittable
from sirenvae.tensor_files import read_tensors, write_tensors
from sirenvae.training.arguments import sources_of
from sirenvae.training.described import (
    built_density,
    built_inference,
    check,
    described_density,
    described_inverse,
)
from sirenvae.training.loop import Fit
from sirenvae.training.rates import RateSearch, begin
from sirenvae.training.recipes import Recipe
from sirenvae.truth import LinearNetworkReference, Reference
from sirenvae.truth.partly_exact import PartlyExactVAE

_MODELS = {
    "SIReNVAE": SIReNVAE,
    "VanillaVAE": VanillaVAE,
    "PartlyExactVAE": PartlyExactVAE,
    "MarginalNetwork": MarginalNetwork,
    "RelaxedBernoulliVAE": RelaxedBernoulliVAE,
    "LatentStructureVAE": LatentStructureVAE,
    "InferenceNetwork": InferenceNetwork,
    "MixtureInference": MixtureInference,
    "FlowDensity": FlowDensity,
}
_INFERENCE = (InferenceNetwork, MixtureInference)
_REFERENCES = {"Reference": Reference, "LinearNetworkReference": LinearNetworkReference}
_CLASSES = _MODELS | _REFERENCES
_DTYPES = ("float32", "float64")
_CAPACITY_SLACK = 10  # So many times the weights of a model its capacity may be: it is used up from below.
_LARGEST = 2**53  # Of numbers that are read: what counts steps must be a whole one as a float too.
_DEFAULT, _USUAL = Recipe("default"), Recipe("usual", num_steps=1, weight_decay=1.0)
# What values of other types, sizes and names than they should have can cause while something is built from them.
_MISFITS = (LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError, MemoryError)


def save_model(model: Fittable | Reference, path: str | Path) -> None:
    """Write a model, its network included, to one safetensors file.

    Arguments:
        model: A SIReN-VAE, a vanilla VAE, one of relaxed bits, one with exact parts, a network of marginals, an
            inference network, its inverse included, or one of a mixture, a density whose flow is of this package, or a
            reference of :func:`~sirenvae.truth.references.fit_reference`.
        path: The file.

    Raises:
        InputError: If the model is of another class, is named or set by what a file cannot hold, or the file cannot be
            written.
    """
    write_tensors(path, _tensors_of(model), {"model": _description(model)})


def load_model(path: str | Path) -> Fittable | Reference:
    """Read a model that :func:`save_model` or :func:`save_fit` wrote; it comes in evaluation mode.

    Raises:
        InputError: If the file cannot be read or holds no model.
    """
    tensors, content = read_tensors(path)
    return _rebuilt(content, tensors, path)


def save_fit(fit: Fit | RateSearch, path: str | Path) -> None:
    """Write a fit between two epochs, its model included; :func:`resume_fit` goes on with identical results.

    Raises:
        InputError: If this is a fit of several models or a choice among recipes, or as for :func:`save_model`.
    """
    if not isinstance(fit, (Fit, RateSearch)):
        raise InputError(f"A fit of one model by recipes can be saved, but a {type(fit).__name__} came.")
    if not isinstance(fit.model, Fittable):
        raise InputError("A fit of one model can be saved; this one is of several.")
    _check_class(fit.model)
    tensors, numbers = fit.state()
    tensors = {f"fit.{name}": value for name, value in tensors.items()}
    recipes = [asdict(recipe) for recipe in fit.recipes]
    settings = {"recipes": recipes, "seeds": fit.seeds, "every": fit.every}
    content = {"model": _description(fit.model), "settings": settings, "fit": numbers}
    write_tensors(path, tensors | _tensors_of(fit.model), content)


def resume_fit(path: str | Path, x: Points | Sequence[Points], device: torch.device | str = "cpu") -> Fit | RateSearch:
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
    tensors, content = read_tensors(path)
    if "fit" not in content:
        raise InputError(f"The file {path} holds a model, but no fit to go on with.")
    model = _rebuilt(content, tensors, path)
    with _explained(path, "a fit"):
        recipes, seeds, every = _fit_settings(content["settings"], math.prod(model.replicas))
        step, epoch, seconds = (content["fit"][name] for name in ("step", "epoch", "seconds"))
        check(_is_count(step) and _is_count(epoch) and 0 <= float(seconds) < math.inf, "its counters are no numbers")
    fit = begin(model.to(device), sources_of([model], x), recipes, seeds, every)
    with _explained(path, "a fit"):
        state = _part(tensors, "fit.")
        _check_same(state, fit.state()[0])
        fit.restore({name: value.to(device) for name, value in state.items()}, content["fit"])
    return fit


def _fit_settings(settings: dict, num_replicas: int) -> tuple[list[Recipe], list[int], int]:
    recipes = [Recipe(**recipe) for recipe in settings["recipes"]]
    for recipe in recipes:
        for name, value in asdict(recipe).items():
            check(_fits(name, value), f"a recipe's {name} is {value!r}")
    seeds, every = settings["seeds"], settings["every"]
    check(isinstance(seeds, list) and all(type(seed) is int for seed in seeds), "its seeds are no numbers")
    check(len(recipes) == len(seeds) == num_replicas, f"it has not {num_replicas} recipes and seeds")
    check(_is_count(every) and every > 0, "its records are not counted in epochs")
    return recipes, seeds, every


def _fits(name: str, value) -> bool:
    """Whether this may be a setting of a recipe."""
    if name == "learning_rate" and isinstance(value, tuple):
        return all(_fits(name, rate) for rate in value)
    usual = getattr(_USUAL, name)
    if name == "batch_size" or type(usual) not in (int, float):
        return type(value) is type(usual)
    is_number = type(value) in (int, float) and abs(value) < _LARGEST
    return is_number or (value is None and getattr(_DEFAULT, name) is None)


def _is_count(value) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _tensors_of(model: Fittable | Reference) -> dict[str, Tensor]:
    _check_class(model)
    if isinstance(model, Reference):
        values = {entry.name: getattr(model, entry.name) for entry in fields(model)}
        state = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    else:
        state = model.state_dict()
    return {f"model.{name}": value for name, value in state.items()}


def _check_class(model) -> None:
    """A class derived from these may need what a file does not hold, and its name says nothing to another program."""
    if _CLASSES.get(type(model).__name__) is not type(model):
        raise InputError(
            f"A {type(model).__name__} cannot be saved as a model; {', '.join(_CLASSES)} can, and of any other module "
            "torch.save writes the state_dict()."
        )


def _description(model: Fittable | Reference) -> dict:
    name = type(model).__name__
    if isinstance(model, Reference):
        variables = [name_to_json(v) for v in model.variables]
        values = {"class": name, "name": model.name, "variables": variables, "settings": model.settings}
        if isinstance(model, LinearNetworkReference):
            values |= {"converged": bool(model.converged), "network": _described_network(model.network)}
        return values
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    if dtype not in _DTYPES:
        raise InputError(f"Models of {' and '.join(_DTYPES)} can be saved, but this one is of {dtype}.")
    values = {"class": name, "replicas": list(model.replicas), "dtype": dtype}
    if isinstance(model, FlowDensity):
        return values | described_density(model)
    values |= {"settings": model.settings, "network": _described_network(model.network) if model.network else None}
    return values | (described_inverse(model) if isinstance(model, _INFERENCE) else {})


@lru_cache(maxsize=4)  # a fit is saved every few seconds
def _described_network(network: BayesianNetwork) -> dict:
    """The network as text, if that says the same as the network."""
    try:
        text = network_to_json(network)
        again = parse_json(text, network.name)
    except (InputError, TypeError):  # a name that JSON does not have
        again = None
    if again is None or (again.variables, again.observed) != (network.variables, network.observed):
        raise InputError(f"The variables of {network.name} have names that a file cannot hold; name them by strings.")
    return {"name": network.name, "json": text}


def _rebuilt(content: dict, tensors: Mapping[str, Tensor], path: str | Path) -> Fittable | Reference:
    with _explained(path, "a model"):
        description, state = content["model"], _as_today(_part(tensors, "model."))
        check(description["class"] in _CLASSES, f"it is of the class {description['class']!r}")
        if description["class"] in _REFERENCES:
            return _rebuilt_reference(description, state)
        check(description["dtype"] in _DTYPES, f"its numbers are of the type {description['dtype']!r}")
        with torch.random.fork_rng(devices=[]):  # its first weights are overwritten
            model = _built(_MODELS[description["class"]], description, state)
        model = model.to(getattr(torch, description["dtype"]))
        _check_same(state, model.state_dict())
        model.load_state_dict(state)
        return model.eval()


def _built(model_class: type, description: dict, state: Mapping[str, Tensor]) -> Fittable:
    """A model in its first state; what is told of it is held against its tensors before memory is asked for."""
    replicas = tuple(description["replicas"])
    if model_class is FlowDensity:
        return built_density(description, state, replicas)
    network, settings = None, description["settings"]
    if description["network"] is not None:
        network = _network_of(description)
    _check_sizes(settings, state)
    if model_class in _INFERENCE:
        return built_inference(model_class, description, network, state)
    if model_class is MarginalNetwork:  # states have no units
        shape, found = replicas, state["output.bias"].shape[:-2]
    else:
        num_columns = len(network.observed) if network else _num_columns(settings)
        shape, found = (*replicas, 1, num_columns), state["units.location"].shape
    check(tuple(found) == shape, "its tensors are not of the shape it tells")
    return model_class(*(() if network is None else (network,)), replicas=replicas, **settings)


def _num_columns(settings: dict) -> int:
    """Of the data of a model without a network."""
    return settings["num_pixels"] if "num_pixels" in settings else settings["num_observed"]


def _check_sizes(settings: dict, state: Mapping[str, Tensor]) -> None:
    """Before memory is asked for: no part of a model is larger than the tensors that it consists of."""
    longest = max(len(state), *(size for value in state.values() for size in value.shape))
    weights = _CAPACITY_SLACK * sum(value.numel() for value in state.values())
    for name, value in settings.items():
        most = weights if name == "capacity" else longest
        numbers = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, (int, float))]
        check(all(number <= most for number in numbers), "it has larger parts")


def _rebuilt_reference(description: dict, state: dict[str, Tensor]) -> Reference:
    name, settings, kind = description["name"], description["settings"], _REFERENCES[description["class"]]
    numbers = settings.values()
    check(isinstance(name, str) and all(type(v) in (int, float) for v in numbers), "its settings are no numbers")
    shapes = {"mean": "D", "covariance": "DD"}
    lengths = {"D": state["mean"].numel()}
    more = {}
    if kind is LinearNetworkReference:
        network, converged = _network_of(description), description["converged"]
        check(isinstance(converged, bool) and len(network.observed) == lengths["D"], "its parts do not fit together")
        more, lengths["V"] = {"network": network, "converged": converged}, len(network.variables)
        shapes |= {"slopes": "VV", "intercepts": "V", "deviations": "V", "location": "D", "scale": "D"}
    like = torch.empty(0, dtype=torch.float64)
    _check_same(state, {n: like.new_empty([lengths[axis] for axis in axes]) for n, axes in shapes.items()})
    variables = tuple(name_from_json(v, "the reference") for v in description["variables"])
    check(len(variables) == lengths["D"], "its variables are not as many as its columns")
    return kind(name=name, variables=variables, settings=settings, **state, **more)


def _network_of(description: dict) -> BayesianNetwork:
    network = description["network"]
    check(isinstance(network["json"], str) and isinstance(network["name"], str), "its network is no text")
    return parse_json(network["json"], network["name"])


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _as_today(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a model by today's names and types: its first edition kept units beside the weights, as theirs."""
    for name in ("location", "scale"):
        if name in state and "mean" not in state:  # a reference has others of these names
            state[f"units.{name}"] = state.pop(name).double()
    return state


def _check_same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise an InputError unless there are the same names, each with the same shape and type."""
    for name in sorted(found.keys() ^ expected.keys()):
        raise InputError(f"the tensor {name} is {'one too many' if name in found else 'missing'}")
    for name, value in expected.items():
        for what in ("shape", "dtype"):
            came, wanted = getattr(found[name], what), getattr(value, what)
            check(came == wanted, f"the {what} of the tensor {name} is {came} instead of {wanted}")


@contextmanager
def _explained(path: str | Path, what: str) -> Iterator[None]:
    """Say of which file it is that something does not fit."""
    try:
        yield
    except _MISFITS as error:
        words = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        reason = next(iter(words.splitlines()), type(error).__name__).rstrip(".")
        raise InputError(f"The file {path} does not hold {what} of this version: {reason}.") from error
