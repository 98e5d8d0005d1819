"""A whole SIReN-VAE as units and kept weights: encoder, prior and decoder, with the masks that the model has.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sirenvae.graphs import BayesianNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.models.structures import Structure

MOST_UNITS = 200  # in a layer; a larger model is drawn as which variable sees which, without its hidden units


def vae_drawing(
    network: BayesianNetwork,
    structure: str | Structure = "true",
    hidden_features: Sequence[int] | None = None,
    num_layers: int = 1,
) -> dict[str, Any]:
    """The masks of a SIReN-VAE as the picture wants them, plain JSON values.

    A variable is a number: latents in topological order, then observed variables. The linear parts that this package
    adds to the flows and the decoder join the same pairs as the masked layers and are left out.

    Arguments:
        network: The Bayesian network.
        structure: ``"true"``, ``"fully_connected"`` or ``"independent"``, or what
            :func:`~sirenvae.models.structures.structure_of` has read off the network.
        hidden_features: Width of each hidden layer of a flow's block; by default one unit for each set.
        num_layers: How many hidden layers there are by default.

    Returns:
        ``names``, ``latents`` (their number K), and under ``encoder``, ``prior`` and ``decoder`` what :func:`_drawn`
        says. ``kept`` and ``dense`` count the weights of one block of each flow and of the decoder's two layers;
        ``masks_are_graph`` is whether the products of the masks are the adjacencies. ``units`` tells whether hidden
        units are in it: a model with more than 200 units in a layer has, as each part's only mask, which variable
        sees which.

    Raises:
        InputError: If the structure does not exist, or a layer is narrower than the number of latents.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> drawing = vae_drawing(load_network("student"))
        >>> drawing["names"], drawing["kept"], drawing["dense"]
        (['D', 'I', 'G', 'S', 'L', 'J', 'H'], 90, 280)

    Source:
        Mouton & Kroon, SIReN-VAE (2022), Figure A.1, which is Figure 2 of its poster.
    """
    from sirenvae.nets.set_rule import decoder_masks, default_hidden_features, layer_masks

    graph = _read_off(network, structure)
    num_latents = len(network.latents)
    latents = set(network.latents)
    names = [*(v for v in network.topological_order if v in latents), *network.observed]
    number = {v: k for k, v in enumerate(names)}
    columns = [number[v] for v in (*network.latents, *network.observed)]
    parts = {}
    for name, adjacency in (("encoder", graph.posterior), ("prior", _narrow(graph.prior, num_latents))):
        layers = layer_masks(adjacency, hidden_features or [default_hidden_features(adjacency)] * num_layers)
        parts[name] = (layers.masks, layers.sets, columns[:num_latents], adjacency)
    decoder = _narrow(graph.decoder, num_latents)
    masks = decoder_masks(decoder, 2 * len(decoder))
    sets = (None, masks[0], decoder)
    parts["decoder"] = (masks, sets, columns[num_latents:], decoder)
    all_masks = [mask for part in parts.values() for mask in part[0]]
    units = max(len(names), *(len(mask) for mask in all_masks)) <= MOST_UNITS
    return {
        "names": [str(v) for v in names],
        "latents": num_latents,
        "units": units,
        "kept": sum(int(mask.sum()) for mask in all_masks),
        "dense": sum(mask.numel() for mask in all_masks),
        "masks_are_graph": all(bool(((_product(part[0]) > 0) == np.asarray(part[3])).all()) for part in parts.values()),
        **{name: _drawn(*part, columns, units) for name, part in parts.items()},
    }


def _read_off(network: BayesianNetwork, structure: str | Structure) -> Structure:
    from sirenvae.models.structures import structure_of

    return structure_of(network, structure) if isinstance(structure, str) else structure


def _narrow(adjacency: Tensor, num_latents: int) -> Tensor:
    """Without the observed variables when none of them is read, as the model has it."""
    return adjacency if adjacency[:, num_latents:].any() else adjacency[:, :num_latents]


def _product(masks: Sequence[Tensor]) -> np.ndarray:
    """How many paths lead from each input to each output; in floats, since these matrices can be large."""
    product = np.asarray(masks[0], dtype=float)
    for mask in masks[1:]:
        product = np.asarray(mask, dtype=float) @ product
    return product


def _drawn(masks, sets, outputs: list[int], adjacency: Tensor, columns: list[int], units: bool) -> dict[str, Any]:
    """One part: its ``inputs`` and ``outputs`` as variables, the ``hidden`` layers and the ``masks`` between.

    A hidden layer has the ``units``, numbers in the model's own order, in the order in which they are drawn, and the
    ``sets`` of variables that they own. A mask is its rows and columns as bits in base 64. Without units there is one
    mask, the adjacency.
    """
    inputs = columns[: adjacency.shape[1]]
    hidden = sets[1:-1] if units else ()
    orders = [_sorted_by(inputs), *_hidden_orders(hidden, inputs), _sorted_by(outputs)]
    return {
        "inputs": sorted(inputs),
        "outputs": sorted(outputs),
        "hidden": [
            {"units": order, "sets": [sorted(inputs[j] for j in rows[u].nonzero().flatten().tolist()) for u in order]}
            for order, rows in zip(orders[1:-1], hidden, strict=True)
        ],
        "masks": [
            base64.b64encode(np.packbits(np.asarray(mask)[np.ix_(later, earlier)]).tobytes()).decode()
            for mask, (earlier, later) in zip(masks if units else [adjacency], pairwise(orders), strict=True)
        ],
        "kept": sum(int(mask.sum()) for mask in masks),
        "dense": sum(mask.numel() for mask in masks),
        "edges": int(adjacency.sum()),
    }


def _sorted_by(variables: list[int]) -> list[int]:
    return sorted(range(len(variables)), key=variables.__getitem__)


def _hidden_orders(hidden: Sequence[Tensor], inputs: list[int]) -> list[list[int]]:
    """Units near the variables that they own, so that few lines cross."""
    places = np.array(inputs, dtype=float)
    orders = []
    for sets in hidden:
        rows = np.asarray(sets, dtype=float)
        middle = rows @ places / np.maximum(rows.sum(axis=1), 1)
        orders.append(np.lexsort((np.arange(len(rows)), middle)).tolist())
    return orders


def decoder_check(network: BayesianNetwork, structure: str | Structure = "true", seed: int = 0) -> dict[str, int]:
    r"""Measure the decoder's :math:`|\partial \mu_i / \partial z_j|` against its promise, in float64.

    The means of the observed variables are differentiated at standard normal points, with random weights in all of
    the decoder, its linear part included.

    Arguments:
        network: The Bayesian network.
        structure: Its name, or what was read off the network.
        seed: Where weights and points start; the global seed is kept.

    Returns:
        How many entries are ``promised`` to be non-zero and ``forbidden``; how many of the former ``found`` and of the
        latter ``violated`` by being non-zero.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> decoder_check(load_network("student"))
        {'promised': 4, 'forbidden': 10, 'found': 4, 'violated': 0}
    """
    import torch

    from sirenvae.flows.jacobian import mean_absolute_gradients
    from sirenvae.models.likelihoods import GaussianLikelihood

    adjacency = _narrow(_read_off(network, structure).decoder, len(network.latents))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = GaussianLikelihood(adjacency).double()
    points = torch.randn(8, adjacency.shape[1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    measured = mean_absolute_gradients(decoder, points) != 0
    return {
        "promised": int(adjacency.sum()),
        "forbidden": int((~adjacency).sum()),
        "found": int((measured & adjacency).sum()),
        "violated": int((measured & ~adjacency).sum()),
    }
