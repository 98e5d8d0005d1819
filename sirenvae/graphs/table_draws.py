"""Draws of a discrete network, and what its tables say of each variable given all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.network import BayesianNetwork


class TableDraws:
    """The tables of a network, laid out for many draws at once. Columns are variables in declared order.

    Arguments:
        network: A discrete network: V variables.

    Raises:
        InputError: If it has no tables.
    """

    def __init__(self, network: BayesianNetwork):
        if not network.is_discrete:
            raise InputError(f"{network.name} has no tables.")
        place, self.num_variables = network.position, len(network.variables)
        self._order = [place[v] for v in network.topological_order]
        self._steps, self._blankets = [], []
        for v in network.variables:
            table = network.conditionals[v]
            columns = [place[parent] for parent in table.parents]
            own = _Lookup.of(table.probabilities, columns)
            self._steps.append(own._replace(rows=own.rows.cumsum(axis=1)[:, :-1]))
            self._blankets.append([own, *(_seen_by_child(network, v, child) for child in network.dag.successors(v))])

    def draw(self, uniforms: np.ndarray) -> np.ndarray:
        """State numbers, parents before children, from numbers in [0, 1); shapes ``(N, V)``."""
        states = np.zeros(uniforms.shape, dtype=np.int64)
        for i in self._order:
            states[:, i] = (uniforms[:, i, None] >= self._steps[i](states)).sum(axis=1)
        return states

    def full_conditionals(self, states: np.ndarray) -> list[np.ndarray]:
        r"""The probabilities of each variable's states given the states of *all* others.

        .. math::
            p(v \mid \text{others}) \propto p(v \mid \mathrm{pa}(v)) \prod_{c \in \mathrm{ch}(v)}
            p(c \mid \mathrm{pa}(c))

        Arguments:
            states: Of draws, shape ``(N, V)``.

        Returns:
            For each variable, shape ``(N, S)``.
        """
        found = []
        for own, *children in self._blankets:
            weights = own(states)
            for child in children:
                weights = weights * child(states)
            found.append(weights / weights.sum(axis=1, keepdims=True))
        return found


class _Lookup(NamedTuple):
    """Rows of a table by the states in some columns."""

    rows: np.ndarray
    columns: Sequence[int]
    strides: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray, columns: Sequence[int]) -> _Lookup:
        """An axis for each column, then that of the rows."""
        sizes = table.shape[:-1]
        strides = np.array([int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))], dtype=np.int64)
        return cls(np.ascontiguousarray(table.reshape(-1, table.shape[-1])), columns, strides)

    def __call__(self, states: np.ndarray) -> np.ndarray:
        if not len(self.columns):
            return np.broadcast_to(self.rows, (len(states), self.rows.shape[1]))
        return self.rows[states[:, self.columns] @ self.strides]


def _seen_by_child(network: BayesianNetwork, variable: Variable, child: Variable) -> _Lookup:
    """The child's table as a function of one parent, by the states of the child and of its other parents."""
    table = network.conditionals[child]
    columns = [network.position[v] for v in (*table.parents, child)]
    axis = table.parents.index(variable)
    columns.pop(axis)
    return _Lookup.of(np.moveaxis(table.probabilities, axis, -1), columns)
