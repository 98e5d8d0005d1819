"""The masks of a whole SIReN-VAE, and what its decoder makes of them when it is measured.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sirenvae.graphs import BayesianNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.models.structures import Structure


@dataclass(frozen=True, eq=False)
class PartMasks:
    """One part of a model, its columns in the model's order: the latents, then the observed variables.

    Attributes:
        adjacency: Bool, rows outputs, columns inputs.
        masks: Of the layers, bool.
        hidden: For each hidden layer, which inputs each of its units owns, bool, shape ``(units, inputs)``.
        decodes: Whether its outputs are the observed variables; else they are the latents.
    """

    adjacency: np.ndarray
    masks: tuple[np.ndarray, ...]
    hidden: tuple[np.ndarray, ...]
    decodes: bool


def vae_masks(
    network: BayesianNetwork,
    structure: str | Structure = "true",
    hidden_features: Sequence[int] | None = None,
    num_layers: int = 1,
) -> dict[str, PartMasks]:
    """The masks that a SIReN-VAE has, by its parts: ``encoder``, ``prior`` and ``decoder``.

    Arguments:
        network: The Bayesian network.
        structure: ``"true"``, ``"fully_connected"`` or ``"independent"``, or what
            :func:`~sirenvae.models.structures.structure_of` has read off the network.
        hidden_features: Width of each hidden layer of a flow's block; by default one unit for each set.
        num_layers: How many hidden layers there are by default.

    Raises:
        InputError: If the structure does not exist, or a layer is narrower than the number of latents.
    """
    from sirenvae.nets.set_rule import decoder_masks, default_hidden_features, layer_masks

    graph, num_latents = _read_off(network, structure), len(network.latents)
    parts = {}
    for name, adjacency in (("encoder", graph.posterior), ("prior", _narrow(graph.prior, num_latents))):
        layers = layer_masks(adjacency, hidden_features or [default_hidden_features(adjacency)] * num_layers)
        parts[name] = _part(adjacency, layers.masks, layers.sets[1:-1], decodes=False)
    decoder = _narrow(graph.decoder, num_latents)
    masks = decoder_masks(decoder, 2 * len(decoder))
    return parts | {"decoder": _part(decoder, masks, masks[:1], decodes=True)}


def _part(adjacency: Tensor, masks: Sequence[Tensor], hidden: Sequence[Tensor], decodes: bool) -> PartMasks:
    return PartMasks(np.asarray(adjacency), tuple(map(np.asarray, masks)), tuple(map(np.asarray, hidden)), decodes)


def _read_off(network: BayesianNetwork, structure: str | Structure) -> Structure:
    from sirenvae.models.structures import structure_of

    return structure_of(network, structure) if isinstance(structure, str) else structure


def _narrow(adjacency: Tensor, num_latents: int) -> Tensor:
    """Without the observed variables when none of them is read, as the model has it."""
    return adjacency if adjacency[:, num_latents:].any() else adjacency[:, :num_latents]


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
