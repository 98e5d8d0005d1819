"""The moral graph: parents of a common child are joined."""

from __future__ import annotations

import networkx as nx

from sirenvae.graphs.network import BayesianNetwork, Variable


def moralizing_edges(network: BayesianNetwork) -> tuple[tuple[Variable, Variable], ...]:
    """The edges that moralizing adds: pairs of parents that share a child and were not neighbours."""
    dag = network.dag
    pairs = {
        network.in_declared_order(pair)
        for pair in nx.moral_graph(dag).edges
        if not dag.has_edge(*pair) and not dag.has_edge(*reversed(pair))
    }
    return tuple(sorted(pairs, key=lambda pair: tuple(network.position[v] for v in pair)))
