"""What the commands share that run sweeps: options, workers, a store, a progress bar, a folder to write to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sirenvae.cli.options import whole
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_page, without_nan, write_table
from sirenvae.text_files import make_folder

if TYPE_CHECKING:
    from sirenvae.experiments.trial import Point, Trial

STEPS = "training steps instead of the recipe's; of a recipe that ends by itself, the most it takes"


def add_sweep_arguments(parser) -> None:
    """Add where cells run, where finished ones are kept, and where files are written."""
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder to write to (default results)")
    parser.add_argument("--workers", type=whole, help="processes (default: one for each core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="run on the workers of this Dask scheduler instead")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep finished cells there, and go on from there")


def add_reference_argument(parser) -> None:
    """Add where results like those that come with the package are written."""
    words = "write what is found there too, with this command, as results like those that come with the package"
    parser.add_argument("--reference", type=Path, metavar="FILE", help=words)


def prepare(options) -> None:
    """Make the folders that :func:`add_sweep_arguments` and :func:`add_reference_argument` name.

    Raises:
        InputError: If nothing could be written there in the end, or the number of workers cannot be used.
    """
    if options.workers is not None and options.cluster is not None:
        raise InputError("--workers is for processes on this machine; the workers of a --cluster are started there.")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"The number of workers is at least 1, but {options.workers} came.")
    make_folder(options.out)
    if options.reference is not None:
        make_folder(options.reference.parent)
        if options.reference.is_dir():
            raise InputError(f"The file {options.reference} cannot be written: it is a folder.")


@contextmanager
def resources(options) -> Iterator[tuple]:
    """Open the workers, their line and the store of :func:`add_sweep_arguments`.

    Yields:
        The executor, the line or ``None``, the store or ``None``.

    Raises:
        InputError: If no scheduler answers, or the store cannot be used.
    """
    from sirenvae.experiments.executors import cluster, local_processes
    from sirenvae.experiments.store import Store

    num_workers = options.workers or os.cpu_count() or 1
    workers = local_processes(num_workers) if options.cluster is None else _with_no_line(cluster(options.cluster))
    with workers as (executor, line), Store(options.store) if options.store else nullcontext() as store:
        if store and (outdated := store.num_outdated()):
            print(f"{outdated} rows of {options.store} are of another version of the code: left out.", file=sys.stderr)
        yield executor, line, store


@contextmanager
def _with_no_line(workers) -> Iterator[tuple]:
    with workers as executor:
        yield executor, None


def run(options, trial: Trial, title: str) -> list[Point]:
    """Run a trial as :func:`add_sweep_arguments` says, with a bar; return its points.

    Raises:
        InputError: If no scheduler answers, the store cannot be used, or cells failed.
    """
    from sirenvae.experiments.following import follow

    with resources(options) as (executor, line, store):
        return follow(trial, trial.run(executor, line, store), title)


def reproduce(options, trial: Trial, stem: str, settings: dict | None = None, title: str | None = None) -> list[dict]:
    """Run the trial of a table, write the table to the folder, and as reference results where these are asked for;
    print it, and what was written.

    Arguments:
        options: Those of :func:`add_sweep_arguments`, ``reference``, ``json`` and ``command_line``.
        trial: What is run.
        stem: Of the names of the files in the folder.
        settings: Of the trial, plain values, if not simply its fields.
        title: Of the bar.

    Returns:
        The rows.

    Raises:
        InputError: If cells failed, or something cannot be used or written.
    """
    from sirenvae.experiments.reference_results import write_reference_results
    from sirenvae.experiments.texts import TEXTS

    prepare(options)
    rows = trial.rows(run(options, trial, title or f"table {trial.name.removeprefix('table-')}"))
    notes, texts, settings = trial.notes(rows), TEXTS[trial.name](rows), settings or trial.settings()
    shown = json.dumps(without_nan(rows), indent=1) if options.json else as_page(*texts, notes)
    try:
        written = write_table(options.out / stem, rows, *texts, notes)
        if options.reference:
            command = options.command_line
            written.append(write_reference_results(options.reference, trial.name, command, settings, notes, rows))
    except InputError:
        print(shown)  # hours of training are not lost
        raise
    print(shown)
    if not options.json:
        print("\n".join(f"wrote {path}" for path in written))
    return rows
