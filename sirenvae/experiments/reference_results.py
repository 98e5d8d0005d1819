"""The results that come with the package: one JSON file per experiment, with the command that made it.

They are what the long runs of the experiments found, so that a page, a notebook or a reader can show them without
training anything. No torch here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.experiments.store import CODE_VERSION
from sirenvae.text_files import write_text

_DIGITS = 6  # Significant ones; the last of them is far below the spread of any run.
_FIELDS = ("experiment", "command", "version", "code_version", "settings", "notes", "rows")


@dataclass(frozen=True)
class ReferenceResults:
    """What an experiment found.

    Attributes:
        experiment: Its name, as in a store.
        command: The command line that made it.
        version: Of the package.
        code_version: Of the code that computes cells, :data:`~sirenvae.experiments.store.CODE_VERSION`.
        settings: What was asked for, plain values.
        notes: Sentences that a reader of the rows must know.
        rows: As the experiment's ``table`` gives them, numbers to six significant digits; what is not finite is
            ``None``.
    """

    experiment: str
    command: str
    version: str
    code_version: str
    settings: dict
    notes: tuple[str, ...]
    rows: tuple[dict, ...]


def reference_result_names(folder: Path | None = None) -> list[str]:
    """What :func:`reference_results` offers, in the order of the alphabet."""
    folder = _folder(folder)
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def reference_results(name: str, folder: Path | None = None) -> ReferenceResults:
    """Read the results of an experiment.

    Arguments:
        name: One of :func:`reference_result_names`, such as ``"table-1"`` or ``"elbo-vs-size"``.
        folder: Where to look instead of in the package.

    Raises:
        InputError: If there are none of that name, or their file is damaged.
    """
    names = reference_result_names(folder)
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "there are none yet"
        raise InputError(f"There are no reference results called {name!r}; {there}.")
    try:
        values = json.loads((_folder(folder) / f"{name}.json").read_text(encoding="utf-8"))
        fields = {field: values[field] for field in _FIELDS}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"The reference results {name}.json are damaged; bring back a copy.") from error
    return ReferenceResults(**fields | {"notes": tuple(fields["notes"]), "rows": tuple(fields["rows"])})


def write_reference_results(
    path: Path, experiment: str, command: str, settings: dict, notes: Sequence[str], rows: Sequence[dict]
) -> Path:
    """Write results to a file that :func:`reference_results` reads: a line for each row, so that changes can be seen.

    Arguments:
        path: The file, replaced if it is there.
        experiment, command, settings, notes, rows: As in :class:`ReferenceResults`, numbers not rounded yet.

    Returns:
        The path.

    Raises:
        InputError: If it cannot be written.
    """
    head = {
        "experiment": experiment,
        "command": command,
        "version": version("sirenvae"),
        "code_version": CODE_VERSION,
        "settings": settings,
    }
    fields = [f"{json.dumps(name)}: {_as_json(value)}" for name, value in head.items()]
    for name, lines in {"notes": notes, "rows": rows}.items():
        fields.append(f"{json.dumps(name)}: [\n" + ",\n".join(map(_as_json, lines)) + "\n]")
    return write_text(path, "{\n" + ",\n".join(fields) + "\n}\n")


def _folder(folder: Path | None):
    return files("sirenvae.data").joinpath("results") if folder is None else folder


def _as_json(value) -> str:
    return json.dumps(_rounded(value), ensure_ascii=False, allow_nan=False)


def _rounded(value):
    """Numbers to some significant digits; what is not finite is null."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
