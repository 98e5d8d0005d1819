"""The flows of a SIReN-VAE as their masks are drawn: dependencies, the masks of a block, a Jacobian that is measured.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.flows import LayerMasks
    from sirenvae.models.structures import Structure

FLOWS = ("prior", "posterior")


@dataclass(frozen=True, eq=False)
class FlowGraph:
    """The dependencies of one flow of a SIReN-VAE, its variables in topological order.

    Attributes:
        flow: One of :data:`FLOWS`.
        inputs: The variables that the flow reads: its own (the latents) first, each after its parents, then the
            context.
        adjacency: Bool tensor, shape ``(D, D + C)``; row i lists what output i may depend on. Its first D columns are
            lower triangular.
    """

    flow: str
    inputs: tuple
    adjacency: Tensor

    @property
    def num_outputs(self) -> int:
        """How many variables the flow transforms, D."""
        return len(self.adjacency)

    @property
    def names(self) -> list[str]:
        """The inputs' names."""
        return [str(v) for v in self.inputs]


def flow_graph(network: BayesianNetwork, flow: str = "posterior", structure: str | Structure = "true") -> FlowGraph:
    """The dependencies of the prior's or the posterior's flow.

    Arguments:
        network: The Bayesian network.
        flow: ``"prior"`` (the network among its latents; observed variables are context only if one has a latent
            child) or ``"posterior"`` (the inverse, observed variables as context).
        structure: ``"true"``, ``"fully_connected"`` or ``"independent"``, or what
            :func:`~sirenvae.models.structures.structure_of` has read off the network.

    Returns:
        The inputs and the adjacency, latents in topological order.

    Raises:
        InputError: If the flow or the structure does not exist.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> flow_graph(load_network("student"), "posterior").inputs
        ('L', 'G', 'S', 'I', 'D', 'J', 'H')
    """
    from sirenvae.models.structures import structure_of

    if flow not in FLOWS:
        raise InputError(f"The flow {flow!r} does not exist; it is one of {', '.join(FLOWS)}.")
    read_off = structure_of(network, structure) if isinstance(structure, str) else structure
    adjacency = getattr(read_off, flow)
    num_latents = len(network.latents)
    if flow == "prior" and not adjacency[:, num_latents:].any():
        adjacency = adjacency[:, :num_latents]
    edges = nx.DiGraph((j, i) for i, j in adjacency[:, :num_latents].nonzero().tolist() if i != j)
    edges.add_nodes_from(range(num_latents))
    order = list(nx.lexicographical_topological_sort(edges))
    columns = [*order, *range(num_latents, adjacency.shape[1])]
    variables = (*network.latents, *network.observed)
    return FlowGraph(flow, tuple(variables[j] for j in columns), adjacency[order][:, columns])


def block_layers(graph: FlowGraph, hidden_features: Sequence[int] | None = None) -> LayerMasks:
    """The masks of one block.

    Arguments:
        graph: The flow's dependencies.
        hidden_features: Width of each hidden layer; by default one layer with a unit for each set, 2 D + C.

    Raises:
        InputError: If a layer is narrower than the number of variables.
    """
    from sirenvae.nets.set_rule import default_hidden_features, layer_masks

    return layer_masks(graph.adjacency, hidden_features or [default_hidden_features(graph.adjacency)])


def measured_jacobian(
    graph: FlowGraph,
    num_blocks: int,
    hidden_features: Sequence[int] | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The mean |Jacobian| of a flow with random weights, in float64, shape ``(D, D + C)``; the global seed is kept."""
    import torch

    from sirenvae.flows import GraphicalResidualFlow
    from sirenvae.flows.jacobian import mean_absolute_jacobian

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = GraphicalResidualFlow(graph.adjacency, num_blocks, hidden_features).double()
    return mean_absolute_jacobian(flow, seed=seed).numpy()
