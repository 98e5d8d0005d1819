"""The command ``table parts``: where the excess NLL goes. Torch is imported when it runs."""

from __future__ import annotations

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, reproduce


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
    from sirenvae.experiments import parts

    multiples = {"multiples": tuple(options.multiples)} if options.multiples else {}
    network, linear = load(options.network, options.observed), not options.no_linear
    trial = parts.Parts(network, num_runs=options.runs, linear=linear, **multiples)
    stem = f"table-parts-{network.name}{'' if linear else '-no-linear'}"
    reproduce(options, trial, stem, {network.name: trial.settings()})
