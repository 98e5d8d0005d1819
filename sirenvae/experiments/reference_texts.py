"""The results that come with the package, as texts for files and the screen."""

from __future__ import annotations

import json
from dataclasses import asdict

from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_csv, as_latex, as_lines, as_markdown
from sirenvae.experiments.reference_results import ReferenceResults, reference_result_names, reference_results
from sirenvae.experiments.texts import TEXTS


def from_reference(name: str, form: str) -> tuple[str, int]:
    """Write reference results.

    Arguments:
        name: Of :func:`~sirenvae.experiments.reference_results.reference_result_names`; empty lists these.
        form: table, csv, markdown, latex or json.

    Returns:
        The text, and how many rows it has.

    Raises:
        InputError: If there are no results of that name.
    """
    if not name:
        return _listed(form)
    results = reference_results(name)
    if form == "json":
        return json.dumps(asdict(results), indent=1), len(results.rows)
    if form == "csv":
        return as_csv(results.rows, line_end="\n").rstrip("\n"), len(results.rows)
    texts, right = TEXTS[results.experiment](results.rows)
    about = [f"{_origin(results)}.", *results.notes]
    if form == "latex":
        return "\n".join([*(f"% {line}" for line in about), as_latex(texts, right)]), len(texts) - 1
    table = as_markdown(texts, right) if form == "markdown" else as_lines(texts, right)
    return "\n".join([table, "", *about]), len(texts) - 1


def _listed(form: str) -> tuple[str, int]:
    if form != "table":
        raise InputError(f"The list of reference results is no {form}; name one of them.")
    every = {name: reference_results(name) for name in reference_result_names()}
    lines = [f"{name}: {len(results.rows)} rows, {_origin(results)}" for name, results in every.items()]
    return "\n".join(lines or ["There are no reference results yet."]), len(lines)


def _origin(results: ReferenceResults) -> str:
    return f"made by {results.command} (sirenvae {results.version}, code version {results.code_version})"
