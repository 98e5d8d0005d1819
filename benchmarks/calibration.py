"""Calibration of inference networks, each latent alone: ``python benchmarks/calibration.py [--points 10000]``.

For every faithful inverse of each network: what the intervals of 50 and 90 % of the worst latent hold, and the
Kolmogorov-Smirnov test of all ranks, corrected for their number. By default training begins at least squares; with
`--steps` it does not, and learns for so many steps instead.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch

import sirenvae as sv
from sirenvae.experiments.inferring import inverse_named
from sirenvae.training.recipes import RECIPES

NETWORKS = [f"binary-tree-{depth}" for depth in (3, 4, 5, 6)] + ["ecoli70", "arth150", "magic-niab", "magic-irri"]
INVERSES = ["nami-reverse", "nami-topological", "fully_connected"]
LEVELS = (0.5, 0.9)
_REFINING_STEPS = 300


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--inverses", nargs="+", default=INVERSES)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--steps", type=int, help="from random weights")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':32}{'latents':>8}{'p':>7}   worst latent: 50 %, 90 %   mean over latents")
    for name in options.networks:
        network = sv.load_network(name)
        for way in options.inverses:
            ranks = sv.simulation_ranks(network, trained(network, way, options), options.points, seed=options.seed + 1)
            covered = sv.coverage(ranks, LEVELS)
            off = (covered - torch.tensor(LEVELS, dtype=torch.float64).unsqueeze(1)).abs().argmax(dim=1)
            worst = ", ".join(f"{covered[i, k]:.2%} ({ranks.latents[k]})" for i, k in enumerate(off.tolist()))
            means = ", ".join(f"{mean:.2%}" for mean in covered.mean(dim=1).tolist())
            print(f"{name + ' ' + way:32}{len(ranks.latents):8}{ranks.p_value:7.2f}   {worst}   {means}", flush=True)


def trained(network: sv.BayesianNetwork, way: str, options) -> sv.InferenceNetwork:
    """An inference network over an inverse."""
    torch.manual_seed(options.seed)
    inverse = inverse_named(network, way)
    capacity = max(6000, 5 * inverse.dag.number_of_edges())
    q = sv.InferenceNetwork(network, inverse, capacity=capacity, linear_start=options.steps is None)
    recipe = replace(RECIPES[q.default_recipe], num_steps=options.steps or _REFINING_STEPS)
    for _ in sv.fit(q, network, recipe, seed=options.seed, every=1000):
        pass
    return q


if __name__ == "__main__":
    main()
