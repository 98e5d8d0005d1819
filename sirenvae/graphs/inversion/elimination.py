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

from sirenvae.graphs.inversion.bit_graph import BitGraph, ones
from sirenvae.graphs.inversion.min_fill import HEURISTICS
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
