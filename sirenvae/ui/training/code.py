"""The code that trains what the training page shows. Plain values in, lines out."""

from __future__ import annotations

from sirenvae.jobs.plans import Plan


def training_code(plan: Plan) -> tuple[str, ...]:
    """Lines that train and measure what a plan says, once there is a ``network``."""
    if plan.preset is not None:
        config = (
            "from sirenvae.experiments.elbo_vs_size import Point, preset, run, table",
            "",
            f"config = preset({plan.preset!r}, network)",
        )
    else:
        config = (
            "from dataclasses import replace",
            "",
            "from sirenvae.experiments.elbo_vs_size import Config, Point, run, table",
            "from sirenvae.training.recipes import RECIPES",
            "",
            f'recipe = replace(RECIPES["default"], learning_rate={plan.learning_rate!r}, num_steps={plan.num_steps!r})',
            f"sizes, models = {plan.sizes!r}, {plan.models!r}",
            f"config = Config(network, sizes, models, num_seeds={plan.num_seeds}, recipe=recipe)",
        )
    return (
        *config,
        "points = [event for event in run(config) if isinstance(event, Point)]  # other events tell the progress",
        "for row in table(config, points):",
        "    print(f\"{row['model']}, {row['size']} points, seed {row['seed']}: {-row['elbo']:.2f} nats\")",
    )
