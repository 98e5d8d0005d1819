"""GraphML."""

from __future__ import annotations

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.files.digraph import digraph
from sirenvae.graphs.network import BayesianNetwork


def parse_graphml(text: str, name: str) -> BayesianNetwork:
    try:
        graph = nx.parse_graphml(text)
    except (nx.NetworkXError, SyntaxError, KeyError, ValueError) as error:
        raise InputError(f"{name} is not GraphML: {error}.") from error
    return BayesianNetwork(digraph(graph.edges(), graph.nodes), name=name)
