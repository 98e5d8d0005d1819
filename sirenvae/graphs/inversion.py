"""NaMI: a natural, minimally faithful inverse of a Bayesian network by simulated variable elimination.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.network import BayesianNetwork, Variable

ORDERS = ("topological", "reverse")


@dataclass(frozen=True)
class EliminationStep:
    """What one elimination changed.

    Attributes:
        frontier: The latents that could be eliminated, each with its fill cost (edges its elimination would add).
        eliminated: The one that was: of least cost, ties by declared order.
        fill_edges: The edges added between its remaining neighbours, pairs in declared order.
        parents: Its remaining neighbours, which become its parents in the inverse, in declared order.
    """

    frontier: dict[Variable, int]
    eliminated: Variable
    fill_edges: tuple[tuple[Variable, Variable], ...]
    parents: tuple[Variable, ...]


@dataclass(frozen=True, eq=False)
class Inverse:
    """The inverse of a Bayesian network: how each latent depends on later latents and on the observed variables.

    Attributes:
        dag: Edges parent -> child of the inverse, over all variables; the observed ones are roots.
        elimination_order: The latents, first eliminated first. Its reverse is a topological order of `dag`.
        steps: One :class:`EliminationStep` per latent.
        order: The rule that chose the frontier, one of :data:`ORDERS`.
    """

    dag: nx.DiGraph
    elimination_order: list[Variable]
    steps: list[EliminationStep]
    order: str


def eliminate(network: BayesianNetwork, order: str = "topological") -> Iterator[EliminationStep]:
    """Eliminate the latents one by one from the moral graph, cheapest of the frontier first.

    In topological order a latent enters the frontier when its latent parents are gone, in reverse order when its latent
    children are. To eliminate it means to connect its remaining neighbours and to make them its parents in the inverse.

    Arguments:
        network: The network to invert.
        order: One of :data:`ORDERS`.

    Yields:
        One step per latent, first eliminated first.

    Raises:
        InputError: If the order does not exist.

    Example:
        >>> from sirenvae.graphs.named import load_network
        >>> [step.eliminated for step in eliminate(load_network("student"))]
        ['D', 'I', 'S', 'G', 'L']

    Source:
        Webb et al. (2018), Algorithm 1; min-fill as in Koller & Friedman, Probabilistic Graphical Models (2009), 9.4.3.
    """
    if order not in ORDERS:
        raise InputError(f"The order {order!r} does not exist; it is one of {', '.join(ORDERS)}.")
    return _eliminate(network, order)


def _eliminate(network: BayesianNetwork, order: str) -> Iterator[EliminationStep]:
    neighbours = {v: set(others) for v, others in nx.moral_graph(network.dag).adjacency()}
    waits_for, releases = _latent_relations(network, order)
    frontier = {v for v in network.latents if not waits_for[v]}
    while frontier:
        costs = {v: _fill_cost(neighbours, v) for v in network.in_declared_order(frontier)}
        eliminated = min(costs, key=costs.__getitem__)
        parents = network.in_declared_order(neighbours.pop(eliminated))
        fill_edges = tuple(pair for pair in combinations(parents, 2) if pair[1] not in neighbours[pair[0]])
        for a, b in fill_edges:
            neighbours[a].add(b)
            neighbours[b].add(a)
        for parent in parents:
            neighbours[parent].remove(eliminated)
        frontier.remove(eliminated)
        for v in releases[eliminated]:
            waits_for[v].remove(eliminated)
            if not waits_for[v]:
                frontier.add(v)
        yield EliminationStep(costs, eliminated, fill_edges, parents)


def _latent_relations(network: BayesianNetwork, order: str):
    """For each latent, the latents it waits for and those that wait for it."""
    among_latents = network.dag.subgraph(network.latents)
    directed = among_latents if order == "topological" else among_latents.reverse(copy=False)
    return {v: set(directed.predecessors(v)) for v in directed}, {v: set(directed.successors(v)) for v in directed}


def _fill_cost(neighbours: dict[Variable, set[Variable]], variable: Variable) -> int:
    around = neighbours[variable]
    present = sum(len(neighbours[a] & around) for a in around) // 2
    return len(around) * (len(around) - 1) // 2 - present


def invert(network: BayesianNetwork, order: str = "topological") -> Inverse:
    """Run :func:`eliminate` to its end and collect the inverse.

    Arguments:
        network: The network to invert.
        order: One of :data:`ORDERS`.

    Returns:
        The inverse, with every step it took.

    Raises:
        InputError: If the order does not exist.

    Example:
        >>> from sirenvae.graphs.named import load_network
        >>> invert(load_network("student")).dag.number_of_edges()
        12
    """
    steps = list(eliminate(network, order))
    dag = nx.DiGraph()
    dag.add_nodes_from(network.variables)
    dag.add_edges_from((parent, step.eliminated) for step in steps for parent in step.parents)
    return Inverse(nx.freeze(dag), [step.eliminated for step in steps], steps, order)


def moralizing_edges(network: BayesianNetwork) -> tuple[tuple[Variable, Variable], ...]:
    """The edges that moralizing adds: pairs of parents that share a child and were not neighbours."""
    dag = network.dag
    pairs = {
        network.in_declared_order(pair)
        for pair in nx.moral_graph(dag).edges
        if not dag.has_edge(*pair) and not dag.has_edge(*reversed(pair))
    }
    return tuple(sorted(pairs, key=lambda pair: tuple(network.position[v] for v in pair)))


def explain(step: EliminationStep) -> str:
    """What a step did and why, in words.

    Example:
        >>> from sirenvae.graphs.named import load_network
        >>> print(explain(invert(load_network("student")).steps[1]))
        I is eliminated: the frontier is {I} and it costs 1 fill edge. Its remaining neighbours G, S become its parents
        in the inverse. G and S were not neighbours, so the edge G–S is added: once I is summed out, they depend on each
        other.
    """
    v, cost = step.eliminated, len(step.fill_edges)
    frontier = _listing(step.frontier)
    choice = (
        f"the frontier is {{{v}}} and it"
        if len(step.frontier) == 1
        else f"of the frontier {{{frontier}}} it is cheapest: it"
    )
    words = [f"{v} is eliminated: {choice} costs {_count(cost, 'fill edge')}."]
    match len(step.parents):
        case 0:
            words.append("It has no remaining neighbour, so it has no parent in the inverse.")
        case 1:
            words.append(f"Its remaining neighbour {step.parents[0]} becomes its parent in the inverse.")
        case _:
            words.append(f"Its remaining neighbours {_listing(step.parents)} become its parents in the inverse.")
    words.append(_why_filled(step))
    return " ".join(filter(None, words))


def _why_filled(step: EliminationStep) -> str:
    v = step.eliminated
    if not step.fill_edges:
        return "They are neighbours of each other already, so nothing is added." if len(step.parents) > 1 else ""
    if len(step.fill_edges) == 1:
        ((a, b),) = step.fill_edges
        added = f"{a} and {b} were not neighbours, so the edge {a}–{b} is added"
        return f"{added}: once {v} is summed out, they depend on each other."
    pairs = _listing([f"{a}–{b}" for a, b in step.fill_edges])
    added = f"The edges {pairs} are added between those that were not neighbours"
    return f"{added}: once {v} is summed out, they depend on each other."


def _listing(names, at_most: int = 8) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:at_most]) + (f" and {len(shown) - at_most} more" if len(shown) > at_most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
