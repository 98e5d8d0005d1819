"""An undirected graph on bit sets: a neighbourhood is one integer with a bit for each neighbour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import networkx as nx

from sirenvae.graphs.network import Variable


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
