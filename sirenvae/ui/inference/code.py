"""The code behind the page's pictures. Plain values in, lines out."""

from __future__ import annotations

from sirenvae.experiments.registry import OWN_INVERSE
from sirenvae.ui.inference.view import Entry


def inference_code(entry: Entry, num_steps: int) -> tuple[str, ...]:
    """Lines that run the race and ask the learnt posteriors at one point, once there is a ``network``."""
    family = "" if entry.family == "gaussian" else f", family={entry.family!r}"
    own = f", base={entry.base!r}, changes={entry.changes!r}" if OWN_INVERSE in entry.names else ""
    return (
        "from sirenvae.experiments.inference_race import InferenceRace",
        "from sirenvae.experiments.trial import Point",
        "",
        f"race = InferenceRace(network, {entry.names!r}{own}{family}, num_steps={num_steps})",
        "points = [event for event in race.run() if isinstance(event, Point)]  # other events tell the progress",
        "for row in race.rows(points):",
        "    print(row)",
        "",
        f"inverse = race.inverse_of({entry.names[0]!r})",
        "# It begins at the best linear posterior.",
        f"q = sv.InferenceNetwork(network, inverse{family}, capacity=race.capacity)",
        'for record in sv.fit(q, network, sv.Recipe("short", batch_size=128, kl_warm_up=0.0, num_steps=200)):',
        "    pass",
        "x, z = sv.sample_network(network, 1)",
        "print(q(x).sample((1000,)).mean(dim=0))",
        "if network.is_linear:",
        "    print(sv.true_posterior(network, x)[0], sv.posterior_gap(network, inverse))",
    )
