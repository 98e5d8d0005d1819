"""Graphs as GraphML and as DOT, in which a variable is what it is printed as: these formats know texts alone."""

from __future__ import annotations

import networkx as nx

from sirenvae.graphs.files.names import check_distinct, check_name


def graph_to_graphml(graph: nx.Graph) -> str:
    """A graph as GraphML, attributes included.

    Raises:
        InputError: If two variables are printed alike, or a name holds what XML cannot.
    """
    return "\n".join(nx.generate_graphml(_by_printed_name(graph)))


def graph_to_dot(dag: nx.DiGraph, name: str) -> str:
    """A directed graph for Graphviz.

    Raises:
        InputError: As for :func:`graph_to_graphml`.

    Example:
        >>> print(graph_to_dot(nx.DiGraph([(0, ("x", 1))]), "pair"))
        digraph "pair" {
          "0";
          "('x', 1)";
          "0" -> "('x', 1)";
        }
    """

    def quoted(word: str) -> str:
        return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'  # a line's end stays one

    dag = _by_printed_name(dag)
    lines = [f"digraph {quoted(name)} {{"]
    lines += [f"  {quoted(v)};" for v in dag]
    lines += [f"  {quoted(a)} -> {quoted(b)};" for a, b in dag.edges]
    return "\n".join([*lines, "}"])


def _by_printed_name(graph: nx.Graph) -> nx.Graph:
    check_distinct(graph, "The graph")
    for v in graph:
        check_name(v, "The graph")
    return nx.relabel_nodes(graph, {v: str(v) for v in graph})
