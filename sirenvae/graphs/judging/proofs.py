"""Judging an inverse by d-separation in the network: is it faithful, minimal, natural, and what does it lose?

An inverse factorizes p(z | x): it says nothing about the observed variables among themselves, so they count as
neighbours of each other (unless they were eliminated too). The paper's definitions speak of a factorization over all
variables; ours are the same with q(x) left open.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), Definitions 1 to 3.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.inversion import Inverse
from sirenvae.graphs.network import BayesianNetwork, Variable
from sirenvae.graphs.separation import active_path, border


def is_faithful(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether every independence that the inverse asserts holds in the network (the inverse is an I-map).

    It is enough to ask, for each variable in a topological order of the inverse, that its parents separate it from its
    other predecessors.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge.

    Returns:
        True if it is faithful.

    Source:
        Webb et al. (2018), Definition 1.
    """
    return first_violation(network, inverse) is None


def first_violation(network: BayesianNetwork, inverse: Inverse) -> Independence | None:
    """The first independence that an inverse asserts and the network does not have, or ``None`` if it is faithful.

    Arguments:
        network, inverse: As for :func:`is_faithful`.

    Returns:
        A variable and another one before it in the inverse, given the parents of the first; the network's path between
        them is the witness.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> lost = first_violation(net, invert(net, method="stuhlmueller"))
        >>> lost.x, lost.y, lost.given, lost.network_path
        ('L', 'H', ('J',), ('L', 'G', 'H'))
    """
    part_of = {v: part for part in nx.weakly_connected_components(network.dag) for v in part}
    eliminated = set(inverse.elimination_order)
    before: dict[int, set[Variable]] = {id(part): part - eliminated for part in part_of.values()}
    for v in nx.topological_sort(inverse.dag):
        if v not in eliminated:
            continue
        parents, earlier = set(inverse.dag.pred[v]), before[id(part_of[v])]
        if border(network.dag, v, earlier - parents, parents) - parents:
            paths = ((u, active_path(network.dag, v, u, parents)) for u in network.in_declared_order(earlier - parents))
            other, path = next((u, path) for u, path in paths if path is not None)
            return Independence(v, other, network.in_declared_order(parents), tuple(path), None)
        earlier.add(v)
    return None


def is_minimal(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether no edge of the inverse can be dropped: each parent depends on its child given the other parents.

    Of a faithful inverse this is what the paper asks: without any one of its edges it is not faithful. The paper calls
    no other inverse minimal; this function does not ask whether it is faithful, :func:`is_faithful` does.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge; minimality is a statement about faithful ones.

    Returns:
        True if every edge is needed.

    Source:
        Webb et al. (2018), Definition 2.
    """
    return all(
        border(network.dag, v, set(), parents) == parents
        for v in inverse.elimination_order
        if (parents := set(inverse.dag.pred[v]))
    )


def is_natural(network: BayesianNetwork, inverse: Inverse) -> bool:
    """Whether the latents of the inverse can be ordered as in the network, or exactly the other way round.

    The paper's definition asks of single edges that none leads to a descendant, or none to an ancestor. Ours asks for
    one order of all latents, as the paper explains its own, which is more: no edge may offend and yet no order fit. And
    only latents count, with the network's edges among them alone. By the letter, over all variables, hardly any inverse
    in reverse order is natural, since a latent is given its parents there and the observed variables below it; and a
    latent that is below another one only by way of an observed variable may be eliminated before it.

    Arguments:
        network: The network that was inverted.
        inverse: The inverse to judge.

    Returns:
        True if some topological order of the inverse is a topological or a reverse topological order of the network's
        latents.

    Example:
        >>> from sirenvae.graphs import invert
        >>> net = BayesianNetwork(nx.DiGraph([("A", "C"), ("B", "C"), ("C", "x")]))
        >>> to_child_and_to_parent = nx.DiGraph([("x", "A"), ("A", "C"), ("C", "B")])
        >>> is_natural(net, Inverse(to_child_and_to_parent, ["B", "C", "A"], [], "topological"))
        False
        >>> [is_natural(net, invert(net, order)) for order in ("topological", "reverse")]
        [True, True]

    Source:
        Webb et al. (2018), Definition 3 and the paragraph below it; Figure 2 for the example, whose H1 has the edges
        A -> C -> B.
    """
    forward = network.dag.subgraph(network.latents)
    backward = inverse.dag.subgraph(network.latents)
    return any(nx.is_directed_acyclic_graph(nx.compose(backward, g)) for g in (forward, forward.reverse()))


@dataclass(frozen=True)
class Independence:
    """Are two variables independent given others: what the network says and what the inverse says.

    Attributes:
        x, y, given: The question.
        network_path, inverse_path: A path along which they depend, as witness; ``None`` where they are independent.
    """

    x: Variable
    y: Variable
    given: tuple[Variable, ...]
    network_path: tuple[Variable, ...] | None
    inverse_path: tuple[Variable, ...] | None

    @property
    def in_network(self) -> bool:
        """Whether the network asserts the independence."""
        return self.network_path is None

    @property
    def in_inverse(self) -> bool:
        """Whether the inverse asserts it."""
        return self.inverse_path is None


def independence(
    network: BayesianNetwork, inverse: Inverse, x: Variable, y: Variable, given: Iterable[Variable] = ()
) -> Independence:
    """Ask network and inverse whether x and y are independent given others.

    Arguments:
        network, inverse: Whom to ask.
        x, y: Two different variables.
        given: What is known; neither x nor y.

    Returns:
        Both answers, each with an active path where the answer is no.

    Raises:
        InputError: If a variable is unknown, or x, y and `given` overlap.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> answer = independence(net, invert(net), "D", "I")
        >>> answer.in_network, answer.inverse_path
        (True, ('D', 'I'))
    """
    given = set(given)
    unknown = [str(v) for v in (x, y, *given) if v not in network.dag]
    if unknown:
        raise InputError(f"{network.name} has no variable {', '.join(unknown)}; it has {_some(network.variables)}.")
    if x == y or given & {x, y}:
        raise InputError(
            f"Two different variables and others given them are compared, but {x}, {y} given {_some(given)} came."
        )
    return _ask(network, asserted_graph(inverse), x, y, given)


def _ask(network: BayesianNetwork, asserted: nx.DiGraph, x: Variable, y: Variable, given: set) -> Independence:
    paths = [active_path(dag, x, y, given) for dag in (network.dag, asserted)]
    witnesses = [None if path is None else tuple(path) for path in paths]
    return Independence(x, y, network.in_declared_order(given), *witnesses)


def asserted_graph(inverse: Inverse) -> nx.DiGraph:
    """The inverse with an edge between any two variables that it leaves in place: a DAG over everything."""
    eliminated = set(inverse.elimination_order)
    remaining = [v for v in inverse.dag if v not in eliminated]
    dag = nx.DiGraph(inverse.dag)
    dag.add_edges_from(combinations(remaining, 2))
    return dag


@dataclass(frozen=True)
class InverseReport:
    """What there is to say about an inverse.

    Attributes:
        faithful, minimal, natural: See :func:`is_faithful`, :func:`is_minimal`, :func:`is_natural`.
        num_edges: Edges of the inverse.
        largest_parent_set: Parents of the latent that has most.
        num_asked: Local independencies of the network that were asked for.
        lost: Those that the inverse does not assert.
    """

    faithful: bool
    minimal: bool
    natural: bool
    num_edges: int
    largest_parent_set: int
    num_asked: int
    lost: tuple[Independence, ...]


def report(network: BayesianNetwork, inverse: Inverse, at_most: int = 200, seed: int = 0) -> InverseReport:
    """Judge an inverse, and look for independencies of the network that it loses.

    Arguments:
        network, inverse: The network and its inverse.
        at_most: How many of the network's local independencies (a variable from a non-descendant given its parents) to
            ask for; where there are more, a random sample.
        seed: Of the sample.
    """
    questions = list(local_independencies(network))
    if len(questions) > at_most:
        questions = random.Random(seed).sample(questions, at_most)
    asserted = asserted_graph(inverse)
    answers = [_ask(network, asserted, x, y, set(given)) for x, y, given in questions]
    return InverseReport(
        is_faithful(network, inverse),
        is_minimal(network, inverse),
        is_natural(network, inverse),
        inverse.dag.number_of_edges(),
        max((inverse.dag.in_degree(v) for v in inverse.elimination_order), default=0),
        len(questions),
        tuple(answer for answer in answers if not answer.in_inverse),
    )


def local_independencies(network: BayesianNetwork) -> Iterator[tuple[Variable, Variable, tuple[Variable, ...]]]:
    """Each variable, each non-descendant that is no parent, and its parents: the local Markov independencies."""
    for v in network.variables:
        below = nx.descendants(network.dag, v) | {v}
        parents = network.parents(v)
        for w in network.variables:
            if w not in below and w not in parents:
                yield v, w, parents


def _some(variables: Iterable[Variable], at_most: int = 20) -> str:
    names = [str(v) for v in variables]
    return ", ".join(names[:at_most]) + (", ..." if len(names) > at_most else "")
