"""Changes to a network, as words that a link can carry: variables and edges added, removed, turned around."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, Variable
from sirenvae.graphs.cycles import cycle_in_words, find_cycle
from sirenvae.graphs.network import BayesianNetwork

ARROW = " > "
MAX_NAME = 40
NEW_SLOPE, NEW_VARIANCE = 1.0, 1.0
_EDITED = "-edited"
_NO_TABLES = "The graph was changed, so its probability tables were left out."
_VERBS = ("add", "remove", "reverse")


def change_network(network: BayesianNetwork, changes: Iterable[str]) -> BayesianNetwork:
    """The network after some changes, made one after the other.

    A new variable is latent, with mean 0 and variance 1. A new edge has the slope 1, and an edge that is reversed keeps
    its number; a variable that loses a parent loses its term. Tables say nothing of another graph, so a discrete
    network loses them, which a note says. Whoever is left of the observed variables stays observed.

    Arguments:
        network: The network; it stays as it is.
        changes: Each ``"add X"``, ``"remove X"``, ``"add X > Y"``, ``"remove X > Y"`` or ``"reverse X > Y"``.

    Returns:
        A new network; one without changes is returned as it is.

    Raises:
        InputError: If a change has another form, names what is not there, adds what is there, closes a directed cycle,
            or if no latent or no observed variable is left.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> changed = change_network(load_network("student"), ["add T", "add T > J", "reverse D > G"])
        >>> changed.parents("J"), changed.parents("D")
        (('S', 'L', 'T'), ('G',))
    """
    changes = list(changes)
    if not changes:
        return network
    draft = _Draft(network)
    for change in changes:
        draft.make(change)
    _check_acyclic(draft.dag, changes)
    observed = [v for v in network.observed if v in draft.dag]
    name = f"{network.name.removesuffix(_EDITED)}{_EDITED}"
    notes = (*network.notes, _NO_TABLES) if network.is_discrete else network.notes
    return BayesianNetwork(draft.dag, observed, draft.conditionals, name=name, notes=notes)


def changes_between(before: BayesianNetwork, after: BayesianNetwork) -> list[str]:
    """The shortest list of changes that makes the variables and edges of one network from those of another.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> student = load_network("student")
        >>> changes_between(student, change_network(student, ["reverse D > G", "remove H", "reverse G > D"]))
        ['remove H']
    """
    old, new = before.dag, after.dag
    changes = [f"remove {v}" for v in old if v not in new]
    changes += [f"add {v}" for v in new if v not in old]
    for a, b in old.edges:
        if a in new and b in new and not new.has_edge(a, b):
            changes.append(f"{'reverse' if new.has_edge(b, a) else 'remove'} {a}{ARROW}{b}")
    return changes + [f"add {a}{ARROW}{b}" for a, b in new.edges if not old.has_edge(a, b) and not old.has_edge(b, a)]


class _Draft:
    """A network under change; cycles are allowed until all changes are made, so that their order does not matter."""

    def __init__(self, network: BayesianNetwork):
        self.dag = nx.DiGraph(network.dag)
        is_kept = network.conditionals is not None and not network.is_discrete
        self.conditionals = dict(network.conditionals) if is_kept else None
        self._by_name: dict[str, Variable] = {str(v): v for v in network.variables}

    def make(self, change: str) -> None:
        verb, _, rest = change.partition(" ")
        if verb not in _VERBS or not rest.strip():
            raise InputError(
                f"The change {change!r} came; 'add X', 'remove X', 'add X > Y', 'remove X > Y' or 'reverse X > Y' was "
                "expected."
            )
        ends = self._ends(rest)
        match verb, ends:
            case "add", None:
                self._add_variable(rest.strip())
            case "remove", None:
                self._remove_variable(self._variable(rest.strip()))
            case "reverse", None:
                raise InputError(f"Only an edge can be reversed, such as 'reverse X > Y', but {change!r} came.")
            case "add", (parent, child):
                self._add_edge(parent, child)
            case "remove", (parent, child):
                self._remove_edge(parent, child)
            case _, (parent, child):
                self._add_edge(child, parent, self._remove_edge(parent, child))

    def _ends(self, text: str) -> tuple[Variable, Variable] | None:
        """The two variables of an edge; names may hold the arrow themselves, so every place of it is tried."""
        parts = text.split(ARROW)
        for place in range(1, len(parts)):
            names = ARROW.join(parts[:place]).strip(), ARROW.join(parts[place:]).strip()
            if all(name in self._by_name for name in names):
                return self._by_name[names[0]], self._by_name[names[1]]
        if len(parts) == 2 and text not in self._by_name:
            return self._variable(parts[0].strip()), self._variable(parts[1].strip())
        return None

    def _variable(self, name: str) -> Variable:
        if name not in self._by_name:
            raise InputError(f"The network has no variable {name!r}.")
        return self._by_name[name]

    def _add_variable(self, name: str) -> None:
        if name in self._by_name:
            raise InputError(f"The network has a variable {name!r} already.")
        if len(name) > MAX_NAME or ARROW.strip() in name:
            raise InputError(
                f"The name of a new variable has at most {MAX_NAME} characters and no {ARROW.strip()!r}, but "
                f"{name[: MAX_NAME + 1]!r} came."
            )
        self.dag.add_node(name)
        self._by_name[name] = name
        if self.conditionals is not None:
            self.conditionals[name] = LinearGaussian(0.0, {}, NEW_VARIANCE)

    def _remove_variable(self, v: Variable) -> None:
        for child in list(self.dag.succ[v]):
            self._remove_edge(v, child)
        self.dag.remove_node(v)
        del self._by_name[str(v)]
        if self.conditionals is not None:
            del self.conditionals[v]

    def _add_edge(self, parent: Variable, child: Variable, slope: float = NEW_SLOPE) -> None:
        if parent == child:
            raise InputError(f"An edge joins two variables, but {parent} was to be its own parent.")
        if self.dag.has_edge(parent, child):
            raise InputError(f"There is an edge from {parent} to {child} already.")
        self.dag.add_edge(parent, child)
        if self.conditionals is not None:
            conditional = self.conditionals[child]
            self.conditionals[child] = replace(conditional, coefficients={**conditional.coefficients, parent: slope})

    def _remove_edge(self, parent: Variable, child: Variable) -> float:
        """Without the edge; its number is returned."""
        if not self.dag.has_edge(parent, child):
            raise InputError(f"There is no edge from {parent} to {child}.")
        self.dag.remove_edge(parent, child)
        if self.conditionals is None:
            return NEW_SLOPE
        coefficients = dict(self.conditionals[child].coefficients)
        slope = coefficients.pop(parent)
        self.conditionals[child] = _with_coefficients(self.conditionals[child], coefficients)
        return slope


def _with_coefficients(conditional: Conditional, coefficients: dict[Variable, float]) -> Conditional:
    if isinstance(conditional, ProductGaussian) and not coefficients:  # nothing is left to be multiplied
        return LinearGaussian(conditional.intercept, {}, conditional.variance)
    return replace(conditional, coefficients=coefficients)


def _check_acyclic(dag: nx.DiGraph, changes: list[str]) -> None:
    if cycle := find_cycle(dag):
        what = f"The change {changes[0]!r} closes" if len(changes) == 1 else "The changes close"
        path = cycle_in_words(cycle, ARROW)
        raise InputError(f"{what} the directed cycle {path}, and a Bayesian network has none.")
