"""Edge lists as tables of text."""

from __future__ import annotations

import csv
import io

from sirenvae.errors import InputError
from sirenvae.graphs.files.digraph import digraph
from sirenvae.graphs.network import BayesianNetwork


def parse_csv(text: str, name: str) -> BayesianNetwork:
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)
    ]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not all(row):
            raise InputError(
                f"Row {number} of {name} is {','.join(row)!r}; an edge list has two columns, parent and child."
            )
    if rows[0] in (["parent", "child"], ["from", "to"], ["source", "target"]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{name} has a heading but no edge; an edge list has a row parent,child for each edge.")
    return BayesianNetwork(digraph(rows, ()), name=name)
