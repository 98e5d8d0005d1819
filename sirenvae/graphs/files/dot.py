"""Graphs as text with arrows: Graphviz's DOT, DAGitty's models, and lines such as ``a -> b`` pasted from anywhere."""

from __future__ import annotations

from sirenvae.errors import InputError
from sirenvae.graphs.files.arrow_tokens import Tokens
from sirenvae.graphs.files.arrows import ArrowReader, Statements
from sirenvae.graphs.files.drafting import network_of
from sirenvae.graphs.files.marks import observed_by_marks
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import listed, shown

_LATENT = ("latent", "l", "unobserved", "u")  # as DAGitty marks a variable


def parse_dot(text: str, name: str) -> BayesianNetwork:
    """The structure of a graph in DOT or of a model of DAGitty, or of lines with arrows.

    Names that are marked ``[latent]`` are latent and all others observed. Other attributes are not read, and a note
    says which there were.

    Raises:
        InputError: If an edge has no direction or two, the text is no graph, or it holds several.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens = Tokens(text, name)
    is_strict = tokens.next.text.lower() == "strict"
    if is_strict:
        tokens.take()
    kind, word = tokens.next.kind, tokens.next.text.lower()
    if kind == "word" and (is_strict or word in ("digraph", "graph")):
        return _in_braces(tokens, "dot", name)
    if kind == "word" and word in ("dag", "pdag", "mag", "pag") and "{" in text:
        return _in_braces(tokens, "dagitty", name)
    return _pasted(text, name)


def _in_braces(tokens: Tokens, dialect: str, name: str) -> BayesianNetwork:
    kind = tokens.take()
    if kind.text.lower() == "graph":
        tokens.refuse(kind, "begins a graph without directions; a Bayesian network is a 'digraph' with edges a -> b")
    if tokens.next.kind in ("word", "quoted"):
        tokens.take()  # the graph's name
    opening = tokens.take()
    if not opening.is_sign("{"):
        tokens.refuse(opening, f"has {shown(opening.text)!r} where the '{{' of the graph was expected")
    reader = ArrowReader(tokens, dialect)
    reader.statements()
    if not tokens.take().is_sign("}"):
        tokens.refuse(opening, "opens the graph with a '{' that is never closed: the file is cut off")
    if tokens.next.kind != "end":
        tokens.refuse(tokens.next, f"has {shown(tokens.next.text)!r} behind the graph; a network is one graph")
    return _network(reader.found, name)


def _pasted(text: str, name: str) -> BayesianNetwork:
    tokens = Tokens(text, name, lines=True)
    reader = ArrowReader(tokens, "text")
    reader.statements()
    if tokens.next.kind != "end":
        tokens.refuse(tokens.next, "has a '}' that closes nothing")
    return _network(reader.found, name)


def _network(found: Statements, name: str) -> BayesianNetwork:
    if not found.variables:
        raise InputError(f"{name} holds a graph without any variable; an edge is written as a -> b.")
    marks, unread = {}, {}
    for v, attributes in found.variables.items():
        latent = next((attributes[mark] for mark in _LATENT if mark in attributes), None)
        marks[v] = {key: value for key, value in (("latent", latent), ("observed", attributes.get("observed")))
                    if value is not None}  # fmt: skip
        unread |= dict.fromkeys(key for key in attributes if key not in (*_LATENT, "observed"))
    notes = []
    if unread:
        notes.append(f"Attributes of variables that were not read: {listed(unread)}.")
    if found.edge_attributes:
        notes.append(f"Attributes of edges that were not read: {listed(found.edge_attributes)}.")
    return network_of(name, found.edges, found.variables, observed=observed_by_marks(marks), notes=notes)
