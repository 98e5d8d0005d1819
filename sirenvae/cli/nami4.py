"""The command ``figure nami-4``. Torch is imported when it runs."""

from __future__ import annotations

from dataclasses import replace

from sirenvae.cli.options import whole
from sirenvae.cli.sweeping import add_reference_argument, add_sweep_arguments, reproduce


def add_nami4(figures) -> None:
    """Add the figure to the parser's."""
    words = "a relaxed Bernoulli VAE of images: mean field against a faithful encoder, at several capacities"
    parser = figures.add_parser("nami-4", help=words)
    parser.add_argument("--preset", default="quick", help="quick (default), digits-5000 or paper")
    parser.add_argument("--images", help="digits, mnist-5000, mnist or fashion-mnist, instead of the preset's")
    parser.add_argument("--binarization", help="dynamic (the presets'), static or thresholded")
    parser.add_argument("--capacities", type=whole, nargs="+", help="active weights of the encoders")
    parser.add_argument("--runs", type=whole, help="instead of the preset's")
    parser.add_argument("--first-seed", type=whole, help="seeds run from here (default 0)")
    parser.add_argument("--epochs", type=whole, help="instead of the preset's")
    parser.add_argument("--ais", type=whole, metavar="N", help="test images that evidence is estimated for")
    parser.add_argument("--temperatures", type=whole, help="of the annealing, instead of the preset's")
    parser.add_argument("--iwae", type=whole, help="draws of the IWAE bound (default 5000)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    add_sweep_arguments(parser)
    add_reference_argument(parser)
    parser.set_defaults(command=_nami4)


def _nami4(options) -> None:
    from sirenvae.data.images import load_images
    from sirenvae.figures.export import write_html, write_png
    from sirenvae.figures.nami4 import nami4_figure

    trial = _asked(options)
    load_images(trial.images, trial.binarization)  # what is not there is said before anything starts
    stem = f"{trial.name}-{trial.images}-{trial.binarization}"
    rows = reproduce(options, trial, stem, title=f"figure {trial.name}")
    figure = nami4_figure(
        rows, f"{trial.images}, {trial.binarization} bits: relaxed Bernoulli VAE ({trial.num_runs} runs)"
    )
    path = options.out / stem
    html, png = write_html(figure, path.with_suffix(".html")), write_png(figure, path.with_suffix(".png"))
    if not options.json:
        print(f"wrote {html}")
        print(f"wrote {png}" if png else "no PNG: it needs Chromium or Chrome, and neither was found")


def _asked(options):
    """The preset with the changes that the options make."""
    from sirenvae.experiments import nami4

    given = {
        "images": options.images,
        "binarization": options.binarization,
        "capacities": options.capacities and tuple(options.capacities),
        "num_runs": options.runs,
        "first_seed": options.first_seed,
        "num_epochs": options.epochs,
        "num_ais": options.ais,
        "num_temperatures": options.temperatures,
        "iwae_samples": options.iwae,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(nami4.preset(options.preset), **changes)
