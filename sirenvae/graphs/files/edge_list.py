"""Edge lists as tables of text: a row for each edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sirenvae.errors import InputError
from sirenvae.graphs.files.adjacency import matrix_network
from sirenvae.graphs.files.drafting import network_of
from sirenvae.graphs.files.table import Row, table_rows
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.quoting import listed, shown

_PARENT = frozenset({"parent", "from", "source", "cause", "src", "start", "parents", "from_node", "source_node"})
_CHILD = frozenset(
    {"child", "to", "target", "effect", "dst", "dest", "destination", "end", "children", "to_node", "target_node"}
)
_INDEX = frozenset({"", "index", "unnamed: 0", "id", "row", "no", "nr", "#"})  # of R, pandas and Gephi: counts rows
_KIND = frozenset({"type", "directed"})  # Gephi says here whether an edge has a direction
_UNDIRECTED = frozenset({"undirected", "false", "mutual"})
_EXPECTED = "an edge list has two columns, parent and child, and a row for each edge"


class _Columns(NamedTuple):
    """Which column is what, how many there are, and what is said of the rest."""

    parent: int
    child: int
    width: int
    kind: int | None = None
    notes: tuple[str, ...] = ()


def parse_csv(text: str, name: str) -> BayesianNetwork:
    """An edge list or an adjacency matrix, separated by comma, semicolon or tab.

    Columns are found by their headings (parent and child, from and to, source and target, cause and effect), in any
    capitals and any order; without such a heading the first of two columns holds the parents. A row with one name
    declares a variable.

    Raises:
        InputError: If the table is neither, or looks like data.
    """
    rows, notes = table_rows(text, name)
    if not rows:
        raise InputError(f"{name} holds no row with a name in it; {_EXPECTED}.")
    columns = _by_heading(rows[0])
    if columns is not None:
        rows = rows[1:]
    elif (network := matrix_network(rows, name, notes)) is not None:
        return network
    else:
        _question_data(rows, name)
        columns = _by_place(rows, name)
    if not rows:
        raise InputError(f"{name} has a heading but no edge; an edge list has a row parent,child for each edge.")
    return _network(rows, columns, name, [*notes, *columns.notes])


def _by_heading(first: Row) -> _Columns | None:
    heads = [cell.lower().replace(" ", "_") for cell in first.cells]
    parents = [i for i, head in enumerate(heads) if head in _PARENT]
    children = [i for i, head in enumerate(heads) if head in _CHILD]
    if len(parents) != 1 or len(children) != 1:
        return None
    kind = next((i for i, head in enumerate(heads) if head in _KIND), None)
    used = {parents[0], children[0], kind}
    unread = [first.cells[i] for i, head in enumerate(heads) if i not in used and head.replace("_", " ") not in _INDEX]
    notes = (f"Columns that were not read: {listed(unread)}.",) if unread else ()
    return _Columns(parents[0], children[0], len(heads), kind, notes)


def _by_place(rows: Sequence[Row], name: str) -> _Columns:
    """Without a heading: two columns, or a third one with a number for each edge."""
    width = max(len(row.cells) for row in rows)
    note = f"No heading such as parent,child was found, so {shown(rows[0].cells[0])} -> {shown(rows[0].cells[-1])}"
    if width <= 2:
        is_edge = len(rows[0].cells) == 2 and all(rows[0].cells)
        return _Columns(0, 1, 2, None, (f"{note} of the first row is an edge.",) if is_edge else ())
    if width == 3 and all(len(row.cells) == 3 and _is_number(row.cells[2]) for row in rows):
        return _Columns(0, 1, 3, None, ("The third column, of numbers, was not read.",))
    row = next(row for row in rows if len(row.cells) > 2)
    raise InputError(
        f"Line {row.line} of {name} is {shown(','.join(row.cells))!r}, {len(row.cells)} columns without a heading that "
        f"says which are parent and child; {_EXPECTED}."
    )


def _network(rows: Sequence[Row], columns: _Columns, name: str, notes: list[str]) -> BayesianNetwork:
    edges, lines, variables, alone = [], [], {}, []
    for row in rows:
        if len(row.cells) > columns.width:
            raise InputError(
                f"Line {row.line} of {name} is {shown(','.join(row.cells))!r}, {len(row.cells)} columns where "
                f"{columns.width} were expected; {_EXPECTED}."
            )
        parent, child = (row.cells[i] if i < len(row.cells) else "" for i in (columns.parent, columns.child))
        if columns.kind is not None and row.cells[columns.kind : columns.kind + 1]:
            _check_kind(row, columns.kind, name)
        if parent and child:
            edges.append((parent, child))
            lines.append(row.line)
            variables[parent] = variables[child] = None
        elif parent or child:
            alone.append(parent or child)
            variables[parent or child] = None
    if not edges:
        _refuse(rows, name)
    if lonely := [v for v in dict.fromkeys(alone) if v]:
        notes.append(f"Rows with one name declare a variable and no edge: {listed(lonely)}.")
    return network_of(name, edges, variables, notes=notes, lines=lines)


def _check_kind(row: Row, kind: int, name: str) -> None:
    if row.cells[kind].lower() in _UNDIRECTED:
        raise InputError(
            f"Line {row.line} of {name} is an edge without a direction ({row.cells[kind]}); a Bayesian network "
            "needs to know which of two variables is the parent."
        )


def _refuse(rows: Sequence[Row], name: str) -> None:
    cell = next(cell for row in rows for cell in row.cells if cell) if rows else ""
    if any(arrow in cell for arrow in ("->", "<-", "→", "--")):
        raise InputError(
            f"{name} has arrows, such as {shown(cell)!r}, in place of two columns; name it .txt to read them."
        )
    came = shown(",".join(rows[0].cells))
    raise InputError(f"{name} has no edge: line {rows[0].line} is {came!r}, but {_EXPECTED}.")


def _question_data(rows: Sequence[Row], name: str) -> None:
    """Numbers are measurements, not edges; whole numbers in two columns without a heading may name variables."""
    first = rows[0].cells
    width, has_heading = len(first), not any(_is_number(cell) for cell in first if cell)
    body = rows[1:] if has_heading else rows
    beside_labels = 1 if width > 2 else 0
    cells = [cell for row in body for cell in row.cells[beside_labels:] if cell]
    if not cells or not all(map(_is_number, cells)):
        return
    if width == 2 and not has_heading and all(cell.isdecimal() for cell in cells):
        return
    raise InputError(
        f"{name} looks like data, {len(body):,} rows and {width:,} columns of numbers, not like a network; "
        f"{_EXPECTED}, or an adjacency matrix has the variables' names as its heading and 0 or 1 in each cell."
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return cell.lower() in ("na", "n/a", "null")
    return True
