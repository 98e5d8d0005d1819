"""Tables of text: comma, semicolon or tab between cells, quotes, comments, whatever ends a line."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import NamedTuple

from sirenvae.errors import InputError
from sirenvae.graphs.files.drafting import MOST, check_size
from sirenvae.graphs.quoting import shown

_DELIMITERS = ("\t", ";", ",")
_ROWS_TO_JUDGE = 20
_SEPARATOR = re.compile(r"\s*+\"?sep=(.)\"?[ \t]*+(?:\n|\Z)")  # Excel's first line
_COMMENT = re.compile(r"^[ \t]*+#.*+$", re.MULTILINE)


class Row(NamedTuple):
    """One row: the line in which it ends, from 1, and its cells without blanks around them."""

    line: int
    cells: tuple[str, ...]


def table_rows(text: str, name: str) -> tuple[list[Row], list[str]]:
    """The rows that hold something, and notes.

    Lines that begin with ``#`` are comments. The delimiter is the one that Excel's line ``sep=;`` names, else the one
    that cuts the first rows into equally many cells.

    Raises:
        InputError: If a quote is not closed or stands inside of a cell.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    named = _SEPARATOR.match(text)
    if named:
        text = "\n" * named[0].count("\n") + text[named.end() :]
    text, comments = _COMMENT.subn("", text)
    notes = [f"Lines that begin with # were taken as comments: {comments:,}."] if comments else []
    delimiter = named[1] if named else _delimiter(text)
    return _parsed(text, delimiter, name), notes


def _parsed(text: str, delimiter: str, name: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows = []
    try:
        for cells in reader:
            stripped = tuple(map(str.strip, cells))
            if any(stripped):
                rows.append(Row(reader.line_num, stripped))
            if len(rows) > MOST["rows or more"] + 1:  # the heading is no edge
                break
    except csv.Error as error:
        raise InputError(
            f"Line {reader.line_num} of {name} is no row of a table: {error}; a name with {shown(delimiter)!r} or a "
            "line break in it stands in quotes, and a quote in quotes is doubled."
        ) from error
    check_size(len(rows) - 1, "rows or more", name)
    return rows


def _delimiter(text: str) -> str:
    """The delimiter under which the first rows have the same number of cells, more than one."""
    there = [delimiter for delimiter in _DELIMITERS if delimiter in text]
    for delimiter in there:
        widths = _first_widths(text, delimiter)
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return max(there, key=lambda delimiter: max(_first_widths(text, delimiter), default=0), default=",")


def _first_widths(text: str, delimiter: str) -> set[int]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        return {len(row) for row in islice((row for row in rows if any(map(str.strip, row))), _ROWS_TO_JUDGE)}
    except csv.Error:  # said once the whole is read
        return set()
