"""Variables and their parents, gathered from a file that declares both, and what can be wrong between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from sirenvae.errors import InputError
from sirenvae.graphs.files.digraph import digraph
from sirenvae.graphs.files.table_text import MOST_NUMBERS, TableReader
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.tables import ConditionalTable

_LONGEST_NAME = 200  # letters; every picture, table and sentence shows names in full

_MOST_EDGES = 100_000


class Families:
    """The variables of a network and, for each, its parents.

    Arguments:
        name: What to call the network.
        declaration: What declares a variable in this format, such as ``"'variable' block"``.
        block: What gives the parents of a variable in this format, such as ``"'probability' block"``.
        line: The number of the line of a place; a place is whatever the reader of a format keeps.
    """

    def __init__(self, name: str, declaration: str, block: str, line: Callable[[int], int]):
        self.name, self.declaration, self.block, self.line = name, declaration, block, line
        self._declared: dict[str, int] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, int] = {}
        self._states: dict[str, Callable[[], tuple[str, ...] | None]] = {}
        self._tables: dict[str, TableReader] = {}

    def declare(self, variable: str, place: int, states: Callable[[], tuple[str, ...] | None]) -> None:
        """Add a variable.

        Arguments:
            variable: Its name.
            place: Where it is declared.
            states: Reads the names of its states; ``None`` comes where the file has none.

        Raises:
            InputError: If it is declared already, or its name is empty, very long or goes over several lines.
        """
        self._check_name(variable, place)
        if variable in self._declared:
            raise InputError(
                f"{self.name} declares the variable {variable} in line {self.line(self._declared[variable])} and again "
                f"in line {self.line(place)}; rename one or take it out."
            )
        self._declared[variable], self._states[variable] = place, states

    def add(self, child: str, parents: Sequence[str], place: int, table: TableReader) -> None:
        """Give a variable its parents, declared before or after.

        Arguments:
            child, parents: The variables.
            place: Where the file says so.
            table: Reads the probabilities, an axis for each parent and one for the child, given all states; ``None``
                comes where the file has none that are read.

        Raises:
            InputError: If it has its parents already, or one of them is named twice or has no fit name.
        """
        for variable in (child, *parents):
            if variable not in self._declared:
                self._check_name(variable, place)
        if child in self._parents:
            raise InputError(
                f"{self.name} has a {self.block} of {child} in line {self.line(self._places[child])} and another in "
                f"line {self.line(place)}; put all parents into one."
            )
        if len(set(parents)) < len(parents):
            twice = next(parent for i, parent in enumerate(parents) if parent in parents[:i])
            raise InputError(
                f"The {self.block} of {child} in line {self.line(place)} of {self.name} names {twice} twice; "
                "name each parent once."
            )
        self._parents[child], self._places[child], self._tables[child] = tuple(parents), place, table

    def network(self, observed: Iterable[str] | None = None) -> BayesianNetwork:
        """The network, with its tables, or with a note that they were not read.

        Arguments:
            observed: What the file marks as observed; ``None`` if it marks nothing.

        Raises:
            InputError: If a variable has no parents given, not even none, a name is not declared, or a table does not
                fit.
        """
        if not self._declared:
            raise InputError(f"{self.name} has no {self.declaration}; a file of a network has one for each variable.")
        self._check_complete()
        arcs = [(parent, child) for child, parents in self._parents.items() for parent in parents]
        if not 0 < len(arcs) <= _MOST_EDGES:
            raise InputError(
                f"{self.name} has {len(self._declared)} variables and {len(arcs)} edges; a network has 1 to "
                f"{_MOST_EDGES}, and the {self.block} of a variable names its parents."
            )
        dag, tables = digraph(arcs, self._declared), self._read_tables()
        if isinstance(tables, dict):
            return BayesianNetwork(dag, observed, tables, name=self.name)
        note = f"The probability tables of {self.name} were not read ({tables}): only its structure is used."
        return BayesianNetwork(dag, observed, name=self.name, notes=(note,))

    def _read_tables(self) -> dict[str, ConditionalTable] | str:
        """A table for each variable, or why there are none."""
        states = {}
        for v, read in self._states.items():
            states[v] = read()
            if not states[v]:
                return f"{v} has no states"
        sizes = (math.prod(len(states[u]) for u in (*self._parents[v], v)) for v in self._declared)
        if sum(sizes) > MOST_NUMBERS:
            return f"they hold more than {MOST_NUMBERS:,} numbers"
        numbers = {v: self._tables[v](states) for v in self._declared}
        if unread := [v for v, table in numbers.items() if table is None]:
            return f"{unread[0]} has none that is read"
        for v in self._declared:
            if len({*states[v], ""}) <= len(states[v]):
                raise InputError(
                    f"{self.name} declares {v} in line {self.line(self._declared[v])} with states that have no name or "
                    "the same one; give each a name of its own."
                )
        return {v: ConditionalTable(self._parents[v], states[v], numbers[v]) for v in self._declared}

    def _check_complete(self) -> None:
        for child, parents in self._parents.items():
            for variable in (child, *parents):
                if variable not in self._declared:
                    raise InputError(
                        f"The {self.block} of {child} in line {self.line(self._places[child])} of {self.name} names "
                        f"{variable}, which is not declared; declare it or correct the name."
                    )
        for variable, place in self._declared.items():
            if variable not in self._parents:
                raise InputError(
                    f"{self.name} declares {variable} in line {self.line(place)} but has no {self.block} of it; "
                    "add one, or fetch the file again if it was cut off."
                )

    def _check_name(self, variable: str, place: int) -> None:
        if not variable.strip() or len(variable) > _LONGEST_NAME or len(variable.splitlines()) > 1:
            raise InputError(
                f"Line {self.line(place)} of {self.name} has the name {variable[:40]!r} of {len(variable)} letters; "
                f"a name has 1 to {_LONGEST_NAME} on one line, so correct it or look for a missing quote."
            )
