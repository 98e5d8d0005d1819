"""Networks as JSON: the format of the shipped networks, and those of others."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from sirenvae.errors import InputError
from sirenvae.graphs.files.drafting import network_of
from sirenvae.graphs.files.json_graph import JsonGraph, names_in, read_graph
from sirenvae.graphs.files.json_numbers import check_magnitudes, read_cpds, write_cpds
from sirenvae.graphs.files.json_text import load_json
from sirenvae.graphs.files.marks import observed_by_marks
from sirenvae.graphs.files.names import check_distinct, json_type, name_to_json
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.plates import Plate
from sirenvae.graphs.quoting import listed, shown

_KNOWN = frozenset(
    [
        "nodes",
        "arcs",
        "edges",
        "links",
        "elements",
        "adjacency",
        "cpds",
        "observed",
        "plates",
        "latents",
        "name",
        "type",
        "kind",
        "data",
        "directed",
        "multigraph",
        "graph",
    ]
)


def parse_json(text: str, name: str) -> BayesianNetwork:
    """The format of the shipped networks: ``nodes``, ``arcs``, optional ``cpds`` and ``observed`` (or ``latents``).

    A variable is named by a string, a whole number, or a list of these, which stands for a tuple; what else a file
    calls a variable that is no string, such as the key of an object, is its printed name. A cpd is linear Gaussian
    unless its ``kind`` is ``"tanh-Gaussian"``, which adds ``amplitude`` and ``offset``, or ``"product-Gaussian"``. The
    cpds are an object with the variables' names as keys or, where these are not all strings, a list whose entries name
    their ``variable``, have the ``intercept`` apart, and the ``coefficients`` as pairs of parent and number. The kind
    ``"table"`` has ``states``, ``parents`` and ``probabilities``, lists in lists: an axis for each parent, then the
    states.

    Plates, ``{"name": "data", "size": 20, "members": ["z", "x"]}``, say which variables are copies: ``z[0]``, ``x[0]``
    and so on.

    Node-link and adjacency data of networkx, Cytoscape's elements and pgmpy's hybrid networks are read, too.

    Raises:
        InputError: If the text is none of this.
    """
    content = load_json(text, name)
    if not isinstance(content, dict):
        raise InputError(f"{name} is a JSON {json_type(content)}; a network file is an object with 'nodes' and 'arcs'.")
    graph = read_graph(content, name)
    conditionals, notes = None, graph.notes
    if content.get("cpds") is not None:
        conditionals, more = read_cpds(content["cpds"], graph, name)
        notes = [*notes, *more]
    if unread := [key for key in content if key not in _KNOWN]:
        notes = [*notes, f"Parts that were not read: {listed(unread)}."]
    network = network_of(
        name,
        graph.edges,
        graph.variables,
        observed=_observed(content, graph, name),
        conditionals=conditionals,
        notes=notes,
    )
    if conditionals is not None and not network.is_discrete:
        check_magnitudes(network)
    return replace(network, plates=_plates(content["plates"], name)) if content.get("plates") else network


def _observed(content: dict, graph: JsonGraph, name: str) -> list | None:
    if content.get("observed") is not None:
        return names_in(content["observed"], "observed", graph, name)
    if content.get("latents") is not None:
        latents = set(names_in(content["latents"], "latents", graph, name))
        if unknown := [v for v in latents if v not in graph.variables]:
            raise InputError(f"{name} has the unknown variable {listed(unknown)} among its 'latents'.")
        return [v for v in graph.variables if v not in latents]
    return observed_by_marks(graph.variables)


def _plates(given, name: str) -> tuple[Plate, ...]:
    keys = {"name", "size", "members"}
    if not isinstance(given, list) or not all(isinstance(one, dict) and set(one) == keys for one in given):
        raise InputError(
            f"The plates of {name} are a list of objects with 'name', 'size' and 'members', but {shown(given)} came."
        )
    if bad := [one for one in given if not isinstance(one["members"], list)]:
        raise InputError(f"The members of a plate of {name} are a list of texts, but {shown(bad[0]['members'])} came.")
    return tuple(Plate(one["name"], one["size"], tuple(one["members"])) for one in given)


def network_to_json(network: BayesianNetwork) -> str:
    """The network in the format that :func:`parse_json` reads.

    A variable that is an integer is written as a number, a tuple as a list, and both come back as they were.

    Raises:
        InputError: If a variable is something else than a string, an integer or a tuple of these, or if two of them
            are printed alike.
    """
    check_distinct(network.variables, network.name)
    content = {
        "nodes": [name_to_json(v) for v in network.variables],
        "arcs": [[name_to_json(end) for end in edge] for edge in network.dag.edges],
        "observed": [name_to_json(v) for v in network.observed],
    }
    if network.plates:
        content["plates"] = [asdict(plate) for plate in network.plates]
    if network.conditionals is not None:
        content["cpds"] = write_cpds(network)
    return json.dumps(content, indent=1)
