"""Which variable may see which: adjacencies of a VAE's prior, posterior and decoder, read off a Bayesian network.

Source:
    Mouton & Kroon, SIReN-VAE (2022), section 3, for the three structures; section 2.2 for what each part sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, invert
from sirenvae.graphs.separation import border

STRUCTURES = ("true", "fully_connected", "independent")


@dataclass(frozen=True)
class Structure:
    """The adjacencies of a SIReN-VAE with K latents and D observed variables; rows are outputs, columns inputs.

    Attributes:
        prior: Latents given their parents, bool, shape ``(K, K + D)``, diagonal True; the observed variables on the
            right (all False unless an observed variable has latent children).
        posterior: Latents given their parents in the inverse, bool, shape ``(K, K + D)``, diagonal True.
        decoder: Observed variables given their parents, bool, shape ``(D, K + D)``.
    """

    prior: Tensor
    posterior: Tensor
    decoder: Tensor


def structure_of(network: BayesianNetwork, structure: str = "true") -> Structure:
    """Read the adjacencies off a network.

    Arguments:
        network: The Bayesian network.
        structure: ``"true"`` takes its edges, and those of its inverse in topological order. ``"fully_connected"``
            joins all latents, in topological order, and lets every observed variable see all latents. ``"independent"``
            has no edge among latents, neither in the prior nor in the posterior; every observed variable sees all
            latents and every latent all observed variables. Edges among observed variables are always the network's.

    The three are the paper's models with the subscripts true, FC and ind, but for the posterior of ``"independent"``.
    The paper speaks of independent latents in the decoder alone and inverts the network for the encoder; so read, its
    posterior joins all latents, since those that share an observed child depend on each other once it is seen. Ours
    stays independent. The paper does not say in which order it eliminates, nor which of several topological orders it
    takes. In its networks no observed variable has children. Here one may: observed variables keep the edges among them
    in all structures, but only ``"true"`` has edges from them to latents.

    Returns:
        The three adjacencies, columns in declared order, latents first.

    Raises:
        InputError: If the structure does not exist.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), section 3, first paragraph; Table 1 compares them.
    """
    if structure not in STRUCTURES:
        raise InputError(f"The structure {structure!r} does not exist; it is one of {', '.join(STRUCTURES)}.")
    generative = network if structure == "true" else _dense(network, joined=structure == "fully_connected")
    if structure == "independent":
        posterior = nx.DiGraph((x, z) for z in network.latents for x in network.observed)
        posterior.add_nodes_from(network.variables)
    else:
        posterior = invert(generative).dag
    own = torch.eye(len(network.latents), len(network.variables), dtype=torch.bool)
    return Structure(
        prior=_rows(network, generative.dag, network.latents) | own,
        posterior=_rows(network, posterior, network.latents) | own,
        decoder=_rows(network, generative.dag, network.observed),
    )


def density_adjacency(network: BayesianNetwork, variables: Sequence) -> Tensor:
    """Which variable sees which in the density of some of a network's variables.

    In topological order each one sees those before it that it depends on given the others before it: its parents, where
    no variable is left out, and as few as say nothing wrong, where some are.

    Arguments:
        network: The Bayesian network.
        variables: V of its variables, in the order of rows and columns.

    Returns:
        Bool, shape ``(V, V)``, diagonal True.

    Raises:
        InputError: If a variable does not exist or came twice, or none came.

    Source:
        Koller & Friedman, Probabilistic Graphical Models (2009), Algorithm 3.2, by d-separation in the network.
    """
    column = {v: i for i, v in enumerate(variables)}
    unknown = [v for v in column if v not in network.position]
    if unknown or not column or len(column) < len(variables):
        came = f"{unknown[0]} is none of them" if unknown else "one came twice" if column else "none came"
        raise InputError(f"A density is of different variables of {network.name}, but {came}.")
    adjacency = torch.eye(len(column), dtype=torch.bool)
    before: set = set()
    for v in (v for v in network.topological_order if v in column):
        for parent in border(network.dag, v, set(), before):
            adjacency[column[v], column[parent]] = True
        before.add(v)
    return adjacency


def _dense(network: BayesianNetwork, joined: bool) -> BayesianNetwork:
    """Every latent a parent of every observed variable; the latents joined in topological order, or not at all."""
    dag = nx.DiGraph()
    dag.add_nodes_from(network.variables)
    dag.add_edges_from((z, x) for z in network.latents for x in network.observed)
    dag.add_edges_from(network.dag.subgraph(network.observed).edges)
    if joined:
        latents = set(network.latents)
        ordered = [v for v in network.topological_order if v in latents]
        dag.add_edges_from((a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :])
    return BayesianNetwork(dag, network.observed, name=network.name)


def _rows(network: BayesianNetwork, dag: nx.DiGraph, outputs: tuple) -> Tensor:
    """Transpose once: entry (i, j) is True when input j is a parent of output i."""
    column = {v: j for j, v in enumerate((*network.latents, *network.observed))}
    rows = torch.zeros(len(outputs), len(column), dtype=torch.bool)
    for i, v in enumerate(outputs):
        for parent in dag.predecessors(v):
            rows[i, column[parent]] = True
    return rows
