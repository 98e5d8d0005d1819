"""Is an inverse faithful, minimal, natural? Decided by d-separation in the network alone.

An inverse factorizes p(z | x): it says nothing about the observed variables among themselves, so they are
conditioned on jointly.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section 2.
"""

from __future__ import annotations

import networkx as nx

from sirenvae.graphs.inversion import Inverse
from sirenvae.graphs.network import BayesianNetwork


def is_faithful(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether every independence that the inverse asserts holds in the network (the inverse is an I-map).

    It is enough to ask, for each latent in a topological order of the inverse, that its parents separate it from its
    other predecessors and all other observed variables.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge.

    Returns:
        True if it is faithful.
    """
    before = set(network.observed)
    latents = set(network.latents)
    for v in nx.topological_sort(inverse.dag):
        if v not in latents:
            continue
        parents = set(inverse.dag.predecessors(v))
        if not nx.is_d_separator(network.dag, {v}, before - parents, parents):
            return False
        before.add(v)
    return True


def is_minimal(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether no edge of the inverse can be dropped: each parent depends on its child given the other parents.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge; minimality is a statement about faithful ones.

    Returns:
        True if every edge is needed.
    """
    for v in network.latents:
        parents = set(inverse.dag.predecessors(v))
        if any(nx.is_d_separator(network.dag, {v}, {parent}, parents - {parent}) for parent in parents):
            return False
    return True


def is_natural(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether the latents of the inverse can be ordered as in the network, or exactly the other way round.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge.

    Returns:
        True if some topological order of the inverse is a topological or a reverse topological order of the network's
        latents.
    """
    forward = network.dag.subgraph(network.latents)
    backward = inverse.dag.subgraph(network.latents)
    return any(nx.is_directed_acyclic_graph(nx.compose(backward, g)) for g in (forward, forward.reverse()))
