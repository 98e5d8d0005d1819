"""The command ``table``: reproduce a table. Torch is imported when it runs."""

from __future__ import annotations

from dataclasses import replace

from sirenvae.cli import parts, tuning
from sirenvae.cli.networks import add_observed_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import STEPS, add_reference_argument, add_sweep_arguments, reproduce
from sirenvae.errors import InputError


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
    reproduce(options, _asked(options), f"table-1-{options.preset}")


def _asked(options):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import table1
    from sirenvae.training import SELECTED
    from sirenvae.training.recipes import RECIPES

    if options.observed and not options.networks:
        raise InputError("--observed is for the networks of --networks; those of a preset keep their own.")
    trial = table1.preset(
        options.preset, options.networks and [load(name, options.observed) for name in options.networks]
    )
    there = {**RECIPES, SELECTED: SELECTED}
    unknown = [name for name in options.recipes or () if name not in there]
    if unknown:
        raise InputError(f"The recipe {unknown[0]!r} does not exist; it is one of {', '.join(there)}.")
    recipes = tuple(there[name] for name in options.recipes) if options.recipes else trial.recipes
    if options.steps is not None:
        if SELECTED in recipes:
            raise InputError(f"The recipe {SELECTED!r} chooses its steps; leave --steps or this recipe out.")
        recipes = tuple(replace(one, num_steps=options.steps) for one in recipes)
    changes = {"multiples": options.multiples and tuple(options.multiples)}
    changes |= {"num_runs": options.runs, "num_test": options.test}
    return replace(trial, recipes=recipes, **{name: value for name, value in changes.items() if value is not None})
