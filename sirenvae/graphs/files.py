"""Reading networks from files and writing them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian, Variable
from sirenvae.graphs.network import BayesianNetwork

_KINDS = {kind.title: kind for kind in (LinearGaussian, TanhGaussian, ProductGaussian)}


def read_network(path: str | Path, observed: Iterable[Variable] | None = None) -> BayesianNetwork:
    """Read a network from a ``.json``, ``.bif``, ``.csv`` (edge list) or ``.graphml`` file.

    Arguments:
        path: The file. Its ending names the format.
        observed: The observed variables; ``None`` means what the file says, else the leaves.

    Returns:
        The network. JSON files may carry conditionals; of the other formats the structure is read.

    Raises:
        InputError: If the file cannot be read, is empty, or does not hold a network.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InputError(f"The file {path} cannot be read: {reason}.") from error
    return parse_network(text, path.name, observed)


def parse_network(text: str, filename: str, observed: Iterable[Variable] | None = None) -> BayesianNetwork:
    """Like :func:`read_network`, for text that is at hand; `filename` names the format and the network."""
    stem, suffix = Path(filename).stem, Path(filename).suffix.lower()
    if suffix not in _PARSERS:
        raise InputError(
            f"The file {filename} ends in {suffix or 'nothing'!r}; a network is read from {', '.join(_PARSERS)}."
        )
    if not text.strip():
        raise InputError(f"The file {filename} is empty; a network was expected.")
    network = _PARSERS[suffix](text, stem)
    return network if observed is None else network.with_observed(observed)


def parse_json(text: str, name: str) -> BayesianNetwork:
    """The format of the shipped networks: ``nodes``, ``arcs``, optional ``cpds`` and ``observed``.

    A cpd is linear Gaussian unless its ``kind`` is ``"tanh-Gaussian"``, which adds ``amplitude`` and ``offset``, or
    ``"product-Gaussian"``.
    """
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise InputError(
                f"{name} is a JSON {type(content).__name__}; a network file is an object with 'nodes' and 'arcs'."
            )
        dag = _digraph(content["arcs"], content["nodes"])
        conditionals = {v: _conditional(cpd) for v, cpd in content["cpds"].items()} if "cpds" in content else None
        observed = content.get("observed")
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is not JSON: {error.msg} in line {error.lineno}.") from error
    except KeyError as error:
        raise InputError(
            f"{name} has no {error}; a network file has 'nodes' and 'arcs', and may have 'cpds' and 'observed'."
        ) from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} does not have the form of a network file: {error}.") from error
    return BayesianNetwork(dag, observed, conditionals, name=name)


def network_to_json(network: BayesianNetwork) -> str:
    """The network in the format that :func:`parse_json` reads."""
    content = {
        "nodes": list(network.variables),
        "arcs": [list(edge) for edge in network.dag.edges],
        "observed": list(network.observed),
    }
    if network.conditionals is not None:
        content["cpds"] = {v: _cpd(network, v) for v in network.variables}
    return json.dumps(content, indent=1)


def _cpd(network: BayesianNetwork, v: Variable) -> dict:
    numbers = network.conditionals[v].numbers()
    slopes = {parent: [slope] for parent, slope in numbers.pop("coefficients").items()}
    cpd = {"coefficients": {"(Intercept)": [numbers.pop("intercept")], **slopes}}
    cpd |= {name: [number] for name, number in numbers.items()}
    kind = {} if isinstance(network.conditionals[v], LinearGaussian) else {"kind": network.conditionals[v].title}
    return {**kind, **cpd, "parents": list(network.parents(v))}


def _conditional(cpd: dict) -> Conditional:
    title = cpd.get("kind", LinearGaussian.title)
    if title not in _KINDS:
        raise InputError(f"A conditional of the kind {title!r} came; there are {', '.join(_KINDS)}.")
    slopes = {name: float(value[0]) for name, value in cpd["coefficients"].items()}
    names = [entry.name for entry in fields(_KINDS[title]) if entry.name not in ("intercept", "coefficients")]
    numbers = {name: float(cpd[name][0]) for name in names}
    return _KINDS[title](slopes.pop("(Intercept)"), slopes, **numbers)


def _parse_bif(text: str, name: str) -> BayesianNetwork:
    """The structure of a Bayesian Interchange Format file; its tables are not read."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    nodes = [_unquote(v) for v in re.findall(r'\bvariable\s+("[^"]*"|[^\s{]+)', text)]
    arcs = []
    for scope in re.findall(r"\bprobability\s*\(([^)]*)\)", text):
        child, _, parents = scope.partition("|")
        arcs += [(_unquote(parent), _unquote(child)) for parent in parents.split(",") if parent.strip()]
    if not nodes:
        raise InputError(f"{name} has no 'variable' block; a BIF file has one for each variable.")
    return BayesianNetwork(_digraph(arcs, nodes), name=name)


def _unquote(token: str) -> str:
    return token.strip().strip('"')


def _parse_csv(text: str, name: str) -> BayesianNetwork:
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)
    ]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not all(row):
            raise InputError(
                f"Row {number} of {name} is {','.join(row)!r}; an edge list has two columns, parent and child."
            )
    if rows[0] in (["parent", "child"], ["from", "to"], ["source", "target"]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{name} has a heading but no edge; an edge list has a row parent,child for each edge.")
    return BayesianNetwork(_digraph(rows, ()), name=name)


def _parse_graphml(text: str, name: str) -> BayesianNetwork:
    try:
        graph = nx.parse_graphml(text)
    except (nx.NetworkXError, SyntaxError, KeyError, ValueError) as error:
        raise InputError(f"{name} is not GraphML: {error}.") from error
    return BayesianNetwork(_digraph(graph.edges(), graph.nodes), name=name)


def _digraph(arcs: Iterable, nodes: Iterable) -> nx.DiGraph:
    dag = nx.DiGraph()
    dag.add_nodes_from(nodes)
    declared = len(dag)
    for parent, child in arcs:
        if declared and not (parent in dag and child in dag):
            raise InputError(f"The edge {parent} -> {child} names a variable that is not declared.")
        dag.add_edge(parent, child)
    return dag


_PARSERS: dict[str, Callable[[str, str], BayesianNetwork]] = {
    ".json": parse_json,
    ".bif": _parse_bif,
    ".csv": _parse_csv,
    ".graphml": _parse_graphml,
}
