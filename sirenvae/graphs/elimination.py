"""Variable elimination on bit sets: what is eliminated next, and what its elimination adds.

Every connected part of the moral graph numbers its own variables, and a neighbourhood is one integer with a bit for
each neighbour. So the fill edges of a step are a few operations on words of 64 variables, and a fill cost is corrected
by what changed around it instead of being counted again.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.network import BayesianNetwork, Variable


@dataclass(frozen=True)
class EliminationStep:
    """What one elimination changed.

    Attributes:
        eliminated: The variable that went: of least cost in the frontier, ties by declared order.
        fill_edges: The edges added between its remaining neighbours, pairs in declared order.
        parents: Its remaining neighbours, which become its parents in the inverse, in declared order.
        frontier: The variables that could be eliminated, each with its cost (by default its fill cost: the edges its
            elimination would add). A step holds no copy of it; it is replayed from what changed when it is asked for.
    """

    eliminated: Variable
    fill_edges: tuple[tuple[Variable, Variable], ...]
    parents: tuple[Variable, ...]
    _log: FrontierLog = field(repr=False, compare=False)
    _index: int = field(repr=False, compare=False)

    @property
    def frontier(self) -> dict[Variable, float]:
        return self._log.frontier_of(self._index)

    @property
    def frontier_changes(self) -> dict[Variable, float]:
        """What is new in the frontier since the step before: who entered and whose cost changed, each with its cost.

        The frontier of the step before, less what it eliminated, updated with these is the frontier of this step.
        """
        return self._log.changes_of(self._index)


class FrontierLog:
    """The frontier of every step, kept as changes; reading the steps in order costs as much as the changes.

    Networks and their inverses are shared by threads, so each thread that reads has a place of its own in the log.
    """

    def __init__(self, position: Mapping[Variable, int]):
        self._position = position
        self._changes: list[dict[Variable, float]] = [{}]
        self._removed: list[Variable] = []
        self._reader = threading.local()

    def set_cost(self, variable: Variable, cost: float) -> None:
        """A variable entered, or its cost changed, before the step that comes next."""
        self._changes[-1][variable] = cost

    def close_step(self, eliminated: Variable) -> int:
        """The next step eliminated a variable; its index is returned."""
        self._removed.append(eliminated)
        self._changes.append({})
        return len(self._removed) - 1

    def changes_of(self, index: int) -> dict[Variable, float]:
        """What changed between step `index` - 1 and the choice of step `index`."""
        return dict(self._changes[index])

    def frontier_of(self, index: int) -> dict[Variable, float]:
        """The frontier from which step `index` chose, in declared order."""
        reached, frontier = getattr(self._reader, "place", (None, None))
        if reached is None or index < reached:
            reached, frontier = 0, dict(self._changes[0])
        while reached < index:
            del frontier[self._removed[reached]]
            reached += 1
            frontier.update(self._changes[reached])
        self._reader.place = reached, frontier
        return {v: frontier[v] for v in sorted(frontier, key=self._position.__getitem__)}


class MinFill:
    """The number of edges that an elimination would add.

    Source:
        Koller & Friedman, Probabilistic Graphical Models (2009).
    """

    def __init__(self, graph: BitGraph, weights: Mapping[Variable, float] | None):
        self._graph = graph

    def cost(self, variable: Variable) -> int:
        """Pairs of neighbours less those that are neighbours of each other."""
        names, near = self._graph.names[variable], self._graph.neighbours
        around = near[variable]
        size = around.bit_count()
        present = sum((near[names[i]] & around).bit_count() for i in ones(around))
        return (size * (size - 1) - present) // 2

    def corrected(self, variable: Variable, cost: int, clique: int, gained: Mapping[int, int]) -> int:
        """The cost after an elimination made `clique` complete, adding the bits `gained` to each of its members."""
        names, near = self._graph.names[variable], self._graph.neighbours
        around = near[variable]
        if not clique >> self._graph.place[variable] & 1:
            filled = sum((bits & around).bit_count() for i, bits in gained.items() if around >> i & 1)
            return cost - filled // 2
        # Within the clique nothing is missing: pairs with a neighbour outside it are all that counts.
        inside, outside = around & clique, around & ~clique
        num_inside, num_outside = inside.bit_count(), outside.bit_count()
        twice = 2 * num_outside * num_inside + num_outside * (num_outside - 1)
        for i in ones(outside):
            others = near[names[i]]
            twice -= 2 * (others & inside).bit_count() + (others & outside).bit_count()
        return twice // 2


class WeightedMinFill:
    """The sum over added edges of the product of the weights of its ends: cardinalities, or dimensions.

    Source:
        Koller & Friedman, Probabilistic Graphical Models (2009).
    """

    def __init__(self, graph: BitGraph, weights: Mapping[Variable, float] | None):
        if weights is None or any(not weights.get(v, 0) > 0 for v in graph.place):
            raise InputError("Weighted min-fill needs a positive weight for every variable, such as its cardinality.")
        self._graph, self._weights = graph, weights

    def cost(self, variable: Variable) -> float:
        """Weights of the missing pairs, multiplied and summed."""
        names, near = self._graph.names[variable], self._graph.neighbours
        around = near[variable]
        total = 0.0
        for i in ones(around):
            missing = around & ~near[names[i]] & ~((2 << i) - 1)
            total += self._weights[names[i]] * sum(self._weights[names[j]] for j in ones(missing))
        return total

    def corrected(self, variable: Variable, cost: float, clique: int, gained: Mapping[int, int]) -> float:
        """Counted again."""
        return self.cost(variable)


class MinDegree:
    """The number of remaining neighbours."""

    def __init__(self, graph: BitGraph, weights: Mapping[Variable, float] | None):
        self._graph = graph

    def cost(self, variable: Variable) -> int:
        """The size of the neighbourhood."""
        return self._graph.neighbours[variable].bit_count()

    def corrected(self, variable: Variable, cost: int, clique: int, gained: Mapping[int, int]) -> int:
        """Counted again."""
        return self.cost(variable)


HEURISTICS = {"min_fill": MinFill, "weighted_min_fill": WeightedMinFill, "min_degree": MinDegree}


class BitGraph:
    """An undirected graph with a bit set of neighbours for each variable.

    Attributes:
        neighbours: For each variable an integer whose bit i stands for ``names[variable][i]``.
        names: For each variable the variables of its connected part, in declared order.
        place: For each variable its own bit.
    """

    def __init__(self, graph: nx.Graph, position: Mapping[Variable, int]):
        self.names: dict[Variable, list[Variable]] = {}
        self.place: dict[Variable, int] = {}
        for part in nx.connected_components(graph):
            members = sorted(part, key=position.__getitem__)
            for i, v in enumerate(members):
                self.names[v], self.place[v] = members, i
        self.neighbours = {v: self.bits(others) for v, others in graph.adjacency()}

    def bits(self, variables: Iterable[Variable]) -> int:
        """The set of these variables, all of one part."""
        total = 0
        for v in variables:
            total |= 1 << self.place[v]
        return total

    def eliminate(self, variable: Variable) -> tuple[int, dict[int, int]]:
        """Take a variable out and connect its neighbours.

        Returns:
            clique: Its neighbours, as bits.
            gained: For each of them that lacked others, the bits it gained.
        """
        clique, names = self.neighbours.pop(variable), self.names[variable]
        gone = 1 << self.place[variable]
        gained = {}
        for i in ones(clique):
            own, before = 1 << i, self.neighbours[names[i]]
            lacking = clique & ~before & ~own
            if lacking:
                gained[i] = lacking
            self.neighbours[names[i]] = (before | clique) & ~(own | gone)
        return clique, gained


def ones(bits: int) -> Iterator[int]:
    """The places of the ones, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def eliminations(
    network: BayesianNetwork,
    stages: Iterable[Mapping[Variable, Iterable[Variable]]],
    heuristic: str = "min_fill",
    weights: Mapping[Variable, float] | None = None,
) -> Iterator[EliminationStep]:
    """Eliminate variables from the moral graph, cheapest of the frontier first.

    Arguments:
        network: Its moral graph is eliminated.
        stages: The variables to eliminate, stage after stage, each with those of its stage that must go before it.
        heuristic: One of :data:`HEURISTICS`.
        weights: A positive number for each variable, for ``"weighted_min_fill"``.

    Yields:
        One step per variable.
    """
    graph = BitGraph(nx.moral_graph(network.dag), network.position)
    rule = HEURISTICS[heuristic](graph, weights)
    log = FrontierLog(network.position)
    return (step for waits_for in stages for step in _eliminate(graph, rule, log, waits_for, network.position))


def _eliminate(graph: BitGraph, rule, log: FrontierLog, waits_for, position) -> Iterator[EliminationStep]:
    """One stage: a queue of costs in which an outdated entry is skipped when it comes up."""
    frontier = _Frontier(graph, rule, log, position)
    missing = {v: len(set(before)) for v, before in waits_for.items()}
    released: dict[Variable, list[Variable]] = {v: [] for v in waits_for}
    for v, before in waits_for.items():
        for earlier in set(before):
            released[earlier].append(v)
    for v in waits_for:
        if not missing[v]:
            frontier.enter(v)
    while frontier.costs:
        v = frontier.pop_cheapest()
        clique, gained = graph.eliminate(v)
        index = log.close_step(v)
        frontier.correct(v, clique, gained)
        for w in released[v]:
            missing[w] -= 1
            if not missing[w]:
                frontier.enter(w)
        names = graph.names[v]
        fill_edges = tuple((names[i], names[j]) for i, bits in gained.items() for j in ones(bits & ~((2 << i) - 1)))
        yield EliminationStep(v, fill_edges, tuple(names[i] for i in ones(clique)), log, index)


class _Frontier:
    """The variables that may go next, with costs that are kept up to date."""

    def __init__(self, graph: BitGraph, rule, log: FrontierLog, position: Mapping[Variable, int]):
        self.costs: dict[Variable, float] = {}
        self._graph, self._rule, self._log, self._position = graph, rule, log, position
        self._queue: list[tuple[float, int, Variable]] = []
        self._bits: dict[int, int] = {}  # by connected part

    def enter(self, variable: Variable) -> None:
        part = id(self._graph.names[variable])
        self._bits[part] = self._bits.get(part, 0) | 1 << self._graph.place[variable]
        self._set_cost(variable, self._rule.cost(variable))

    def pop_cheapest(self) -> Variable:
        while True:
            cost, _, v = heapq.heappop(self._queue)
            if self.costs.get(v) == cost:
                break
        del self.costs[v]
        self._bits[id(self._graph.names[v])] &= ~(1 << self._graph.place[v])
        return v

    def correct(self, eliminated: Variable, clique: int, gained: Mapping[int, int]) -> None:
        """Correct the costs around an elimination: of its neighbours, and of whoever sees a new edge."""
        names = self._graph.names[eliminated]
        near = clique
        for i in gained:
            near |= self._graph.neighbours[names[i]]
        for i in ones(self._bits[id(names)] & near):
            v = names[i]
            cost = self._rule.corrected(v, self.costs[v], clique, gained)
            if cost != self.costs[v]:
                self._set_cost(v, cost)

    def _set_cost(self, variable: Variable, cost: float) -> None:
        self.costs[variable] = cost
        heapq.heappush(self._queue, (cost, self._position[variable], variable))
        self._log.set_cost(variable, cost)
