"""Commands that train: ``train`` and ``figure``. Torch is imported when one of them runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sirenvae.cli.compiled import add_figures
from sirenvae.cli.nami4 import add_nami4
from sirenvae.cli.nami7 import add_nami7
from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import positive, whole
from sirenvae.cli.sweeping import STEPS, add_reference_argument, add_sweep_arguments, prepare, run
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_csv, without_nan
from sirenvae.text_files import write_text

_FOR_VAES = ("default", "paper")  # the other recipes are for inference networks


def add_commands(commands) -> None:
    """Add the commands to the parser's."""
    _add_train(commands)
    _add_figure(commands)


def _add_train(commands) -> None:
    parser = commands.add_parser(
        "train", help="train one model on data drawn from a network and compare it with the truth"
    )
    add_network_argument(parser, "network")
    parser.add_argument(
        "--structure", default="true", help="true (default), fully_connected, independent or vanilla_vae"
    )
    parser.add_argument("--size", type=whole, help="training points; default two for each variable")
    parser.add_argument("--seeds", type=whole, default=3, help="training sets, trained as one program (default 3)")
    parser.add_argument("--first-seed", type=whole, default=0, help="seeds run from here (default 0)")
    parser.add_argument("--recipe", default="default", help="default, paper or selected")
    parser.add_argument("--learning-rate", type=positive, help="instead of the recipe's")
    parser.add_argument("--steps", type=whole, help=STEPS)
    parser.add_argument("--test", type=whole, default=1000, help="test points (default 1000)")
    parser.add_argument("--iwae", type=whole, default=500, help="samples of the IWAE bound (default 500)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(command=_train)


def _add_figure(commands) -> None:
    parser = commands.add_parser(
        "figure", help="reproduce a figure: writes it as HTML (and PNG) and its numbers as CSV"
    )
    figures = parser.add_subparsers(required=True, metavar="FIGURE")
    elbo = figures.add_parser("elbo-vs-size", help="ELBO against training-set size")
    add_network_argument(elbo, "--network", nargs="+", default=["ecoli70"])
    elbo.add_argument("--preset", default="quick", help="minute, structures, quick (default) or paper")
    elbo.add_argument("--sizes", type=whole, nargs="+", help="training-set sizes instead of the preset's")
    elbo.add_argument("--seeds", type=whole, help="number of seeds instead of the preset's")
    elbo.add_argument("--steps", type=whole, help=STEPS)
    add_sweep_arguments(elbo)
    add_reference_argument(elbo)
    elbo.set_defaults(command=_elbo_vs_size)
    add_figures(figures)
    add_nami4(figures)
    add_nami7(figures)


def _train(options) -> None:
    from sirenvae.experiments.elbo_vs_size import ElboVsSize
    from sirenvae.experiments.following import follow
    from sirenvae.experiments.settings import ABOUT_SELECTED, name_of

    recipe, network = _recipe(options), load(options.network, options.observed)
    size = 2 * len(network.variables) if options.size is None else options.size
    trial = ElboVsSize(
        network,
        sizes=(size,),
        models=(options.structure,),
        num_seeds=options.seeds,
        first_seed=options.first_seed,
        recipe=recipe,
        num_test=options.test,
        iwae_samples=options.iwae,
    )
    [point] = follow(trial, trial.run(), network.name)
    rows, found = trial.rows([point]), point.values
    if options.json:
        print(json.dumps(without_nan(rows), indent=1))
        return
    print(f"{network.name}, {options.structure}, {size} points, recipe {name_of(recipe)}")
    error = f" ± {found['truth_error']:.2g}" if found["truth_error"] else ""
    kind = "estimated" if error else "exact"
    print(f"  {kind} log evidence of the test points {found['truth']:.3f}{error} nats")
    for row in rows:
        print(
            f"  seed {row['seed']}: ELBO {row['elbo']:.3f}, IWAE({options.iwae}) {row['iwae']:.3f}, "
            f"excess NLL {row['excess_nll']:.3f} nats"
            + (f", chosen: {row['chosen']}" if row["chosen"] else "")
            + (", diverged and frozen" if row["diverged"] else "")
        )
    if trial.is_selected:
        print(f"  {ABOUT_SELECTED}")
    excess = sum(row["excess_nll"] for row in rows) / len(rows)
    print(f"  mean excess NLL {excess:.3f} nats over {len(rows)} seeds, {found['seconds']:.0f} s")


def _recipe(options):
    """The recipe with the changes that the options make."""
    from sirenvae.training import SELECTED
    from sirenvae.training.recipes import RECIPES

    there = {name: RECIPES[name] for name in _FOR_VAES} | {SELECTED: SELECTED}
    if options.recipe not in there:
        raise InputError(f"The recipe {options.recipe!r} does not exist; it is one of {', '.join(there)}.")
    given = {"learning_rate": options.learning_rate, "num_steps": options.steps}
    changes = {name: value for name, value in given.items() if value is not None}
    if options.recipe == SELECTED:
        if changes:
            raise InputError(f"The recipe {SELECTED!r} chooses its rate and steps; leave --learning-rate, --steps out.")
        return SELECTED
    return replace(RECIPES[options.recipe], **changes)


def _elbo_vs_size(options) -> None:
    from sirenvae.experiments.elbo_vs_size import notes
    from sirenvae.experiments.reference_results import write_reference_results
    from sirenvae.experiments.settings import check_different

    trials, rows = [_asked_figure(options, name) for name in options.network], []
    check_different("networks", [trial.network.name for trial in trials])
    prepare(options)
    for trial in trials:  # Workers of its own for each: a late report must not reach the next one.
        found = trial.rows(run(options, trial, trial.network.name))
        try:
            _write_elbo_vs_size(found, trial, options.out)
        except OSError as error:
            raise InputError(f"The file {error.filename} cannot be written: {error.strerror}.") from error
        rows += found
    if options.reference:
        settings, command = {trial.network.name: trial.settings() for trial in trials}, options.command_line
        file = write_reference_results(options.reference, trial.name, command, settings, notes(rows), rows)
        print(f"wrote {file}")


def _asked_figure(options, name: str):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import elbo_vs_size

    trial = elbo_vs_size.preset(options.preset, load(name, options.observed))
    if options.steps is not None:
        trial = replace(trial, recipe=replace(trial.recipe, num_steps=options.steps))
    changes = {"sizes": options.sizes and tuple(options.sizes), "num_seeds": options.seeds}
    return replace(trial, **{name: value for name, value in changes.items() if value is not None})


def _write_elbo_vs_size(rows: list[dict], trial, folder: Path) -> None:
    from sirenvae.figures.elbo import elbo_vs_size_figure
    from sirenvae.figures.export import write_html, write_png

    stem = folder / f"elbo-vs-size-{trial.network.name}"
    title = (
        f"{trial.network.name}: ELBO against training-set size ({trial.num_seeds} seeds, recipe {trial.recipe.name})"
    )
    figure = elbo_vs_size_figure(rows, title)
    print(f"wrote {write_text(Path(f'{stem}.csv'), as_csv(rows))}")
    print(f"wrote {write_html(figure, Path(f'{stem}.html'))}")
    png = write_png(figure, Path(f"{stem}.png"))
    print(f"wrote {png}" if png else "no PNG: it needs Chromium or Chrome, and neither was found")
