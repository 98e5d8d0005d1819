"""The rules that NaMI is compared with: the heuristic, mean field, fully connected."""

from __future__ import annotations

import networkx as nx

from sirenvae.graphs.network import BayesianNetwork, Variable


def latent_order(network: BayesianNetwork, order: str) -> list[Variable]:
    """The latents, parents first or children first."""
    latents = set(network.latents)
    forward = [v for v in network.topological_order if v in latents]
    return forward if order == "topological" else forward[::-1]


def _stuhlmueller(network: BayesianNetwork, ordered: list[Variable]) -> dict[Variable, tuple[Variable, ...]]:
    """Children, the other parents of children, and parents that are observed or go later."""
    place = {v: i for i, v in enumerate(ordered)}
    moral = nx.moral_graph(network.dag)
    return {v: network.in_declared_order(u for u in moral[v] if place.get(u, len(ordered)) > place[v]) for v in ordered}


def _mean_field(network: BayesianNetwork, ordered: list[Variable]) -> dict[Variable, tuple[Variable, ...]]:
    return dict.fromkeys(ordered, network.observed)


def _fully_connected(network: BayesianNetwork, ordered: list[Variable]) -> dict[Variable, tuple[Variable, ...]]:
    return {v: network.in_declared_order((*ordered[i + 1 :], *network.observed)) for i, v in enumerate(ordered)}


RIVALS = {
    "stuhlmueller": _stuhlmueller,
    "mean_field": _mean_field,
    "fully_connected": _fully_connected,
}
