"""Variables and edges in the forms that JSON has for them: ours, networkx's two, Cytoscape's, pgmpy's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.files.names import check_distinct, finder, json_type, name_from_json
from sirenvae.graphs.quoting import listed, shown

_ARCS = ("arcs", "edges", "links")
_NAMES = ("name", "label", "id")  # of a node that is an object, the first that is there
_ENDS = (("from", "to"), ("source", "target"), ("parent", "child"), ("cause", "effect"))
_MARKS = ("observed", "latent", "role")
_KNOWN_OF_NODES = frozenset({*_NAMES, *_MARKS, "value"})
_FORMS = "['a', 'b'], {'from': 'a', 'to': 'b'} or 'a -> b'"


@dataclass
class JsonGraph:
    """What was read.

    Attributes:
        variables: In declared order, with their marks for :func:`~sirenvae.graphs.files.marks.observed_by_marks`.
        edges: Parent and child.
        find: A variable by what the file calls it.
        notes: Sentences about what was not read.
    """

    variables: dict[Variable, dict[str, Any]]
    edges: list[tuple[Variable, Variable]] = field(default_factory=list)
    find: Callable[[Variable], Variable] = lambda called: called
    notes: list[str] = field(default_factory=list)


def read_graph(content: Mapping[str, Any], name: str) -> JsonGraph:
    """The variables and edges of a JSON object, whichever of the forms it has.

    Raises:
        InputError: If it has none of them, says that its edges have no direction, or names a variable twice.
    """
    _check_directed(content, name)
    if "elements" in content:
        nodes, arcs = _cytoscape(content["elements"], name)
    elif "adjacency" in content:
        nodes, arcs = _adjacency(content, name)
    else:
        nodes, arcs = content.get("nodes"), _arcs(content, name)
    graph, by_id = _declared(nodes, name) if nodes is not None else (JsonGraph({}), {})
    for_unknown = finder(graph.variables)

    def find(called: Variable) -> Variable:
        return by_id[called] if called in by_id else for_unknown(called)

    graph.find = find
    unread: dict[str, None] = {}
    for arc in arcs:
        ends = _ends(arc, name, unread)
        graph.edges.append((find(name_from_json(ends[0], name)), find(name_from_json(ends[1], name))))
    if nodes is None:
        graph.variables = {v: {} for edge in graph.edges for v in edge}
    check_distinct(graph.variables, name)
    if unread:
        graph.notes.append(f"Beside edges there were more values, which were not read: {listed(unread)}.")
    return graph


def _check_directed(content: Mapping[str, Any], name: str) -> None:
    if content.get("directed", True) is not True:
        raise InputError(
            f"{name} has 'directed': {shown(content['directed'])}, so its edges have no direction; a Bayesian network "
            "needs to know which of two variables is the parent."
        )


def _arcs(content: Mapping[str, Any], name: str) -> list:
    there = [key for key in _ARCS if key in content]
    if not there:
        came = listed(map(repr, content)) or "nothing"
        raise InputError(
            f"{name} has no 'arcs' but {came}; a network file has 'nodes' and 'arcs', and may have "
            "'cpds' and 'observed'."
        )
    if len(there) > 1:
        raise InputError(
            f"{name} has both {there[0]!r} and {there[1]!r}; which of the two holds the edges is not clear."
        )
    return _list(content[there[0]], there[0], name)


def _cytoscape(elements: Any, name: str) -> tuple[list, list]:
    """Nodes and edges with all they have under ``data``, in one list or two."""
    if isinstance(elements, list):
        data = [_data(element, name) for element in elements]
        return [d for d in data if "source" not in d], [d for d in data if "source" in d]
    if not isinstance(elements, dict):
        raise InputError(f"{name} has {json_type(elements)} 'elements'; Cytoscape's hold 'nodes' and 'edges'.")
    nodes, edges = (_list(elements.get(key, []), key, name) for key in ("nodes", "edges"))
    return [_data(node, name) for node in nodes], [_data(edge, name) for edge in edges]


def _data(element: Any, name: str) -> dict:
    data = element.get("data") if isinstance(element, dict) else None
    if not isinstance(data, dict):
        raise InputError(
            f"{name} has an element without 'data'; Cytoscape's elements hold 'id', 'source', 'target' there."
        )
    return data


def _adjacency(content: Mapping[str, Any], name: str) -> tuple[list, list]:
    """networkx's adjacency data: for each node the list of its children."""
    nodes, children = (_list(content.get(key), key, name) for key in ("nodes", "adjacency"))
    if len(nodes) != len(children):
        raise InputError(f"{name} has {len(nodes)} nodes but {len(children)} lists of neighbours; each node has one.")
    arcs = []
    for node, row in zip(nodes, children, strict=True):
        parent = node.get("id") if isinstance(node, dict) else node
        for child in _list(row, "adjacency", name):
            arcs.append([parent, child.get("id") if isinstance(child, dict) else child])
    return nodes, arcs


def _declared(nodes: Any, name: str) -> tuple[JsonGraph, dict[Variable, Variable]]:
    """The declared variables, and each by the id that edges call it by."""
    graph, by_id, unread = JsonGraph({}), {}, {}
    for node in _list(nodes, "nodes", name):
        given = node if isinstance(node, dict) else {"id": node}
        called = next((given[key] for key in _NAMES if given.get(key) not in (None, "")), given.get("id"))
        variable = name_from_json(called, name)
        if variable in graph.variables:
            raise InputError(
                f"{name} declares the variable {shown(variable)} twice; give every variable a name of its own."
            )
        graph.variables[variable] = {key: given[key] for key in _MARKS if key in given}
        by_id[name_from_json(given.get("id", called), name)] = variable
        unread.update(dict.fromkeys(key for key in given if key not in _KNOWN_OF_NODES))
    if unread:
        graph.notes.append(f"Beside nodes there were more values, which were not read: {listed(unread)}.")
    return graph, by_id


def _ends(arc: Any, name: str, unread: dict[str, None]) -> tuple[Any, Any]:
    """Parent and child of an arc; what else it has is added to `unread`."""
    if isinstance(arc, list) and len(arc) in (2, 3):
        if len(arc) == 3:
            unread["a third entry"] = None
        return arc[0], arc[1]
    if isinstance(arc, dict):
        for parent, child in _ENDS:
            if parent in arc and child in arc:
                unread.update(dict.fromkeys(key for key in arc if key not in (parent, child, "id")))
                return arc[parent], arc[child]
    if isinstance(arc, str) and arc.count("->") == 1:
        parent, child = (end.strip() for end in arc.split("->"))
        return parent, child
    came = shown(arc) if isinstance(arc, str) else _outline(arc)
    raise InputError(f"{name} does not have the form of a network file: the arc {came} came; an arc is {_FORMS}.")


def _outline(value: Any) -> str:
    if isinstance(value, list):
        return f"that is a list of {len(value)}"
    if isinstance(value, dict):
        return f"with {listed(map(repr, value), 3) or 'nothing in it'}"
    return shown(value)


def _list(value: Any, key: str, name: str) -> list:
    if not isinstance(value, list):
        raise InputError(f"{name} has {json_type(value)} {key!r}, but a list was expected.")
    return value


def names_in(value: Any, key: str, graph: JsonGraph, name: str) -> list[Variable]:
    """The variables under a key such as ``observed``: a list of names, or one name.

    Raises:
        InputError: If there is something else.
    """
    values: Iterable = value if isinstance(value, list) else [value]
    if isinstance(value, dict) or value is None:
        raise InputError(f"{name} has {json_type(value)} {key!r}, but a list of names was expected.")
    return [graph.find(name_from_json(each, name)) for each in values]
