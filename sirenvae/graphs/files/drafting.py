"""From what a file says to a network: every reader ends here, so that all of them say the same of the same fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, Variable
from sirenvae.graphs.files.names import check_name
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import listed, shown

MOST = {"variables": 30_000, "edges": 60_000, "rows or more": 60_000}  # half a second's reading

Edge = tuple[Variable, Variable]


def network_of(
    name: str,
    edges: Sequence[Edge],
    variables: Iterable[Variable] | None = None,
    *,
    observed: Iterable[Variable] | None = None,
    conditionals: Mapping[Variable, Conditional] | None = None,
    notes: Sequence[str] = (),
    lines: Sequence[int] | None = None,
) -> BayesianNetwork:
    """The network of a file.

    Arguments:
        name: Of the network and of the file in sentences.
        edges: Parent and child; an edge that comes again is left out, and a note says so.
        variables: Those declared, in their order; ``None`` takes those that the edges name.
        observed, conditionals: As for :class:`BayesianNetwork`.
        notes: Sentences about the file.
        lines: The line of each edge, if the format has lines.

    Returns:
        The network.

    Raises:
        InputError: If there is no edge and nothing says what is observed, an edge joins a variable with itself or names
            one that is not declared, edges close a cycle, a name cannot be one, or there are too many edges.
    """
    check_size(len(edges), "edges", name)
    _check_loops(edges, name, lines)
    dag = nx.DiGraph()
    if variables is not None:
        dag.add_nodes_from(variables)
        _check_declared(dag, edges, name)
    dag.add_edges_from(edges)
    check_size(len(dag), "variables", name)
    for v in dag:
        check_name(v, name)
    if not edges and observed is None:
        raise InputError(
            f"{name} names {len(dag):,} variable{'' if len(dag) == 1 else 's'} but no edge between two; a network has "
            "edges from parent to child, or says which variables are observed."
        )
    notes = (*notes, *_doubled(edges, dag.number_of_edges()))
    return BayesianNetwork(nx.freeze(dag), observed, conditionals, name=name, notes=notes)


def check_size(count: int, what: str, name: str) -> None:
    """Refuse more variables, edges or rows (`what`) than are read."""
    if count > MOST[what]:
        raise InputError(f"{name} has {count:,} {what}; networks of up to {MOST[what]:,} are read.")


def _check_loops(edges: Sequence[Edge], name: str, lines: Sequence[int] | None) -> None:
    for number, (parent, child) in enumerate(edges):
        if parent == child:
            where = f"in line {lines[number]} of {name}" if lines else f"in {name}"
            v = shown(parent)
            raise InputError(
                f"A Bayesian network has no directed cycle, but {v} -> {v} {where} makes {v} its own parent."
            )


def _check_declared(dag: nx.DiGraph, edges: Sequence[Edge], name: str) -> None:
    for parent, child in edges:
        if parent not in dag or child not in dag:
            unknown = child if parent in dag else parent
            raise InputError(
                f"The edge {shown(parent)} -> {shown(child)} names a variable that is not declared: {name} declares "
                f"{listed(dag)}, but not {shown(unknown)}."
            )


def _doubled(edges: Sequence[Edge], num_distinct: int) -> list[str]:
    if len(edges) == num_distinct:
        return []
    again = [f"{shown(a)} -> {shown(b)}" for (a, b), count in Counter(edges).items() if count > 1]
    return [f"Edges that came more than once count once: {listed(again)}."]
