"""What a file says of models that a network and plain settings alone do not build again, and how it is read.

Before memory is asked for, what is said is held against the tensors beside it: a small file makes no large model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import networkx as nx
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.flows import Chain, GraphicalResidualFlow, InverseAutoregressive, Inverted, MaskedAffine, Transform
from sirenvae.graphs import BayesianNetwork, Inverse
from sirenvae.graphs.files.names import name_from_json, name_to_json
from sirenvae.models import FlowDensity, InferenceNetwork
from sirenvae.models.families import family_over
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_inference import MixtureInference


def check(holds: bool, otherwise: str) -> None:
    """Raise an InputError unless something holds."""
    if not holds:
        raise InputError(otherwise)


def described_density(density: FlowDensity) -> dict:
    """The names and the transform of a density.

    Raises:
        InputError: If a name is none that a file can hold, or a part of the transform is of another class than those of
            this package.
    """
    names = {"names": density.names[: density.features], "context_names": density.context_names}
    transform = _described_transform(density.transform)
    return {what: [name_to_json(v) for v in which] for what, which in names.items()} | {"transform": transform}


def built_density(description: dict, state: Mapping[str, Tensor], replicas: tuple[int, ...]) -> FlowDensity:
    """The density of which :func:`described_density` told, in its first state; adjacencies are among its tensors."""
    columns = sum(len(description[what]) for what in ("names", "context_names"))
    check(state["units.location"].shape == (*replicas, 1, columns), "its tensors are not of the shape it tells")
    names = [tuple(name_from_json(v, "the density") for v in description[what]) for what in ("names", "context_names")]
    return FlowDensity(_built_transform(description["transform"], state, "transform.", replicas), *names)


def _described_transform(transform: Transform) -> dict:
    kind = type(transform)
    values = {"class": kind.__name__}
    if kind is Chain:
        return values | {"parts": [_described_transform(part) for part in transform.transforms]}
    if kind is Inverted:
        return values | {"part": _described_transform(transform.transform)}
    if kind is GraphicalResidualFlow:
        return values | {"settings": transform.settings}
    if kind is InverseAutoregressive:
        return values | {"hidden_features": list(transform.hidden_features)}
    if kind is not MaskedAffine:
        raise InputError(
            f"A density can be saved whose transform is made of {', '.join(_PARTS)}, but a {kind.__name__} came; "
            "torch.save writes the state_dict() of any."
        )
    return values


def _built_transform(description: dict, state: Mapping[str, Tensor], prefix: str, replicas: tuple[int, ...]):
    """A transform with first weights; its own tensors have names that begin with the prefix."""
    kind = description["class"]
    if kind == "Chain":
        parts = enumerate(description["parts"])
        return Chain(*(_built_transform(part, state, f"{prefix}transforms.{i}.", replicas) for i, part in parts))
    if kind == "Inverted":
        return Inverted(_built_transform(description["part"], state, f"{prefix}transform.", replicas))
    check(kind in _PARTS, f"a part of its transform is of the class {kind!r}")
    if kind == "MaskedAffine":
        mask = state[f"{prefix}mask"]
        return MaskedAffine(mask.bool() | torch.eye(*mask.shape, dtype=torch.bool), replicas)
    if kind == "InverseAutoregressive":
        widths = description["hidden_features"]
        for i, width in enumerate(widths):
            shape = (*replicas, 1, width)
            check(tuple(state[f"{prefix}net.hidden.{i}.bias"].shape) == shape, "its layers are not as wide as it tells")
        return InverseAutoregressive(state[f"{prefix}adjacency"], widths, replicas)
    settings = description["settings"]
    for i, width in enumerate(settings["hidden_features"]):
        shape = (*replicas, settings["num_blocks"], 1, width)
        check(tuple(state[f"{prefix}biases.{i}"].shape) == shape, "its blocks are not of the size it tells")
    return GraphicalResidualFlow(state[f"{prefix}adjacency"], replicas=replicas, **settings)


_PARTS = [kind.__name__ for kind in (Chain, Inverted, MaskedAffine, GraphicalResidualFlow, InverseAutoregressive)]


def described_inverse(model: InferenceNetwork | MixtureInference) -> dict:
    """The inverse of a network, its variables by their places in the network, and the mixture if there is one."""
    inverse, place = model.inverse, model.network.position
    eliminated = [place[v] for v in inverse.elimination_order]
    edges = [[place[u], place[v]] for u, v in inverse.dag.edges]
    values = {"order": inverse.order, "method": inverse.method, "eliminated": eliminated, "edges": edges}
    return {"inverse": values} | ({"mixture": asdict(model.model)} if isinstance(model, MixtureInference) else {})


def built_inference(
    kind: type, description: dict, network: BayesianNetwork, state: Mapping[str, Tensor]
) -> InferenceNetwork | MixtureInference:
    """The inference network of which :func:`described_inverse` told, in its first state.

    How its inverse was found is not kept: that one has no steps.
    """
    settings, replicas = description["settings"], tuple(description["replicas"])
    checked = _check_mixture if kind is MixtureInference else _check_factors
    given = checked(description, network, state, replicas)
    return kind(network, _built_inverse(description["inverse"], network), *given, replicas=replicas, **settings)


def _built_inverse(description: dict, network: BayesianNetwork) -> Inverse:
    names, places = network.variables, [*description["eliminated"], *(i for edge in description["edges"] for i in edge)]
    check(all(type(i) is int and 0 <= i < len(names) for i in places), "its inverse is of other variables")
    check(isinstance(description["order"], str) and isinstance(description["method"], str), "its inverse has no name")
    dag = nx.DiGraph()
    dag.add_nodes_from(names)
    dag.add_edges_from((names[i], names[j]) for i, j in description["edges"])
    eliminated = [names[i] for i in description["eliminated"]]
    return Inverse(dag, eliminated, [], description["order"], description["method"])


def _check_factors(description: dict, network: BayesianNetwork, state: Mapping[str, Tensor], replicas: tuple) -> tuple:
    """Hold the layers of an inference network against what is told of their number and size."""
    settings = description["settings"]
    family, _ = family_over(network, settings["family"], network.latents)
    size = len(network.latents)
    masked = settings["layout"] == "masked"
    hidden, last = ("net.hidden.{}.bias", "net.output.bias") if masked else ("net.biases.{}", "net.output_bias")
    shape = (1, size * family.num_parameters) if masked else (size, 1, family.num_parameters)
    check(tuple(state[last].shape) == (*replicas, *shape), "its factors are not of the size it tells")
    num_layers, capacity = settings["num_layers"], settings["capacity"]
    check(type(num_layers) is int and num_layers > 0, "its layers are not counted")
    check(hidden.format(num_layers - 1) in state, "it has more layers")
    check(type(capacity) is int, "its capacity is no whole number")
    if settings["capacity_of"] == "width":
        check(state[hidden.format(0)].shape[-1] == capacity, "its layers are not as wide as it tells")
    return ()


def _check_mixture(description: dict, network: BayesianNetwork, state: Mapping[str, Tensor], replicas: tuple) -> tuple:
    """Hold the layers of an inference network of a mixture against what is told; the mixture."""
    settings, mixture = description["settings"], GaussianMixture(**description["mixture"])
    wide = (*replicas, mixture.num_coordinates, 1, settings["set_features"])
    check(tuple(state["sets.biases.0"].shape) == wide, "its factors are not of the size it tells")
    told = (*replicas, settings["datum_features"], 4 * mixture.num_components)
    check(tuple(state["data.0.first.weight"].shape) == told, "the factors of its data are not of the size it tells")
    return (mixture,)
