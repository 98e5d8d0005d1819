"""A whole SIReN-VAE as units and kept weights: encoder, prior and decoder, with the masks that the model has."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sirenvae.graphs import BayesianNetwork

if TYPE_CHECKING:
    from sirenvae.experiments.shown.vae import PartMasks

MOST_UNITS = 200  # in a layer; a larger model is drawn as which variable sees which, without its hidden units


def vae_drawing(network: BayesianNetwork, parts: Mapping[str, PartMasks]) -> dict[str, Any]:
    """The masks of a SIReN-VAE as the picture wants them, plain JSON values.

    A variable is a number: latents in topological order, then observed variables. The linear parts that this package
    adds to the flows and the decoder join the same pairs as the masked layers and are left out.

    Arguments:
        network: The Bayesian network.
        parts: Its masks, from :func:`~sirenvae.experiments.shown.vae.vae_masks`.

    Returns:
        ``names``, ``latents`` (their number K), and under ``encoder``, ``prior`` and ``decoder`` what :func:`_drawn`
        says. ``kept`` and ``dense`` count the weights of one block of each flow and of the decoder's two layers;
        ``masks_are_graph`` is whether the products of the masks are the adjacencies. ``units`` tells whether hidden
        units are in it: a model with more than 200 units in a layer has, as each part's only mask, which variable
        sees which.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), Figure A.1, which is Figure 2 of its poster.
    """
    latents = set(network.latents)
    names = [*(v for v in network.topological_order if v in latents), *network.observed]
    number = {v: k for k, v in enumerate(names)}
    columns = [number[v] for v in (*network.latents, *network.observed)]
    all_masks = [mask for part in parts.values() for mask in part.masks]
    units = max(len(names), *map(len, all_masks)) <= MOST_UNITS
    return {
        "names": [str(v) for v in names],
        "latents": len(latents),
        "units": units,
        "kept": sum(int(mask.sum()) for mask in all_masks),
        "dense": sum(mask.size for mask in all_masks),
        "masks_are_graph": all(bool(((_product(part.masks) > 0) == part.adjacency).all()) for part in parts.values()),
        **{name: _drawn(part, columns, len(latents), units) for name, part in parts.items()},
    }


def _product(masks: Sequence[np.ndarray]) -> np.ndarray:
    """How many paths lead from each input to each output; in floats, since these matrices can be large."""
    product = masks[0].astype(float)
    for mask in masks[1:]:
        product = mask.astype(float) @ product
    return product


def _drawn(part: PartMasks, columns: list[int], num_latents: int, units: bool) -> dict[str, Any]:
    """One part: its ``inputs`` and ``outputs`` as variables, the ``hidden`` layers and the ``masks`` between.

    A hidden layer has the ``units``, numbers in the model's own order, in the order in which they are drawn, and the
    ``sets`` of variables that they own. A mask is its rows and columns as bits in base 64. Without units there is one
    mask, the adjacency.
    """
    inputs = columns[: part.adjacency.shape[1]]
    outputs = columns[num_latents:] if part.decodes else columns[:num_latents]
    hidden = part.hidden if units else ()
    orders = [_sorted_by(inputs), *_hidden_orders(hidden, inputs), _sorted_by(outputs)]
    return {
        "inputs": sorted(inputs),
        "outputs": sorted(outputs),
        "hidden": [
            {"units": order, "sets": [sorted(inputs[j] for j in rows[u].nonzero()[0]) for u in order]}
            for order, rows in zip(orders[1:-1], hidden, strict=True)
        ],
        "masks": [
            base64.b64encode(np.packbits(mask[np.ix_(later, earlier)]).tobytes()).decode()
            for mask, (earlier, later) in zip(part.masks if units else [part.adjacency], pairwise(orders), strict=True)
        ],
        "kept": sum(int(mask.sum()) for mask in part.masks),
        "dense": sum(mask.size for mask in part.masks),
        "edges": int(part.adjacency.sum()),
    }


def _sorted_by(variables: list[int]) -> list[int]:
    return sorted(range(len(variables)), key=variables.__getitem__)


def _hidden_orders(hidden: Sequence[np.ndarray], inputs: list[int]) -> list[list[int]]:
    """Units near the variables that they own, so that few lines cross."""
    places = np.array(inputs, dtype=float)
    orders = []
    for sets in hidden:
        rows = sets.astype(float)
        middle = rows @ places / np.maximum(rows.sum(axis=1), 1)
        orders.append(np.lexsort((np.arange(len(rows)), middle)).tolist())
    return orders
