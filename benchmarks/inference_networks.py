"""Speed of inference networks: ten runs as one program beside the same runs one after another, and a step per layout.

    python benchmarks/inference_networks.py [--network binary-tree-5] [--runs 10] [--steps 100]

Equal active weights, float32, one thread, fresh draws at every step. The two ways take turns, five times each, and the
medians are compared; each run as one of ten must end as it does alone, to rounding.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace

import torch

import sirenvae as sv
from sirenvae.experiments.inferring import inverse_named
from sirenvae.nets.factor_nets import LAYOUTS
from sirenvae.training.recipes import RECIPES

INVERSES = ["nami-reverse", "fully_connected-reverse"]
REPETITIONS = 5


def seconds_of(q: sv.InferenceNetwork, recipe: sv.Recipe, seed: int | list[int]) -> float:
    """How long a training takes, the linear start left out."""
    *_, record = sv.fit(q, q.network, recipe, seed=seed, every=1000)
    return record.seconds


def both_ways(make, recipe: sv.Recipe, runs: int) -> tuple[float, float, float]:
    """Median seconds of all runs as one program and of one after another, and the largest difference of a weight."""
    together, apart, worst = [], [], 0.0
    for _ in range(REPETITIONS):
        whole = make((runs,))
        singles = [whole.replica(r) for r in range(runs)]
        together.append(seconds_of(whole, recipe, list(range(runs))))
        apart.append(sum(seconds_of(q, recipe, seed) for seed, q in enumerate(singles)))
        for r, single in enumerate(singles):
            pairs = zip(whole.replica(r).parameters(), single.parameters(), strict=True)
            worst = max(worst, *((ours - theirs).abs().max().item() for ours, theirs in pairs))
    return statistics.median(together), statistics.median(apart), worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="binary-tree-5")
    parser.add_argument("--capacity", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--inverses", nargs="+", default=INVERSES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = sv.load_network(options.network)
    print(f"{network.name}, {options.capacity:,} active weights, {options.runs} runs: milliseconds per step and run")
    print(f"{'':40}{'batch':>6}{'one program':>13}{'apart':>8}{'ratio':>7}{'differ by':>11}")
    for layout in LAYOUTS:
        for name in options.inverses:
            inverse = inverse_named(network, name)

            def make(replicas: tuple[int, ...], inverse=inverse, layout=layout) -> sv.InferenceNetwork:
                torch.manual_seed(0)
                return sv.InferenceNetwork(
                    network,
                    inverse,
                    layout=layout,
                    capacity=options.capacity,
                    linear_start=False,
                    replicas=replicas,
                )

            for batch_size in (32, 128):
                recipe = replace(RECIPES["inference"], num_steps=options.steps, batch_size=batch_size)
                together, apart, worst = both_ways(make, recipe, options.runs)
                scale = 1e3 / options.steps / options.runs
                print(
                    f"{layout + ' ' + name:40}{batch_size:6}{together * scale:13.3f}"
                    f"{apart * scale:8.3f}{apart / together:6.1f}x{worst:11.1g}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
