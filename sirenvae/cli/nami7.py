"""The command ``figure nami-7``. Torch is imported when it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import STEPS, add_reference_argument, add_sweep_arguments, prepare, run
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_csv
from sirenvae.text_files import write_text


def add_nami7(figures) -> None:
    """Add the figure to the parser's."""
    words = "inference in a Bayesian mixture of 200 data: how fast each inverse learns"
    parser = figures.add_parser("nami-7", help=words)
    parser.add_argument("--preset", default="quick", help="quick (default) or paper")
    parser.add_argument("--inverses", nargs="+", help="some of reverse, topological, fully_connected; default all")
    parser.add_argument("--data", type=whole, help="data in a set instead of 200")
    parser.add_argument("--runs", type=whole, help="number of runs instead of the preset's")
    parser.add_argument("--first-seed", type=whole, help="seeds run from here (default 0)")
    parser.add_argument("--sets", type=whole, help="training sets instead of the preset's")
    parser.add_argument("--test", type=whole, help="test sets instead of the preset's")
    parser.add_argument("--steps", type=whole, help=STEPS)
    add_sweep_arguments(parser)
    add_reference_argument(parser)
    parser.set_defaults(command=_nami7)


def _nami7(options) -> None:
    from sirenvae.experiments.reference_results import write_reference_results

    trial = _asked(options)
    prepare(options)
    rows = trial.rows(run(options, trial, trial.name))
    notes = trial.notes(rows)
    try:
        _write(rows, trial, options.out)
    except OSError as error:
        raise InputError(f"The file {error.filename} cannot be written: {error.strerror}.") from error
    if options.reference:
        settings = trial.settings()
        file = write_reference_results(options.reference, trial.name, options.command_line, settings, notes, rows)
        print(f"wrote {file}")
    print("\n".join(notes))


def _asked(options):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import nami7

    given = {
        "inverses": options.inverses and tuple(options.inverses),
        "num_data": options.data,
        "num_runs": options.runs,
        "first_seed": options.first_seed,
        "num_sets": options.sets,
        "num_test": options.test,
        "num_steps": options.steps,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(nami7.preset(options.preset), **changes)


def _write(rows: list[dict], trial, folder: Path) -> None:
    from sirenvae.figures.export import write_html, write_png
    from sirenvae.figures.nami7 import nami7_figure

    title = f"Bayesian mixture of {trial.num_data} data: inference networks over three inverses ({trial.num_runs} runs)"
    figure, stem = nami7_figure(rows, title), folder / trial.name
    print(f"wrote {write_text(Path(f'{stem}.csv'), as_csv(rows))}")
    print(f"wrote {write_html(figure, Path(f'{stem}.html'))}")
    png = write_png(figure, Path(f"{stem}.png"))
    print(f"wrote {png}" if png else "no PNG: it needs Chromium or Chrome, and neither was found")
