"""The XML form of the Bayesian Interchange Format."""

from __future__ import annotations

from sirenvae.errors import InputError
from sirenvae.graphs.files.families import Families
from sirenvae.graphs.files.safe_xml import Element, local, parse
from sirenvae.graphs.files.table_text import flat_table
from sirenvae.graphs.network import BayesianNetwork


def parse_xmlbif(text: str, name: str) -> BayesianNetwork:
    """The network of an XMLBIF file: its elements VARIABLE and DEFINITION.

    In a TABLE the child's states vary fastest. Where an OUTCOME or a TABLE is missing, the structure alone is read,
    which a note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If the text is no XML, an element is missing or there twice, a name is not declared, a variable is a
            decision or a utility, the graph is not that of a Bayesian network, or a table does not fit the outcomes or
            does not sum to 1.

    Source:
        Cozman, The Interchange Format for Bayesian Networks (XMLBIF 0.3, 1998).
    """
    root = parse(text, name, "XMLBIF")
    networks = [element for element in root if local(element) == "network"]
    if local(root) != "bif" or len(networks) != 1:
        raise InputError(
            f"{name} holds {len(networks)} elements NETWORK in a {root.tag[:40]!r}; XMLBIF has one in a 'BIF', and a "
            "file of another kind needs the ending of its kind, such as .graphml or .xdsl."
        )
    families = Families(name, "element VARIABLE", "element DEFINITION", int)
    for element in networks[0]:
        if local(element) == "variable":
            _check_chance(element, name)
            states = tuple(_texts(element, "outcome") or _texts(element, "value"))
            variable = _only(_texts(element, "name"), "NAME", element, name)
            families.declare(variable, element.line, lambda states=states: states)
        elif local(element) == "definition":
            child = _only(_texts(element, "for"), "FOR", element, name)
            parents = _texts(element, "given")
            where = f"line {element.line} of {name}"
            table = flat_table(_texts(element, "table"), (child, *parents), lambda where=where: where)
            families.add(child, parents, element.line, table)
    return families.network()


def _texts(element: Element, tag: str) -> list[str]:
    return ["".join(part.itertext()).strip() for part in element if local(part) == tag]


def _only(texts: list[str], tag: str, element: Element, name: str) -> str:
    if len(texts) != 1:
        raise InputError(
            f"The element {element.tag[-40:]} in line {element.line} of {name} has {len(texts)} elements {tag}; "
            "it has to have one."
        )
    return texts[0]


def _check_chance(element: Element, name: str) -> None:
    kind = element.get("TYPE", "nature")
    if kind.lower() != "nature":
        raise InputError(
            f"The variable in line {element.line} of {name} has the type {kind[:40]!r}; take decisions and utilities "
            "out to read the network of those of the type 'nature'."
        )
