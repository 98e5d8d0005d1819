"""What the structure of a network says: Markov blankets and numbers that tell how hard it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.inversion.elimination import eliminations
from sirenvae.graphs.network import BayesianNetwork, Variable


@dataclass(frozen=True)
class MarkovBlanket:
    """The variables that separate one variable from all others, by the reason why each is among them.

    Attributes:
        parents, children: Of the variable, in declared order.
        coparents: The other parents of its children that are neither its parents nor its children, in declared order.
    """

    parents: tuple[Variable, ...]
    children: tuple[Variable, ...]
    coparents: tuple[Variable, ...]

    @property
    def members(self) -> frozenset[Variable]:
        """All of them."""
        return frozenset((*self.parents, *self.children, *self.coparents))


def markov_blanket(network: BayesianNetwork, variable: Variable) -> MarkovBlanket:
    """The Markov blanket of a variable: given it, the variable is independent of all the others.

    Arguments:
        network: The network.
        variable: One of its variables.

    Raises:
        InputError: If the network has no such variable.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> markov_blanket(load_network("student"), "S")
        MarkovBlanket(parents=('I',), children=('J',), coparents=('L',))

    Source:
        Pearl, Probabilistic Reasoning in Intelligent Systems (1988).
    """
    if variable not in network.dag:
        raise InputError(f"The network {network.name} has no variable {variable!r}.")
    parents, children = set(network.dag.pred[variable]), set(network.dag.succ[variable])
    coparents = {u for child in children for u in network.dag.pred[child]} - parents - children - {variable}
    return MarkovBlanket(*map(network.in_declared_order, (parents, children, coparents)))


def treewidth_bound(network: BayesianNetwork) -> int:
    """An upper bound on the treewidth of the moral graph: the largest neighbourhood when all is eliminated by min-fill.

    Exact inference needs tables, or matrices, over one variable more than the treewidth at a time.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> treewidth_bound(load_network("student"))
        3
    """
    anything_goes = dict.fromkeys(network.variables, ())
    return max(len(step.parents) for step in eliminations(network, [anything_goes]))


def largest_table(network: BayesianNetwork) -> int:
    """How many numbers the largest table has that elimination by min-fill makes of a discrete network.

    It bounds time and memory of exact inference, as the treewidth does, with the numbers of states counted in.

    Raises:
        InputError: If the network has no tables.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> largest_table(load_network("asia"))
        8
    """
    if not network.is_discrete:
        raise InputError(f"{network.name} has no tables.")
    anything_goes = dict.fromkeys(network.variables, ())
    steps = eliminations(network, [anything_goes])
    return max(math.prod(len(network.states[v]) for v in (step.eliminated, *step.parents)) for step in steps)


def longest_path(network: BayesianNetwork) -> int:
    """The number of edges of the longest directed path.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> longest_path(load_network("student"))
        4
    """
    return nx.dag_longest_path_length(network.dag, weight=None, default_weight=1)
