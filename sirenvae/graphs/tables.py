"""How a variable with states depends on its parents: a probability for each state, given those of the parents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.quoting import listed, shown

_ROUNDED = 2e-3  # how far from 1 the printed numbers of a row may be in sum
_EXACT = 1e-12


@dataclass(frozen=True, eq=False)
class ConditionalTable:
    r"""A variable's probability of each of its states, given the states of its parents.

    .. math::
        P(v = s \mid p_1 = s_1, \dots, p_n = s_n) = \text{probabilities}[s_1, \dots, s_n, s]

    Numbers in files are rounded: a row that sums to 1 within .002 is divided by its sum. That every row does, is not
    negative and has the shape of the parents' states is checked where the table becomes part of a network, which knows
    their names.

    Arguments:
        parents: The parents, in the order of the axes.
        states: Names of the variable's own states, in the order of the last axis.
        probabilities: Shape ``(S_1, ..., S_n, S)``. It is copied and cannot be written to.

    Raises:
        InputError: If there are no states, two of the same name or parent, no numbers, or the axes do not fit.

    Example:
        >>> ConditionalTable(("rain",), ("dry", "wet"), [[0.1, 0.9], [0.8, 0.2]]).given({"rain": np.array([1, 0])})
        array([[0.8, 0.2],
               [0.1, 0.9]])
    """

    parents: tuple[Variable, ...]
    states: tuple[str, ...]
    probabilities: np.ndarray

    title = "table"

    def __post_init__(self):
        parents, states = tuple(self.parents), tuple(self.states)
        try:
            numbers = np.array(self.probabilities, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"A table holds numbers, an axis for each parent and one for the states: {error}."
            ) from error
        if not states or len(set(states)) < len(states) or not all(isinstance(state, str) for state in states):
            raise InputError(f"A table needs states with different names, texts all of them, but {states} came.")
        if len(set(parents)) < len(parents):
            raise InputError(f"A table names each parent once, but {listed(parents)} came.")
        if numbers.ndim != len(parents) + 1 or numbers.shape[-1] != len(states):
            raise InputError(
                f"A table of {len(states)} states and {len(parents)} parents has {len(parents) + 1} axes, the last of "
                f"length {len(states)}, but the shape {numbers.shape} came."
            )
        sums = numbers.sum(axis=-1, keepdims=True)
        rounded = (np.abs(sums - 1) > _EXACT) & (np.abs(sums - 1) <= _ROUNDED)
        if rounded.any():
            numbers = np.where(rounded, numbers / np.where(rounded, sums, 1.0), numbers)
        numbers.flags.writeable = False
        for name, value in (("parents", parents), ("states", states), ("probabilities", numbers)):
            object.__setattr__(self, name, value)

    def __reduce__(self):
        return type(self), (self.parents, self.states, self.probabilities)

    def __eq__(self, other):
        if not isinstance(other, ConditionalTable):
            return NotImplemented
        same = (self.parents, self.states) == (other.parents, other.states)
        return same and np.array_equal(self.probabilities, other.probabilities)

    def __hash__(self):
        return hash((self.parents, self.states, self.probabilities.tobytes()))

    def given(self, values: Mapping[Variable, np.ndarray]) -> np.ndarray:
        """The probabilities of all states, shape ``(*, S)``, at state numbers of the parents, arrays ``(*)``.

        Without parents the one row, shape ``(S,)``.
        """
        return self.probabilities[tuple(values[parent] for parent in self.parents)]


def check_table(variable: Variable, table: ConditionalTable, states: Mapping[Variable, tuple[str, ...]]) -> None:
    """A table must have the shape of its parents' states, and rows that are probabilities.

    Arguments:
        variable: Whose table it is.
        table: The table.
        states: Of all its parents.

    Raises:
        InputError: If not; the first row that is none is named by the states of the parents.
    """
    shape = (*(len(states[parent]) for parent in table.parents), len(table.states))
    if table.probabilities.shape != shape:
        raise InputError(
            f"The table of {shown(variable)} has the shape {table.probabilities.shape}, but the states of its parents "
            f"and its own ask for {shape}."
        )
    rows = table.probabilities.reshape(-1, shape[-1])
    wrong = ~(np.isfinite(rows).all(axis=1) & (rows >= 0).all(axis=1))
    sums = rows.sum(axis=1)
    bad = wrong | ~(np.abs(sums - 1) <= 1e-9)
    if not bad.any():
        return
    first = int(bad.argmax())
    where = np.unravel_index(first, shape[:-1])
    given = [f"{shown(p)} = {shown(states[p][at])}" for p, at in zip(table.parents, where, strict=True)]
    row = shown(variable) + (f" given {', '.join(given)}" if given else "")
    if wrong[first]:
        came = next(value for value in rows[first] if not (np.isfinite(value) and value >= 0))
        raise InputError(f"A probability of {row} is {came:g}, but it must be a number from 0 to 1.")
    raise InputError(f"The probabilities of {row} sum to {sums[first]:.6g}, but they must sum to 1.")
