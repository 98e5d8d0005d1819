"""GeNIe's XML."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.files.families import Families
from sirenvae.graphs.files.safe_xml import Element, local, parse
from sirenvae.graphs.files.table_text import Rows, States, TableReader, flat_table
from sirenvae.graphs.network import BayesianNetwork

_NO_CHANCE = frozenset({"decision", "utility", "mau"})


def parse_xdsl(text: str, name: str) -> BayesianNetwork:
    """The network of a GeNIe ``.xdsl`` file: the elements inside its ``nodes``, and the ``parents`` of each.

    The names are the identifiers of the nodes. Those that GeNIe's diagnosis calls observations are observed, if there
    are any and they are not all. Read are the ``probabilities`` of a ``cpt``, of which the child's states vary fastest,
    and the ``resultingstates`` of a ``deterministic``; where a node is of another kind, the structure alone, which a
    note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If the text is no XML, a node has no identifier or is there twice, a parent is not declared, the
            file is an influence diagram or a dynamic network, the graph is not that of a Bayesian network, or a table
            does not fit the states or does not sum to 1.

    Source:
        BayesFusion, GeNIe Modeler, chapter "XDSL file format".
    """
    root = parse(text, name, "GeNIe's XDSL")
    if local(root) != "smile":
        raise InputError(f"{name} starts with the element {root.tag[:40]!r}; a file of GeNIe starts with 'smile'.")
    families = Families(name, "node inside 'nodes'", "'parents' element", int)
    observed, others = [], []
    for part in root:
        if local(part) == "dynamic":
            raise InputError(
                f"{name} is a dynamic network, as line {part.line} says; unroll it in GeNIe to read it as a plain one."
            )
        for node in part if local(part) == "nodes" else ():
            variable = _add(node, families)
            (observed if node.get("diagtype") == "observation" else others).append(variable)
    return families.network(observed if observed and others else None)


def _add(node: Element, families: Families) -> str:
    variable, kind = node.get("id"), local(node)
    if variable is None or kind in _NO_CHANCE:
        fault = "no id, which names the variable" if variable is None else f"the kind {kind!r}, which is no variable"
        raise InputError(
            f"The node in line {node.line} of {families.name} has {fault}; correct it or take it out in GeNIe."
        )
    parents = " ".join(_texts(node, "parents")).split()
    states = tuple(part.get("id", "") for part in node if local(part) == "state")
    families.declare(variable, node.line, lambda: states)
    family = (variable, *parents)

    def where() -> str:
        return f"line {node.line} of {families.name}"

    if kind == "deterministic":
        table = _deterministic(" ".join(_texts(node, "resultingstates")).split(), family, where)
    else:
        table = flat_table(_texts(node, "probabilities") if kind == "cpt" else (), family, where)
    families.add(variable, parents, node.line, table)
    return variable


def _texts(node: Element, tag: str) -> list[str]:
    return [part.text or "" for part in node if local(part) == tag]


def _deterministic(results: list[str], family: tuple[str, ...], where: Callable[[], str]) -> TableReader:
    """A table of zeros and ones from the child's state for each states of the parents."""

    def read(states: States) -> np.ndarray | None:
        child, *parents = family
        rows = Rows(child, parents, states, where)
        if not results:
            return None
        ones = np.eye(len(states[child]))
        return rows.fill(np.concatenate([ones[rows.number(child, state)] for state in results]))

    return read
