"""The command ``table parts``: where the excess NLL goes. Torch is imported when it runs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sirenvae.cli.formats import without_nan, write_table
from sirenvae.cli.graphs import add_network_argument, load
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, follow, make_folder, resources

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
    parser.add_argument("--multiples", type=int, nargs="+", help="training points per variable (default 2 10 100)")
    parser.add_argument("--runs", type=int, default=3, help="default 3")
    parser.add_argument("--no-linear", action="store_true", help="prior and posterior without linear parts")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    add_sweep_arguments(parser)
    add_reference_argument(parser)
    parser.set_defaults(command=_parts)


def _parts(options) -> None:
    from sirenvae.experiments import parts as experiment
    from sirenvae.experiments.learners import settings_of
    from sirenvae.experiments.reference_results import write_reference_results

    if options.reference:
        make_folder(options.reference.parent)
    multiples = {"multiples": tuple(options.multiples)} if options.multiples else {}
    linear = not options.no_linear
    config = experiment.Config(load(options.network), num_runs=options.runs, linear=linear, **multiples)
    with resources(options) as (executor, line, store):
        lengths = {cell: config.num_steps(cell) for cell in config.cells()}
        points = follow(experiment.run(config, executor, line, store), lengths, lambda event: event.step, "table parts")
    rows, notes = experiment.table(config, points), experiment.notes(config)
    stem = options.out / f"table-parts-{config.network.name}{'' if linear else '-no-linear'}"
    written = write_table(stem, rows, *parts_texts(rows), notes)
    if options.reference:
        command, settings = options.command_line, {config.network.name: settings_of(config)}
        written.append(write_reference_results(options.reference, "parts", command, settings, notes, rows))
    if options.json:
        print(json.dumps(without_nan(rows), indent=1))
        return
    print(written[1].read_text(encoding="utf-8"))
    print("\n".join(f"wrote {path}" for path in written))


def parts_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the table as texts with a head, and which columns are numbers."""
    texts = [["network", "per variable", "exact", *_HEADS.values()], *map(_texts, rows)]
    return texts, [head not in ("network", "exact") for head in texts[0]]


def _texts(row: dict) -> list[str]:
    def spread(name: str) -> str:
        digits, deviation = 0 if "ess" in name.split("_") else 3, row[f"{name}_sd"]
        mean = f"{row[f'{name}_mean']:.{digits}f}"
        return mean if deviation is None else f"{mean} ± {deviation:.{digits}f}"

    return [row["network"], str(row["multiple"]), row["exact"], *map(spread, _HEADS)]
