"""GeNIe's XML."""

from __future__ import annotations

from sirenvae.errors import InputError
from sirenvae.graphs.files.families import Families
from sirenvae.graphs.files.safe_xml import Element, local, parse
from sirenvae.graphs.network import BayesianNetwork

_NO_CHANCE = frozenset({"decision", "utility", "mau"})


def parse_xdsl(text: str, name: str) -> BayesianNetwork:
    """The structure of a GeNIe ``.xdsl`` file: the elements inside its ``nodes``, and the ``parents`` of each.

    The names are the identifiers of the nodes. Those that GeNIe's diagnosis calls observations are observed, if there
    are any and they are not all. The tables are not read, which a note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If the text is no XML, a node has no identifier or is there twice, a parent is not declared, the
            file is an influence diagram or a dynamic network, or the graph is not that of a Bayesian network.

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
    parents = [part.text or "" for part in node if local(part) == "parents"]
    families.declare(variable, node.line)
    families.add(variable, " ".join(parents).split(), node.line)
    return variable
