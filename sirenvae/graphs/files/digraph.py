"""Edges and variables as they come from a file, put together to a graph."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from sirenvae.errors import InputError


def digraph(arcs: Iterable, nodes: Iterable) -> nx.DiGraph:
    """The graph with the declared `nodes`; without any, with those that the edges name."""
    dag = nx.DiGraph()
    dag.add_nodes_from(nodes)
    declared = len(dag)
    for parent, child in arcs:
        if declared and not (parent in dag and child in dag):
            raise InputError(f"The edge {parent} -> {child} names a variable that is not declared.")
        dag.add_edge(parent, child)
    return dag
