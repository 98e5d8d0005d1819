"""In which order the latents of an inverse are drawn, and what each of them sees."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, Inverse
from sirenvae.graphs.judging.proofs import first_violation


def drawing_order(network: BayesianNetwork, inverse: Inverse) -> tuple:
    """The latents, parents in the inverse before children; the last eliminated one first where that is known.

    Raises:
        InputError: If the inverse is of other variables, has a cycle, or gives an observed variable a latent parent.
    """
    if set(inverse.dag) != set(network.variables):
        raise InputError(f"The inverse is not over the variables of {network.name}.")
    if not nx.is_directed_acyclic_graph(inverse.dag):
        raise InputError("The inverse has a directed cycle, so its factors are no distribution.")
    latents = set(network.latents)
    looking = [v for v in network.observed if latents & set(inverse.dag.predecessors(v))]
    if looking:
        raise InputError(f"In the inverse the observed variable {looking[0]} has a latent parent; q(z | x) has none.")
    last = {v: -place for place, v in enumerate(inverse.elimination_order)}
    key = {v: (last.get(v, 0), network.position[v]) for v in network.variables}
    ordered = nx.lexicographical_topological_sort(inverse.dag, key=key.__getitem__)
    return tuple(v for v in ordered if v in latents)


def check_faithful(network: BayesianNetwork, inverse: Inverse, order: tuple) -> None:
    """Refuse an inverse that claims a false independence; the first one is named."""
    lost = first_violation(network, replace(inverse, elimination_order=list(reversed(order))))
    if lost is not None:
        given = f" given {', '.join(map(str, lost.given))}" if lost.given else ""
        raise InputError(
            f"The inverse is not faithful: it says that {lost.x} and {lost.y} are independent{given}, but in "
            f"{network.name} they depend on each other along {', '.join(map(str, lost.network_path))}."
        )


def adjacency_of(network: BayesianNetwork, inverse: Inverse, order: tuple) -> Tensor:
    """Row i lists the parents of latent i of the order; columns are the latents in this order, then the observed."""
    column = {v: j for j, v in enumerate((*order, *network.observed))}
    rows = torch.zeros(len(order), len(column), dtype=torch.bool)
    for i, v in enumerate(order):
        for parent in inverse.dag.predecessors(v):
            rows[i, column[parent]] = True
    return rows


def generations_of(adjacency: Tensor) -> list[list[int]]:
    """Latents that can be drawn at once, those without latent parents first."""
    depth: list[int] = []
    for row in adjacency:
        parents = row[: len(adjacency)].nonzero().flatten().tolist()
        depth.append(1 + max((depth[j] for j in parents), default=-1))
    return [[i for i, d in enumerate(depth) if d == level] for level in range(max(depth) + 1)]
