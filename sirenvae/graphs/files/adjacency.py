"""Adjacency matrices as tables of text: the row is the parent, the column the child."""

from __future__ import annotations

from collections.abc import Sequence

from sirenvae.errors import InputError
from sirenvae.graphs.files.drafting import network_of
from sirenvae.graphs.files.table import Row
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import shown

_NONE = frozenset({"", "0", "0.0", "false", "na", "nan", "."})
_ONE = frozenset({"1", "1.0", "true"})


def matrix_network(rows: Sequence[Row], name: str, notes: Sequence[str]) -> BayesianNetwork | None:
    """The network of a square table with names above, and perhaps at the left too; ``None`` for another table.

    With names on both sides any number but 0 is an edge; with a heading alone every cell must be 0 or 1, as a table of
    measurements may be square, too.

    Raises:
        InputError: If the matrix is symmetric or its diagonal is not 0, so that it is no directed acyclic graph's.
    """
    found = _labelled(rows) or _headed(rows)
    if found is None:
        return None
    names, cells = found
    marks = [[cell.lower() not in _NONE for cell in row] for row in cells]
    _check_directed(names, marks, name)
    weighted = any(cell.lower() not in _NONE | _ONE for row in cells for cell in row)
    said = [*notes, "The table was read as an adjacency matrix: the row is the parent, the column the child."]
    said += ["Numbers other than 0 and 1 mark an edge; they were not read beyond that."] if weighted else []
    edges = [(names[i], names[j]) for i, row in enumerate(marks) for j, marked in enumerate(row) if marked]
    return network_of(name, edges, names, notes=said)


def _labelled(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]] | None:
    """Names in the heading and in the first column, in the same order."""
    size = len(rows) - 1
    if size < 2 or any(len(row.cells) != size + 1 for row in rows[1:]) or len(rows[0].cells) not in (size, size + 1):
        return None
    names = rows[0].cells[-size:]
    if names != tuple(row.cells[0] for row in rows[1:]) or len(set(names)) < size or not all(names):
        return None
    cells = [row.cells[1:] for row in rows[1:]]
    return (names, cells) if all(_is_entry(cell) for row in cells for cell in row) else None


def _headed(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]] | None:
    """Names in the heading alone, 0 or 1 below."""
    names, cells = rows[0].cells, [row.cells for row in rows[1:]]
    if len(names) < 2 or len(cells) != len(names) or not all(names) or len(set(names)) < len(names):
        return None
    if any(name.lower() in _NONE | _ONE for name in names) or any(len(row) != len(names) for row in cells):
        return None
    return (names, cells) if all(cell.lower() in _NONE | _ONE for row in cells for cell in row) else None


def _check_directed(names: Sequence[str], marks: list[list[bool]], name: str) -> None:
    size = range(len(names))
    on_diagonal = [names[i] for i in size if marks[i][i]]
    if on_diagonal:
        raise InputError(
            f"{name} is a square table whose diagonal is not 0, at {shown(on_diagonal[0])} for one: it looks like "
            "correlations, not like a network; an adjacency matrix has 1 where the row is a parent of the column."
        )
    both = next(((i, j) for i in size for j in size if i < j and marks[i][j] and marks[j][i]), None)
    if both is not None:
        a, b = (shown(names[i]) for i in both)
        raise InputError(
            f"{name} is an adjacency matrix with both {a} -> {b} and {b} -> {a}; an edge of a Bayesian network has one "
            "direction, so set the one of the two to 0 whose row is not the parent."
        )


def _is_entry(cell: str) -> bool:
    if cell.lower() in _NONE | _ONE:
        return True
    try:
        return float(cell) == float(cell)
    except ValueError:
        return False
