"""The command ``results``: what a store of sweeps holds, or what comes with the package, as a table or a file."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
import sys
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_latex, as_lines, as_markdown, without_nan
from sirenvae.experiments.reference_texts import from_reference
from sirenvae.text_files import write_text

_FORMATS = ("table", "csv", "markdown", "latex", "json")
_SUFFIXES = {".csv": "csv", ".md": "markdown", ".tex": "latex", ".json": "json"}


def add_commands(commands) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "results", help="list or export what a store of sweeps holds, or the reference results"
    )
    parser.add_argument("store", metavar="STORE", nargs="?", type=Path, help="the file a sweep wrote to")
    words = "instead of a store the results that come with the package; without a name it says which there are"
    parser.add_argument("--reference", metavar="NAME", nargs="?", const="", help=words)
    parser.add_argument("--experiment", metavar="NAME", help="only this experiment")
    parser.add_argument("--format", help=f"{', '.join(_FORMATS)}; default by the name of --out, else table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of the screen")
    parser.set_defaults(command=_results)


def _results(options) -> None:
    if (options.store is None) == (options.reference is None):
        raise InputError("Name either the file of a store or --reference, for the results that come with the package.")
    if options.reference is not None and options.experiment:
        raise InputError("--experiment is for a store; --reference takes the name of the experiment itself.")
    suffix = options.out.suffix.lower() if options.out else ""
    form = options.format or _SUFFIXES.get(suffix, "table")
    if form not in _FORMATS:
        raise InputError(f"There is no format {form!r}; it is one of {', '.join(_FORMATS)}.")
    text, num_rows = from_reference(options.reference, form) if options.store is None else _from_store(options, form)
    if options.out is None:
        print(text)
        return
    if not num_rows:
        raise InputError(f"There are no rows to write to {options.out}.")
    write_text(options.out, text + "\n")
    print(f"wrote {num_rows} rows to {options.out}")


def _from_store(options, form: str) -> tuple[str, int]:
    from sirenvae.experiments.store import Store

    with Store(options.store, writable=False) as store:
        rows, outdated = store.rows(options.experiment), store.num_outdated(options.experiment)
        names = {row.experiment for row in store.rows()} if options.experiment else set()
    if outdated:
        print(f"{outdated} rows were computed by another version of the code and are left out.", file=sys.stderr)
    if options.experiment and not rows:
        there = f"it holds {', '.join(sorted(names))}" if names else "it holds no finished cells"
        raise InputError(f"The store {options.store} has no results of {options.experiment!r}; {there}.")
    return _written(rows, form), len(rows)


def _written(rows, form: str) -> str:
    if form == "json":
        return json.dumps([without_nan(vars(row)) for row in rows], indent=1)
    table, same = _as_table(rows, spread=form == "csv")
    if form == "csv":
        return _as_csv(table)
    if not rows:
        return "No finished cells."
    texts = [[name.replace("_", " ").replace(".", " ") for name in table[0]]]
    texts += [[_as_text(value) for value in row.values()] for row in table]
    right = [all(not isinstance(row[name], str) for row in table) for name in table[0]]
    if form != "table":
        return {"markdown": as_markdown, "latex": as_latex}[form](texts, right)
    shared = ", ".join(f"{name.replace('.', ' ')} {_short(_as_text(value))}" for name, value in same.items())
    lines = as_lines(texts, right)
    return f"{lines}\nThe same in all rows: {shared}." if shared else lines


def _as_table(rows, spread: bool) -> tuple[list[dict], dict]:
    """A dict per row with the same names: configs where they differ, results, seconds.

    A list of numbers, one for each seed say, is its mean and standard deviation: in two columns if `spread`, else as a
    pair.

    Returns:
        The table, and what all configs share.
    """
    configs = [{"experiment": row.experiment, **_flat(row.config)} for row in rows]
    names = list(dict.fromkeys(name for config in configs for name in config))
    values = {name: [config.get(name) for config in configs] for name in names}
    same = {name: column[0] for name, column in values.items() if column.count(column[0]) == len(column)}
    results = [_summary(row.result, spread) for row in rows]
    found = list(dict.fromkeys(name for result in results for name in result))
    table = [
        {name: config.get(name) for name in names if name not in same}
        | {name: result.get(name) for name in found}
        | {"seconds": round(row.seconds, 1)}
        for row, config, result in zip(rows, configs, results, strict=True)
    ]
    return table, same


def _flat(nested: dict, stem: str = "") -> dict:
    """``{"recipe": {"name": ...}}`` becomes ``{"recipe.name": ...}``."""
    flat = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{stem}{name}.") if isinstance(value, dict) else {stem + name: value}
    return flat


def _summary(result: dict, spread: bool) -> dict:
    summary = {}
    for name, value in _flat(result).items():
        if not _are_numbers(value):
            summary[name] = value
            continue
        mean, deviation = statistics.fmean(value), statistics.stdev(value) if len(value) > 1 else None
        summary |= {f"{name}_mean": mean, f"{name}_sd": deviation} if spread else {name: (mean, deviation)}
    return summary


def _are_numbers(value) -> bool:
    """Whether this is a list of finite numbers, at least one."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(number, int | float) and math.isfinite(number) for number in value)


def _as_text(value) -> str:
    if isinstance(value, tuple):
        mean, deviation = value
        return _as_text(mean) if deviation is None else f"{mean:.6g} ± {deviation:.2g}"
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def _as_csv(table: list[dict]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table[0] if table else [])
    for row in table:
        writer.writerow([json.dumps(value) if isinstance(value, list) else value for value in row.values()])
    return file.getvalue().rstrip("\n")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
