"""Commands ``figure nami-6`` and ``figure nami-9``: inference networks over several inverses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, reproduce

_ABOUT = {
    "nami-6": "KL of inference networks over the inverses of binary trees, beside their floors",
    "nami-9": "the same with more edges than an inverse needs, at random places",
}


def add_figures(figures) -> None:
    """Add both to the figures."""
    for name, about in _ABOUT.items():
        parser = figures.add_parser(name, help=about)
        parser.add_argument("--preset", default="quick", help="quick (default) or paper")
        add_network_argument(parser, "--network", nargs="+")
        words = "draws that are trained on: 0 for fresh ones at every step, else a fixed set of so many"
        parser.add_argument("--data", type=whole, nargs="+", metavar="N", help=words)
        parser.add_argument("--capacity", nargs="+", help="what is equal, as active-6000, stored-12000 or width-16")
        parser.add_argument("--layout", help="per_variable (the preset's) or masked")
        parser.add_argument("--runs", type=whole, help="instead of the preset's")
        parser.add_argument("--first-seed", type=whole, help="seeds run from here (default 0)")
        parser.add_argument("--steps", type=whole, help="training steps instead of the recipe's")
        parser.add_argument("--json", action="store_true", help="machine-readable output")
        add_sweep_arguments(parser)
        add_reference_argument(parser)
        parser.set_defaults(command=partial(_figure, name))


def _figure(name: str, options) -> None:
    from sirenvae.experiments.compiled import summaries
    from sirenvae.figures.compiled import compiled_figure
    from sirenvae.figures.export import write_html, write_png

    trial = _asked(name, options)
    rows = reproduce(options, trial, f"{name}-{options.preset}", title=f"figure {name}")
    for (network, draws, capacity), group in summaries(rows).items():
        kind = f"{draws:,} draws" if draws else "fresh draws"
        figure = compiled_figure(group, f"{network}: {kind}, capacity {capacity}")
        stem = options.out / f"{name}-{network}-{draws or 'fresh'}-{capacity}"
        html, png = write_html(figure, stem.with_suffix(".html")), write_png(figure, stem.with_suffix(".png"))
        if not options.json:
            print(f"wrote {html}")
            print(f"wrote {png}" if png else "no PNG: it needs Chromium or Chrome, and neither was found")


def _asked(name: str, options):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import nami6, nami9

    trial = {"nami-6": nami6, "nami-9": nami9}[name].preset(options.preset)
    given = {
        "networks": options.network and tuple(load(one, options.observed) for one in options.network),
        "data": options.data and tuple(options.data),
        "capacities": options.capacity and tuple(options.capacity),
        "layout": options.layout,
        "num_runs": options.runs,
        "first_seed": options.first_seed,
        "recipe": options.steps and replace(trial.recipe, num_steps=options.steps),
    }
    return replace(trial, **{field: value for field, value in given.items() if value is not None})
