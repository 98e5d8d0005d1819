"""The code that trains what the training page shows. Plain values in, lines out."""

from __future__ import annotations

from sirenvae.experiments.elbo_vs_size import PRESETS, ElboVsSize


def training_code(label: str, trial: ElboVsSize | None = None) -> tuple[str, ...]:
    """Lines that train and measure a preset or, under any other label, a trial, once there is a ``network``."""
    if label in PRESETS:
        asked = (
            "from sirenvae.experiments.elbo_vs_size import preset",
            "from sirenvae.experiments.trial import Point",
            "",
            f"trial = preset({label!r}, network)",
        )
    else:
        rate, steps = trial.recipe.learning_rate, trial.recipe.num_steps
        asked = (
            "from dataclasses import replace",
            "",
            "from sirenvae.experiments.elbo_vs_size import ElboVsSize",
            "from sirenvae.experiments.trial import Point",
            "from sirenvae.training.recipes import RECIPES",
            "",
            f'recipe = replace(RECIPES["default"], learning_rate={rate!r}, num_steps={steps!r})',
            f"sizes, models = {trial.sizes!r}, {trial.models!r}",
            f"trial = ElboVsSize(network, sizes, models, num_seeds={trial.num_seeds}, recipe=recipe)",
        )
    return (
        *asked,
        "points = [event for event in trial.run() if isinstance(event, Point)]  # other events tell the progress",
        "for row in trial.rows(points):",
        "    print(f\"{row['model']}, {row['size']} points, seed {row['seed']}: {-row['elbo']:.2f} nats\")",
    )
