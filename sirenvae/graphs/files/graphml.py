"""GraphML, as networkx, igraph, yEd and others write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sirenvae.errors import InputError
from sirenvae.graphs.files.drafting import network_of
from sirenvae.graphs.files.marks import observed_by_marks
from sirenvae.graphs.files.safe_xml import Element, parse
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import listed, shown

_NAMES = ("name", "label")  # attributes that name a node, the first that is there
_MARKS = ("observed", "latent", "role")
_DRAWING = frozenset({"nodegraphics", "edgegraphics", "portgraphics", "resources"})


@dataclass
class _Attributes:
    """What is written beside nodes or edges: each attribute's name, its default, and which were met but not read."""

    names: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    drawing: set[str] = field(default_factory=set)
    unread: dict[str, None] = field(default_factory=dict)

    def of(self, element: Element, read: Iterable[str]) -> dict[str, str]:
        """The attributes of one node or edge by name; those not in `read` are noted as unread."""
        values = dict(self.defaults)
        for data in element:
            key = data.get("key", "")
            if _tag(data) != "data" or key in self.drawing:
                continue
            name = self.names.get(key, key)
            values[name.lower()] = (data.text or "").strip()
            if name.lower() not in read:
                self.unread[name] = None
        return values


def parse_graphml(text: str, name: str) -> BayesianNetwork:
    """The structure of a GraphML file.

    A node is called by its attribute ``name``, else ``label``, else the label that yEd draws, else its id. Attributes
    ``observed``, ``latent`` or ``role`` say what is observed. All else is left out, and a note says what.

    Raises:
        InputError: If it is no GraphML, holds another number of graphs than one, an edge without a direction, or a
            group of nodes.
    """
    root = parse(text, name, "GraphML")
    if _tag(root) != "graphml":
        raise InputError(f"{name} is not GraphML: it is XML whose root is <{shown(_tag(root))}>, not <graphml>.")
    graphs = [child for child in root if _tag(child) == "graph"]
    if len(graphs) != 1:
        raise InputError(f"{name} holds {len(graphs)} graphs, but a network is one; save the one that you mean alone.")
    graph, nodes, edges = graphs[0], _attributes(root, "node"), _attributes(root, "edge")
    _check_plain(graph, name)
    variables = _variables(graph, nodes, name)
    ends = [_ends(edge, graph.get("edgedefault"), variables, name) for edge in graph if _tag(edge) == "edge"]
    for edge in graph:
        if _tag(edge) == "edge":
            edges.of(edge, ())
    marks = dict(variables.values())
    unread = {"nodes": nodes.unread, "edges": edges.unread}
    notes = [f"Attributes of {what} that were not read: {listed(names)}." for what, names in unread.items() if names]
    return network_of(name, ends, marks, observed=observed_by_marks(marks), notes=notes)


def _attributes(root: Element, kind: str) -> _Attributes:
    found = _Attributes()
    for key in root:
        if _tag(key) != "key" or key.get("for", "all") not in (kind, "all"):
            continue
        identity = key.get("id", "")
        if key.get("yfiles.type") in _DRAWING:
            found.drawing.add(identity)
            continue
        found.names[identity] = key.get("attr.name", identity)
        default = next((child.text for child in key if _tag(child) == "default"), None)
        if default:
            found.defaults[found.names[identity].lower()] = default.strip()
    return found


def _check_plain(graph: Element, name: str) -> None:
    """Neither groups of nodes nor edges between more than two."""
    for element in graph:
        if _tag(element) == "hyperedge":
            raise InputError(f"{name} has a hyperedge; an edge of a Bayesian network joins two variables.")
        if _tag(element) == "node" and any(_tag(child) == "graph" for child in element):
            raise InputError(
                f"{name} has nodes inside of the node {shown(element.get('id'))}; ungroup them and save it again."
            )


def _variables(graph: Element, attributes: _Attributes, name: str) -> dict[str, tuple[str, dict[str, str]]]:
    """By the node's id: what it is called, and its marks."""
    variables, ids = {}, {}
    for node in graph:
        if _tag(node) != "node":
            continue
        identity, values = node.get("id"), attributes.of(node, (*_NAMES, *_MARKS))
        if identity is None or identity in variables:
            what = "has no id" if identity is None else f"{shown(identity)} comes twice"
            raise InputError(f"{name} has a node that {what}; every node of GraphML has an id of its own.")
        label = next((values[key] for key in _NAMES if values.get(key)), None) or _drawn_label(node) or identity
        if label in ids:
            raise InputError(
                f"{name} calls two nodes {shown(label)}, {shown(ids[label])} and {shown(identity)}; give every "
                "variable a name of its own."
            )
        ids[label] = identity
        variables[identity] = label, {key: values[key] for key in _MARKS if key in values}
    return variables


def _drawn_label(node: Element) -> str | None:
    """The words that yEd writes on a node, in one line."""
    for data in node:
        for element in data.iter():
            if _tag(element) == "NodeLabel" and (words := " ".join((element.text or "").split())):
                return words
    return None


def _ends(edge: Element, default: str | None, variables: dict, name: str) -> tuple[str, str]:
    source, target = edge.get("source"), edge.get("target")
    for end in (source, target):
        if end not in variables:
            raise InputError(
                f"Line {edge.line} of {name} has an edge from {shown(source)} to {shown(target)}, but there is no "
                f"node {shown(end)}."
            )
    parent, child = variables[source][0], variables[target][0]
    where = f"{shown(parent)} -> {shown(child)} in line {edge.line} of {name}"
    if edge.get("directed", str(default == "directed").lower()) not in ("true", "1"):
        raise InputError(
            f"The edge {where.replace(' -> ', ' -- ')} has no direction; a Bayesian network needs "
            'to know which is the parent: save the graph as a directed one (edgedefault="directed").'
        )
    if (heads := _arrowheads(edge)) not in (None, (False, True)):
        drawn = {(True, False): "from its target to its source", (True, True): "in both directions"}
        raise InputError(
            f"The edge {where} is drawn {drawn.get(heads, 'without an arrowhead')}; "
            "draw it from parent to child with the arrowhead at the child."
        )
    return parent, child


def _arrowheads(edge: Element) -> tuple[bool, bool] | None:
    """Whether yEd draws an arrowhead at the source, and at the target."""
    for data in edge:
        for element in data.iter():
            if _tag(element) == "Arrows":
                return tuple(element.get(end, "none") != "none" for end in ("source", "target"))
    return None


def _tag(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]
