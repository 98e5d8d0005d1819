"""What the commands share that run sweeps: options, workers, a store, a progress bar, a folder to write to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sirenvae.cli.options import whole
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_page, without_nan, write_table
from sirenvae.text_files import make_folder

STEPS = "training steps instead of the recipe's; of a recipe that ends by itself, the most it takes"

# Of a bar that counts costs, which say nothing to the reader.
BAR_OF_COSTS = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


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


def follow(
    events: Iterable, lengths: Mapping[Any, int], done: Callable[[Any], float], title: str, **bar_settings
) -> list:
    """Show a bar with the time left; return the points.

    Arguments:
        events: Progress, with a ``cell``, and points, with ``cell`` and ``was_stored``.
        lengths: Of each cell, its share of the bar.
        done: How much of its share a cell has done, from its progress.
        title: Before the bar.
        bar_settings: As tqdm takes them.
    """
    from tqdm import tqdm

    reached, points = dict.fromkeys(lengths, 0), []
    with tqdm(total=sum(lengths.values()), desc=title, dynamic_ncols=True, **bar_settings) as bar:
        for event in events:
            length, is_point = lengths[event.cell], hasattr(event, "was_stored")
            if is_point:
                points.append(event)
                bar.set_postfix_str(f"{len(points)} of {len(lengths)} cells", refresh=False)
            if is_point and event.was_stored:  # It took no time, so it must not make the time left look shorter.
                bar.total -= length
                bar.refresh()
                continue
            now = length if is_point else min(length, round(done(event)))
            bar.update(max(0, now - reached[event.cell]))
            reached[event.cell] = max(now, reached[event.cell])
    return points


def deliver(
    options,
    experiment: str,
    stem: str,
    rows: Sequence[dict],
    texts: tuple[list[list[str]], list[bool]],
    notes: Sequence[str],
    settings: dict,
) -> None:
    """Write a table to the folder, and as reference results where they are asked for; print it, and what was written.

    Arguments:
        options: ``out``, ``reference``, ``json`` and ``command_line``.
        experiment: Its name in the reference results.
        stem: Of the names of the files in the folder.
        rows: At least one, all with the same names.
        texts: Of the rows with a head, and which columns are numbers.
        notes: Sentences below the table.
        settings: Of the experiment, plain values.

    Raises:
        InputError: If a file cannot be written.
    """
    from sirenvae.experiments.reference_results import write_reference_results

    shown = json.dumps(without_nan(rows), indent=1) if options.json else as_page(*texts, notes)
    try:
        written = write_table(options.out / stem, rows, *texts, notes)
        if options.reference:
            command = options.command_line
            written.append(write_reference_results(options.reference, experiment, command, settings, notes, rows))
    except InputError:
        print(shown)  # hours of training are not lost
        raise
    print(shown)
    if not options.json:
        print("\n".join(f"wrote {path}" for path in written))
