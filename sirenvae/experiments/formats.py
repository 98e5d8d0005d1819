"""Tables of texts for the screen, Markdown and LaTeX, and their files. The first row of texts is the head."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from sirenvae.text_files import write_text

_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}", "±": r"$\pm$"}


def as_lines(texts: list[list[str]], right: list[bool]) -> str:
    """Aligned columns; `right` says which are aligned to the right."""
    return "\n".join("  ".join(row).rstrip() for row in aligned(texts, right))


def aligned(texts: list[list[str]], right: list[bool]) -> list[list[str]]:
    """The texts, those of a column equally wide."""
    wide = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [[f"{text:{'>' if r else '<'}{w}}" for text, r, w in zip(row, right, wide, strict=True)] for row in texts]


def as_markdown(texts: list[list[str]], right: list[bool]) -> str:
    """A table of GitHub's Markdown."""
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in texts]
    rule = "|" + "|".join(" ---: " if r else " --- " for r in right) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def as_latex(texts: list[list[str]], right: list[bool]) -> str:
    """A tabular; signs that LaTeX keeps for itself are escaped."""
    escaped = str.maketrans(_LATEX)
    head, *body = [" & ".join(text.translate(escaped) for text in row) + r" \\" for row in texts]
    columns = "".join("r" if r else "l" for r in right)
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", head, r"\hline", *body, r"\end{tabular}"])


def as_csv(rows: Sequence[dict], line_end: str = "\r\n") -> str:
    """Rows with the same names as CSV; columns of lists, such as curves, are left out."""
    text = io.StringIO()
    columns = [name for name, value in rows[0].items() if not isinstance(value, (list, dict))]
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def without_nan(value):
    """A value for JSON, which has no NaN and no infinity: here they are null."""
    if isinstance(value, dict):
        return {name: without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_page(texts: list[list[str]], right: list[bool], notes: Sequence[str]) -> str:
    """A table of Markdown, columns aligned, and sentences below it."""
    return "\n".join([as_markdown(aligned(texts, right), right), "", *notes, ""])


def write_table(
    stem: Path,
    rows: Sequence[dict],
    texts: list[list[str]],
    right: list[bool],
    notes: Sequence[str],
) -> list[Path]:
    """Write rows as CSV, and their texts with notes as Markdown and LaTeX.

    Arguments:
        stem: Of the files.
        rows: With the same names.
        texts, right: As for :func:`as_markdown`.
        notes: Sentences.

    Returns:
        The paths, in this order.

    Raises:
        InputError: If one cannot be written.
    """
    comments = "".join(f"% {note}\n" for note in notes)
    forms = {
        ".csv": as_csv(rows),
        ".md": as_page(texts, right, notes),
        ".tex": comments + as_latex(texts, right) + "\n",
    }
    return [write_text(stem.with_name(stem.name + suffix), text) for suffix, text in forms.items()]
