"""The command ``table parts``: where the excess NLL goes. Torch is imported when it runs."""

from __future__ import annotations

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, deliver, follow, prepare, resources


def add_command(tables) -> None:
    """Add the table to the parser's."""
    parser = tables.add_parser("parts", help="what prior, posterior and decoder each cost: exact ones in their place")
    add_network_argument(parser, "--network", default="ecoli70-tanh")
    parser.add_argument("--multiples", type=whole, nargs="+", help="training points per variable (default 2 10 100)")
    parser.add_argument("--runs", type=whole, default=3, help="default 3")
    parser.add_argument("--no-linear", action="store_true", help="prior and posterior without linear parts")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    add_sweep_arguments(parser)
    add_reference_argument(parser)
    parser.set_defaults(command=_parts)


def _parts(options) -> None:
    from sirenvae.experiments import parts as experiment
    from sirenvae.experiments.learners import settings_of
    from sirenvae.experiments.texts import parts_texts

    multiples = {"multiples": tuple(options.multiples)} if options.multiples else {}
    linear = not options.no_linear
    config = experiment.Config(
        load(options.network, options.observed), num_runs=options.runs, linear=linear, **multiples
    )
    prepare(options)
    with resources(options) as (executor, line, store):
        lengths = {cell: config.num_steps(cell) for cell in config.cells()}
        points = follow(experiment.run(config, executor, line, store), lengths, lambda event: event.step, "table parts")
    rows, notes = experiment.table(config, points), experiment.notes(config)
    stem = f"table-parts-{config.network.name}{'' if linear else '-no-linear'}"
    deliver(options, "parts", stem, rows, parts_texts(rows), notes, {config.network.name: settings_of(config)})
