"""NaMI as it is printed: every cost counted again at every step. The yardstick for speed and for the trace."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import networkx as nx

import sirenvae as sv


def plain_elimination(network: sv.BayesianNetwork, order: str = "topological") -> Iterator[tuple]:
    """Yield (frontier with costs, eliminated, fill edges, parents) for each latent, as `sirenvae.eliminate` does."""
    neighbours = {v: set(others) for v, others in nx.moral_graph(network.dag).adjacency()}
    latents = network.dag.subgraph(network.latents)
    before = latents.pred if order == "topological" else latents.succ
    eliminated: set = set()
    while len(eliminated) < len(latents):
        frontier = [v for v in network.latents if v not in eliminated and eliminated.issuperset(before[v])]
        costs = {v: sum(b not in neighbours[a] for a, b in combinations(neighbours[v], 2)) for v in frontier}
        chosen = min(costs, key=costs.__getitem__)
        parents = network.in_declared_order(neighbours.pop(chosen))
        fill_edges = tuple(pair for pair in combinations(parents, 2) if pair[1] not in neighbours[pair[0]])
        for a, b in fill_edges:
            neighbours[a].add(b)
            neighbours[b].add(a)
        for parent in parents:
            neighbours[parent].remove(chosen)
        eliminated.add(chosen)
        yield costs, chosen, fill_edges, parents
