"""A Bayesian network: a directed acyclic graph whose variables are latent or observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from types import MappingProxyType

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, Variable
from sirenvae.graphs.cycles import cycle_in_words, find_cycle
from sirenvae.graphs.plates import Plate, check_plates
from sirenvae.graphs.quoting import listed, shown
from sirenvae.graphs.tables import ConditionalTable, check_table


@dataclass(frozen=True, eq=False)
class BayesianNetwork:
    """A frozen Bayesian network.

    The order in which `dag` holds its nodes is the *declared order*: it breaks ties in the elimination and orders the
    columns of data.

    Arguments:
        dag: The graph, edges parent -> child. It is copied and frozen.
        observed: The observed variables; ``None`` means the leaves (variables without children). A single string is
            one variable.
        conditionals: A conditional for every variable, or ``None`` for the bare structure. All are normal given their
            parents, or all are tables over states.
        name: What to call it.
        notes: Sentences about where it came from, such as what a file carried that was not read.
        plates: Which variables are copies of each other, see :class:`~sirenvae.graphs.plates.Plate`.

    Attributes:
        observed, latents: Tuples in declared order.

    Raises:
        InputError: If the graph has a cycle, no latent or no observed variable, if `observed` names unknown variables,
            if the conditionals do not fit the parents, mix tables with others, or a table does not sum to 1, or if the
            plates do not fit the variables.

    Example:
        >>> net = BayesianNetwork(nx.DiGraph([("a", "c"), ("b", "c")]))
        >>> net.latents, net.observed
        (('a', 'b'), ('c',))
    """

    dag: nx.DiGraph
    observed: Iterable[Variable] | str | None = None
    conditionals: Mapping[Variable, Conditional | ConditionalTable] | None = None
    name: str = field(default="network", kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    plates: tuple[Plate, ...] = field(default=(), kw_only=True)

    def __post_init__(self):
        if isinstance(self.dag, nx.Graph) and not self.dag.is_directed():
            raise InputError(
                f"{self.name} came as an undirected graph; give a networkx.DiGraph with edges parent -> child."
            )
        dag = self.dag if _is_frozen(self.dag) else nx.freeze(nx.DiGraph(self.dag))
        _check_acyclic(dag)
        leaves = [v for v in dag if dag.out_degree(v) == 0]
        observed = set(leaves) if self.observed is None else _as_set(self.observed)
        _check_observed(dag, observed)
        object.__setattr__(self, "dag", dag)
        object.__setattr__(self, "observed", tuple(v for v in dag if v in observed))
        object.__setattr__(self, "plates", check_plates(self.plates, dag, self.name))
        if self.conditionals is not None:
            _check_conditionals(dag, self.conditionals, self.name)
            object.__setattr__(self, "conditionals", MappingProxyType({v: self.conditionals[v] for v in dag}))

    def __reduce__(self):
        conditionals = None if self.conditionals is None else dict(self.conditionals)
        graph = (list(self.dag), list(self.dag.edges), self.observed)
        return _rebuild, (*graph, conditionals, self.name, self.notes, self.plates)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """All variables in declared order."""
        return tuple(self.dag)

    @cached_property
    def is_linear(self) -> bool:
        """Whether every conditional is linear Gaussian, so that the joint distribution is a normal one."""
        return self.conditionals is not None and all(
            isinstance(conditional, LinearGaussian) for conditional in self.conditionals.values()
        )

    @cached_property
    def is_gaussian(self) -> bool:
        """Whether every variable is normal given its parents, whatever its mean is: linear, saturating, a product."""
        return self.conditionals is not None and not self.is_discrete

    @cached_property
    def is_discrete(self) -> bool:
        """Whether every conditional is a table, so that the variables have states instead of real values."""
        return self.conditionals is not None and all(
            isinstance(conditional, ConditionalTable) for conditional in self.conditionals.values()
        )

    @cached_property
    def states(self) -> Mapping[Variable, tuple[str, ...]]:
        """The names of the states of each variable of a discrete network; of other networks none.

        Data and draws hold their numbers: state s of v, counted from 0, is ``states[v][s]``.
        """
        tables = self.conditionals.items() if self.is_discrete else ()
        return MappingProxyType({v: table.states for v, table in tables})

    @cached_property
    def latents(self) -> tuple[Variable, ...]:
        """The variables that are not observed, in declared order."""
        observed = set(self.observed)
        return tuple(v for v in self.dag if v not in observed)

    @cached_property
    def position(self) -> Mapping[Variable, int]:
        """Each variable's place in the declared order."""
        return MappingProxyType({v: i for i, v in enumerate(self.dag)})

    @cached_property
    def topological_order(self) -> tuple[Variable, ...]:
        """All variables, parents before children, ties by the declared order."""
        return tuple(nx.lexicographical_topological_sort(self.dag, key=self.position.__getitem__))

    @cached_property
    def observed_depth(self) -> int:
        """The most observed variables on one directed path: so many rounds draw each given its drawn parents."""
        observed, depth = set(self.observed), {}
        for v in self.topological_order:
            depth[v] = max((depth[parent] for parent in self.dag.predecessors(v)), default=0) + (v in observed)
        return max(depth.values())

    def in_declared_order(self, variables: Iterable[Variable]) -> tuple[Variable, ...]:
        """The given variables, sorted by the declared order."""
        return tuple(sorted(variables, key=self.position.__getitem__))

    def parents(self, variable: Variable) -> tuple[Variable, ...]:
        """The parents of `variable`, in declared order."""
        return self.in_declared_order(self.dag.predecessors(variable))

    def state_numbers(self, evidence: Mapping[Variable, str | int]) -> dict[Variable, int]:
        """The numbers of some variables' states, each given by its name or by its number.

        Raises:
            InputError: If the network is not discrete, or has no such variable or state.

        Example:
            >>> from sirenvae.graphs.catalogue.named import load_network
            >>> load_network("asia").state_numbers({"xray": "no", "smoke": 0})
            {'xray': 1, 'smoke': 0}
        """
        if not self.is_discrete:
            raise InputError(f"{self.name} has no tables, so its variables have no states.")
        return {v: self._state_number(v, state) for v, state in evidence.items()}

    def _state_number(self, variable: Variable, state: str | int) -> int:
        if variable not in self.states:
            raise InputError(f"{self.name} has no variable {shown(variable)}; it has {listed(self.dag, 20)}.")
        names = self.states[variable]
        if isinstance(state, str) and state in names:
            return names.index(state)
        if isinstance(state, Integral) and 0 <= state < len(names):
            return int(state)
        raise InputError(
            f"{shown(variable)} has no state {shown(repr(state))}; its states are {listed(names, 20)}, numbered from 0 "
            f"to {len(names) - 1}."
        )

    def without_conditionals(self) -> BayesianNetwork:
        """The bare structure: the same graph and observed variables, for data of any kind."""
        return replace(self, conditionals=None)

    def with_observed(self, observed: Iterable[Variable] | None) -> BayesianNetwork:
        """The same network with other observed variables (``None``: the leaves)."""
        return replace(self, observed=observed)

    def __repr__(self):
        return (
            f"BayesianNetwork({self.name!r}: {len(self.dag)} variables, {self.dag.number_of_edges()} edges, "
            f"{len(self.observed)} observed)"
        )


def _rebuild(nodes, edges, observed, conditionals, name, notes, plates) -> BayesianNetwork:
    dag = nx.DiGraph()
    dag.add_nodes_from(nodes)
    dag.add_edges_from(edges)
    return BayesianNetwork(dag, observed, conditionals, name=name, notes=notes, plates=plates)


def _is_frozen(dag: object) -> bool:
    return isinstance(dag, nx.DiGraph) and not dag.is_multigraph() and nx.is_frozen(dag)


def _as_set(observed: object) -> set[Variable]:
    """The observed variables given: several, or one that is a text or a number."""
    is_one = isinstance(observed, str) or not isinstance(observed, Iterable)
    try:
        return {observed} if is_one else set(observed)
    except TypeError as error:
        raise InputError(
            f"The observed set holds something that names no variable ({error}); give the variables' names."
        ) from error


def _check_acyclic(dag: nx.DiGraph) -> None:
    if cycle := find_cycle(dag):
        path = cycle_in_words(cycle, " -> ")
        raise InputError(f"A Bayesian network has no directed cycle, but this graph has {path}.")


def _check_observed(dag: nx.DiGraph, observed: set[Variable]) -> None:
    unknown = sorted(str(v) for v in observed if v not in dag)
    if unknown:
        raise InputError(
            f"The observed set names unknown variables {listed(unknown, 20)}; the network has {listed(dag, 20)}."
        )
    if not observed:
        raise InputError(f"At least one variable must be observed, but all {len(dag)} are latent.")
    if len(observed) == len(dag):
        raise InputError(f"At least one variable must be latent, but all {len(dag)} are observed.")


def _check_conditionals(dag: nx.DiGraph, conditionals: Mapping[Variable, object], name: str) -> None:
    for v in dag:
        if v not in conditionals:
            raise InputError(f"Every variable needs a conditional, but {shown(v)} has none.")
    tables = [v for v in dag if isinstance(conditionals[v], ConditionalTable)]
    if 0 < len(tables) < len(dag):
        other = next(v for v in dag if not isinstance(conditionals[v], ConditionalTable))
        raise InputError(
            f"{name} has a table for {shown(tables[0])} but a {conditionals[other].title} conditional for "
            f"{shown(other)}; networks are read whose variables all have states, or all real values."
        )
    for v in dag:
        parents, named = set(dag.predecessors(v)), set(conditionals[v].parents)
        if parents != named:
            raise InputError(
                f"The conditional of {shown(v)} has {'axes' if tables else 'coefficients'} for {_in_brackets(named)}, "
                f"but its parents are {_in_brackets(parents)}."
            )
    states = {v: conditionals[v].states for v in tables}
    for v in tables:
        check_table(v, conditionals[v], states)


def check_real(network: BayesianNetwork, what: str) -> None:
    """Refuse a discrete network where `what` is about real values.

    Raises:
        InputError: If the network's variables have states.
    """
    if network.is_discrete:
        raise InputError(
            f"{what} is for variables with real values, but those of {network.name} have states; for real data over "
            "its graph take network.without_conditionals()."
        )


def _in_brackets(variables: Iterable[Variable]) -> str:
    return f"[{listed(sorted(map(str, variables)), 20)}]"
