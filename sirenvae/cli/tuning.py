"""The command ``table tuning``: every model tuned with the same effort. Torch is imported when it runs."""

from __future__ import annotations

from sirenvae.cli.networks import add_observed_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, reproduce


def add_command(tables) -> None:
    """Add the table to the parser's."""
    parser = tables.add_parser("tuning", help="all models tuned with the same effort, then compared on new runs")
    names = "names (see networks) or files (default ecoli70 arth150)"
    parser.add_argument("--networks", nargs="+", metavar="NETWORK", default=["ecoli70", "arth150"], help=names)
    add_observed_argument(parser)
    parser.add_argument("--multiple", type=whole, default=2, help="training points per variable (default 2)")
    parser.add_argument("--tries", type=whole, help="recipes that each model tries")
    parser.add_argument("--runs", type=whole, default=5, help="by which the models are compared (default 5)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    add_sweep_arguments(parser)
    add_reference_argument(parser)
    parser.set_defaults(command=_tuning)


def _tuning(options) -> None:
    from sirenvae.experiments import tuning

    tries = {} if options.tries is None else {"num_tries": options.tries}
    networks = tuple(load(name, options.observed) for name in options.networks)
    trial = tuning.Tuning(networks, multiple=options.multiple, num_runs=options.runs, **tries)
    reproduce(options, trial, "table-tuning")
