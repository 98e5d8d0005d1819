"""The results that come with the package, as texts: ``results --reference``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean, stdev

from sirenvae.cli.formats import LEARNERS, as_csv, as_latex, as_lines, as_markdown
from sirenvae.cli.parts import parts_texts
from sirenvae.cli.tables import table1_texts
from sirenvae.cli.tuning import tuning_texts
from sirenvae.errors import InputError
from sirenvae.experiments.reference_results import ReferenceResults, reference_result_names, reference_results


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
        return as_csv(results.rows).replace("\r\n", "\n").rstrip("\n"), len(results.rows)
    texts, right = _TEXTS[results.experiment](results.rows)
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


def figure_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the figure as texts with a head, seeds together, and which columns are numbers."""
    cells: dict[tuple, list[dict]] = {}
    for row in rows:
        cells.setdefault((row["network"], row["size"], row["model"], row["recipe"]), []).append(row)
    head = ["network", "points", "model", "recipe", "seeds", "ELBO", "IWAE bound", "excess NLL", "true log evidence"]
    body = [
        [network, str(size), LEARNERS[model], recipe or "-", str(len(seeds))]
        + [_spread([row[name] for row in seeds]) for name in ("elbo", "iwae", "excess_nll")]
        + [_truth(seeds[0])]
        for (network, size, model, recipe), seeds in cells.items()
    ]
    return [head, *body], [name not in ("network", "model", "recipe") for name in head]


def _spread(values: Sequence[float | None]) -> str:
    if None in values:
        return "-"
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _truth(row: dict) -> str:
    error = row["true_log_evidence_error"]
    return f"{row['true_log_evidence']:.3f}" + (f" (estimated ± {error:.2g})" if error else "")


_TEXTS = {"table-1": table1_texts, "elbo-vs-size": figure_texts, "parts": parts_texts, "tuning": tuning_texts}
