"""The command ``table parts``: where the excess NLL goes. Torch is imported when it runs."""

from __future__ import annotations

from collections.abc import Sequence

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, deliver, follow, prepare, resources

_HEADS = {
    "excess_nll": "excess NLL",
    "ess": "effective",
    "excess_nll_many": "many draws",
    "ess_many": "effective",
    "excess_nll_refitted": "refitted",
    "ess_refitted": "effective",
    "gap": "ELBO gap",
    "gap_refitted": "refitted",
}


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


def parts_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the table as texts with a head, and which columns are numbers."""
    texts = [["network", "per variable", "exact", *_HEADS.values()], *map(_texts, rows)]
    return texts, [head not in ("network", "exact") for head in texts[0]]


def _texts(row: dict) -> list[str]:
    def spread(name: str) -> str:
        digits, mean, deviation = 0 if "ess" in name.split("_") else 3, row[f"{name}_mean"], row[f"{name}_sd"]
        if mean is None:
            return "-"
        return f"{mean:.{digits}f}" + ("" if deviation is None else f" ± {deviation:.{digits}f}")

    return [row["network"], str(row["multiple"]), row["exact"], *map(spread, _HEADS)]
