"""What "cheapest" means when a variable is chosen for elimination: min-fill, its weighted kind, min-degree."""

from __future__ import annotations

from collections.abc import Mapping

from sirenvae.errors import InputError
from sirenvae.graphs.inversion.bit_graph import BitGraph, ones
from sirenvae.graphs.network import Variable


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
