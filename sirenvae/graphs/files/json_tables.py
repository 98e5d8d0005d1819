"""Tables in JSON: states, parents, and probabilities as lists in lists, an axis for each parent, then the states."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.files.json_graph import JsonGraph, names_in
from sirenvae.graphs.files.names import check_distinct, json_type, name_to_json
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import shown
from sirenvae.graphs.tables import ConditionalTable


def read_tables(
    given: Mapping[Variable, Mapping[str, Any]], graph: JsonGraph, name: str
) -> dict[Variable, ConditionalTable]:
    """The tables of a file, by variable; `given` holds what the file says of each.

    Raises:
        InputError: If one is of another kind, lacks its states, parents or numbers, or has another shape than its
            states and those of its parents ask for.
    """
    states = {v: _states(cpd, v, name) for v, cpd in given.items()}
    tables = {}
    for v, cpd in given.items():
        parents = names_in(cpd.get("parents", []), "parents", graph, name)
        if unknown := [parent for parent in parents if parent not in states]:
            raise InputError(
                f"The table of {shown(v)} in {name} has the parent {shown(unknown[0])}, which has no table."
            )
        shape = [len(states[u]) for u in (*parents, v)]
        tables[v] = ConditionalTable(tuple(parents), states[v], _numbers(cpd.get("probabilities"), shape, v, name))
    return tables


def write_tables(network: BayesianNetwork) -> dict | list:
    """The tables of a discrete network as :func:`read_tables` reads them: by name, or a list if not all are texts."""
    if all(isinstance(v, str) for v in network.variables):
        return {v: _table(network.conditionals[v]) for v in network.variables}
    check_distinct(network.variables, network.name)
    return [{"variable": name_to_json(v), **_table(network.conditionals[v])} for v in network.variables]


def _table(table: ConditionalTable) -> dict:
    return {
        "kind": table.title,
        "states": list(table.states),
        "parents": [name_to_json(parent) for parent in table.parents],
        "probabilities": table.probabilities.tolist(),
    }


def _states(cpd: Mapping[str, Any], v: Variable, name: str) -> tuple[str, ...]:
    if cpd.get("kind") != ConditionalTable.title:
        raise InputError(
            f"{name} has a table for some variables but none for {shown(v)}; networks are read whose variables all "
            "have states, or all real values."
        )
    states = cpd.get("states")
    if not isinstance(states, list) or not states or not all(isinstance(state, str) and state for state in states):
        raise InputError(f"The table of {shown(v)} in {name} needs 'states', a list of names.")
    if len(set(states)) < len(states):
        raise InputError(f"The table of {shown(v)} in {name} has two states of the same name; rename one.")
    return tuple(states)


def _numbers(value: Any, shape: list[int], v: Variable, name: str) -> np.ndarray:
    """Lists in lists of this shape as an array."""
    level = [value]
    for size in shape:
        if not all(isinstance(part, list) and len(part) == size for part in level):
            raise InputError(
                f"The table of {shown(v)} in {name} needs 'probabilities', lists in lists of the lengths "
                f"{', '.join(map(str, shape))}: those of its parents' states, then its own."
            )
        level = list(chain.from_iterable(level))
    for number in level:
        if isinstance(number, bool) or not isinstance(number, (int, float)) or abs(number) > 2:
            came = shown(number) if isinstance(number, (int, float)) else f"a {json_type(number)}"
            raise InputError(f"A probability of {shown(v)} in {name} is {came}, but a number from 0 to 1 was expected.")
    return np.reshape(np.array(level, dtype=np.float64), shape)
