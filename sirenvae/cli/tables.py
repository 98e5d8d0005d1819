"""The command ``table``: reproduce a table. Torch is imported when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sirenvae.cli import parts, tuning
from sirenvae.cli.formats import LEARNERS
from sirenvae.cli.networks import add_observed_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import (
    BAR_OF_COSTS,
    STEPS,
    add_reference_argument,
    add_sweep_arguments,
    deliver,
    follow,
    prepare,
    resources,
)
from sirenvae.errors import InputError

_TEXTS = ("network", "learner", "recipe", "chosen")


def add_commands(commands) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("table", help="reproduce a table: writes it as CSV, Markdown and LaTeX")
    tables = parser.add_subparsers(required=True, metavar="TABLE")
    first = tables.add_parser("1", help="the learners of the SIReN-VAE paper, few and many training points")
    first.add_argument("--preset", default="quick", help="quick (default) or paper")
    names = "names (see networks) or files, instead of the preset's"
    first.add_argument("--networks", nargs="+", metavar="NETWORK", help=names)
    add_observed_argument(first)
    first.add_argument("--multiples", type=whole, nargs="+", help="training points per variable (default 2 100)")
    first.add_argument("--recipes", nargs="+", metavar="RECIPE", help="instead of the preset's, a row for each")
    first.add_argument("--runs", type=whole, help="instead of the preset's")
    first.add_argument("--test", type=whole, help="test points of each run instead of the preset's")
    first.add_argument("--steps", type=whole, help=STEPS)
    first.add_argument("--json", action="store_true", help="machine-readable output")
    add_sweep_arguments(first)
    add_reference_argument(first)
    first.set_defaults(command=_table1)
    parts.add_command(tables)
    tuning.add_command(tables)


def _table1(options) -> None:
    from sirenvae.experiments import table1 as experiment
    from sirenvae.experiments.learners import settings_of

    config = _config(options)
    prepare(options)
    with resources(options) as (executor, line, store):
        lengths = {cell: config.cost(cell) for cell in config.cells()}
        points = follow(
            experiment.run(config, executor, line, store),
            lengths,
            lambda event: config.training_cost(event.cell) * event.step / event.num_steps,
            "table 1",
            bar_format=BAR_OF_COSTS,
        )
    rows = experiment.table(config, points)
    notes, stem = experiment.notes(config, rows), f"table-1-{options.preset}"
    deliver(options, "table-1", stem, rows, table1_texts(rows), notes, settings_of(config))


def _config(options):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import table1 as experiment
    from sirenvae.training import SELECTED
    from sirenvae.training.recipes import RECIPES

    if options.observed and not options.networks:
        raise InputError("--observed is for the networks of --networks; those of a preset keep their own.")
    config = experiment.preset(
        options.preset, options.networks and [load(name, options.observed) for name in options.networks]
    )
    there = {**RECIPES, SELECTED: SELECTED}
    unknown = [name for name in options.recipes or () if name not in there]
    if unknown:
        raise InputError(f"The recipe {unknown[0]!r} does not exist; it is one of {', '.join(there)}.")
    recipes = tuple(there[name] for name in options.recipes) if options.recipes else config.recipes
    if options.steps is not None:
        if SELECTED in recipes:
            raise InputError(f"The recipe {SELECTED!r} chooses its steps; leave --steps or this recipe out.")
        recipes = tuple(replace(one, num_steps=options.steps) for one in recipes)
    changes = {"multiples": options.multiples and tuple(options.multiples)}
    changes |= {"num_runs": options.runs, "num_test": options.test}
    return replace(config, recipes=recipes, **{name: value for name, value in changes.items() if value is not None})


def table1_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of table 1 as texts with a head, and which columns are numbers."""
    columns = {
        "network": [row["network"] for row in rows],
        "points": [_number(row["training_points"], 0) for row in rows],
        "per variable": [_number(row["multiple"], 0) for row in rows],
        "learner": [_learner(row) for row in rows],
        "recipe": [row["recipe"] or "-" for row in rows],
        "chosen": [row["chosen"] or "-" for row in rows],
        "NLL": [_spread(row, "nll") for row in rows],
        "excess NLL": [_spread(row, "excess_nll") for row in rows],
        "paper": [_number(row["paper_excess_nll"], 2) for row in rows],
        "effective samples": [_spread(row, "effective_sample_size", 1) for row in rows],
        "reconstruction error": [_spread(row, "reconstruction_error") for row in rows],
        "ELBO": [_spread(row, "elbo") for row in rows],
        "exact entropy": [_number(row["exact_entropy"], 3) for row in rows],
    }
    if not any(row["chosen"] for row in rows):
        del columns["chosen"]
    body = [list(row) for row in zip(*columns.values(), strict=True)]
    return [list(columns), *body], [name not in _TEXTS for name in columns]


def _learner(row: dict) -> str:
    error = row["nll_standard_error"]
    return LEARNERS[row["learner"]] + (f", estimated ± {error:.2g}" if error else "")


def _spread(row: dict, name: str, digits: int = 3) -> str:
    """Mean and standard deviation over runs."""
    mean, deviation = row[f"{name}_mean"], row[f"{name}_sd"]
    return _number(mean, digits) + ("" if deviation is None else f" ± {_number(deviation, digits)}")


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.000
