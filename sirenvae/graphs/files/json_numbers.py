"""Conditionals in JSON: whose numbers they are is said in every sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian, Variable
from sirenvae.graphs.files.json_graph import JsonGraph, names_in
from sirenvae.graphs.files.json_tables import read_tables, write_tables
from sirenvae.graphs.files.names import json_type, name_from_json, name_to_json
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import listed, shown
from sirenvae.graphs.tables import ConditionalTable

INTERCEPT = "(Intercept)"
_KINDS = {kind.title: kind for kind in (LinearGaussian, TanhGaussian, ProductGaussian)}
_GAUSSIAN = (None, "gaussian", "linear gaussian", "linear-gaussian", "lg")  # what pgmpy's ``type`` calls them
_LARGEST = 1e150  # a standard deviation whose square is still a number


def read_cpds(
    cpds: Any, graph: JsonGraph, name: str
) -> tuple[dict[Variable, Conditional] | dict[Variable, ConditionalTable] | None, list[str]]:
    """The conditionals of a file, and notes; ``None`` if some are of kinds that are not read, such as mixtures.

    Raises:
        InputError: If a number is missing, not finite or none, a variable is not declared, or some are tables and
            others not.
    """
    given = _by_variable(cpds, graph, name)
    if any(cpd.get("kind") == ConditionalTable.title for cpd in given.values()):
        return read_tables(given, graph, name), []
    others = [
        v for v, cpd in given.items() if "kind" not in cpd and str(cpd.get("type", "gaussian")).lower() not in _GAUSSIAN
    ]
    if others:
        kinds = listed(dict.fromkeys(str(given[v]["type"]) for v in others))
        return None, [f"The cpds were not read: those of {listed(others)} are of the type {kinds}."]
    conditionals = {v: _conditional(cpd, v, graph, name) for v, cpd in given.items()}
    for v, cpd in given.items():
        if "parents" in cpd and set(names_in(cpd["parents"], "parents", graph, name)) != set(
            conditionals[v].coefficients
        ):
            raise InputError(f"The cpd of {shown(v)} in {name} has 'parents' that are not those with a coefficient.")
    return conditionals, []


def _by_variable(cpds: Any, graph: JsonGraph, name: str) -> dict[Variable, Mapping[str, Any]]:
    if isinstance(cpds, dict):
        named = [(graph.find(called), cpd) for called, cpd in cpds.items()]
    elif isinstance(cpds, list) and all(isinstance(cpd, dict) and "variable" in cpd for cpd in cpds):
        named = [(graph.find(name_from_json(cpd["variable"], name)), cpd) for cpd in cpds]
    else:
        raise InputError(f"{name} has {json_type(cpds)} 'cpds', but an object with one for each variable was expected.")
    for v, cpd in named:
        if v not in graph.variables:
            raise InputError(f"{name} has a cpd of {shown(v)}, which is not declared.")
        if not isinstance(cpd, dict):
            raise InputError(f"The cpd of {shown(v)} in {name} is a {json_type(cpd)}, but an object was expected.")
    return dict(named)


def _conditional(cpd: Mapping[str, Any], v: Variable, graph: JsonGraph, name: str) -> Conditional:
    title = cpd.get("kind", LinearGaussian.title)
    if not isinstance(title, str) or title not in _KINDS:
        raise InputError(
            f"The cpd of {shown(v)} in {name} of the kind {shown(title)!r} came; there are {', '.join(_KINDS)}."
        )
    intercept, slopes = _mean(cpd, v, graph, name)
    names = [
        entry.name for entry in fields(_KINDS[title]) if entry.name not in ("intercept", "coefficients", "variance")
    ]
    numbers = {key: _number(cpd, key, v, name) for key in names}
    if "variance" not in cpd and "sd" in cpd:  # bnlearn's
        variance = _number(cpd, "sd", v, name) ** 2
    else:
        variance = _number(cpd, "variance", v, name)
    if variance <= 0:
        raise InputError(f"The variance of {shown(v)} in {name} is {variance:g}, but a positive number was expected.")
    if title == ProductGaussian.title and not slopes:
        raise InputError(f"The cpd of {shown(v)} in {name} multiplies parents, but it has a coefficient for none.")
    return _KINDS[title](intercept, slopes, variance, **numbers)


def _mean(cpd: Mapping[str, Any], v: Variable, graph: JsonGraph, name: str) -> tuple[float, dict[Variable, float]]:
    """Intercept and slopes; a list of pairs serves names that are no strings."""
    given = cpd.get("coefficients")
    if isinstance(given, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        pairs = [(graph.find(name_from_json(parent, name)), slope) for parent, slope in given]
        intercept = _number(cpd, "intercept", v, name)
    elif isinstance(given, dict):
        pairs = [(graph.find(parent), slope) for parent, slope in given.items() if parent != INTERCEPT]
        intercept = _number(given, INTERCEPT, v, name)
    else:
        raise InputError(
            f"The cpd of {shown(v)} in {name} has no object 'coefficients' with {INTERCEPT!r} and a number for "
            "each parent."
        )
    return intercept, {parent: _float(slope, f"coefficient of {shown(parent)}", v, name) for parent, slope in pairs}


def _number(there: Mapping[str, Any], key: str, v: Variable, name: str) -> float:
    if key not in there:
        raise InputError(f"The cpd of {shown(v)} in {name} has no {key!r}; it is a number, or a list with one.")
    return _float(there[key], repr(key), v, name)


def _float(value: Any, what: str, v: Variable, name: str) -> float:
    """A number, alone or in a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        came = f"{shown(value)!r}" if isinstance(value, str) else f"a {json_type(value)}"
        raise InputError(f"The {what} of {shown(v)} in {name} is {came}, but a number was expected.")
    number = float(value) if abs(value) <= _LARGEST else math.inf
    if not math.isfinite(number):
        came = shown(value) if isinstance(value, float) else "a whole number too large for that"
        raise InputError(
            f"The {what} of {shown(v)} in {name} is {came}, but a finite number up to {_LARGEST:g} was expected."
        )
    return number


def check_magnitudes(network: BayesianNetwork) -> None:
    """Refuse conditionals under which a variable's standard deviation might be no number any more.

    The bound adds sizes and so ignores that terms may cancel: what it lets pass is finite.

    Raises:
        InputError: If a mean or deviation may exceed 1e150; the first such variable in topological order is named.
    """
    sizes: dict[Variable, float] = {}
    for v in network.topological_order:
        conditional = network.conditionals[v]
        others = sum(
            abs(number) for key, number in conditional.numbers().items() if key not in ("coefficients", "variance")
        )
        terms = [abs(slope) * sizes[parent] for parent, slope in conditional.coefficients.items()]
        if isinstance(conditional, TanhGaussian):
            combined = 0.0  # the amplitude is among the others
        else:
            combined = math.prod(terms) if isinstance(conditional, ProductGaussian) else sum(terms)
        sizes[v] = others + combined + math.sqrt(conditional.variance)
        if not sizes[v] <= _LARGEST:
            raise InputError(
                f"The numbers of {network.name} are too large: the variable {shown(v)} may exceed {_LARGEST:g}; give "
                "the variables other units."
            )


def write_cpds(network: BayesianNetwork) -> dict | list:
    """The conditionals as :func:`read_cpds` reads them: by name, or in a list where names are not all strings."""
    if network.is_discrete:
        return write_tables(network)
    if all(isinstance(v, str) and v != INTERCEPT for v in network.variables):
        return {v: _cpd(network, v) for v in network.variables}
    return [{"variable": name_to_json(v), **_cpd(network, v, by_name=False)} for v in network.variables]


def _cpd(network: BayesianNetwork, v: Variable, by_name: bool = True) -> dict:
    numbers = network.conditionals[v].numbers()
    intercept, slopes = [numbers.pop("intercept")], numbers.pop("coefficients")
    if by_name:
        mean: dict = {"coefficients": {INTERCEPT: intercept, **{parent: [slope] for parent, slope in slopes.items()}}}
    else:
        pairs = [[name_to_json(parent), slope] for parent, slope in slopes.items()]
        mean = {"intercept": intercept, "coefficients": pairs}
    kind = {} if isinstance(network.conditionals[v], LinearGaussian) else {"kind": network.conditionals[v].title}
    rest = {key: [number] for key, number in numbers.items()}
    return {**kind, **mean, **rest, "parents": [name_to_json(parent) for parent in network.parents(v)]}
