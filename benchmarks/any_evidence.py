"""One network for all sets of evidence, beside the exact marginals: ``python benchmarks/any_evidence.py asia alarm``.

A query is an evidence set with the states of a fresh draw, and a variable outside it; its error is the divergence of
what the network says from pgmpy's exact answer. Evidence sets hold 5 to 50 % of the variables, every number of them
alike often.
"""

from __future__ import annotations

import argparse
import time

import torch

import sirenvae as sv
from sirenvae.truth.any_evidence import marginal_divergence, random_evidence

TRAINED = {"asia": (64, 2, 3_000), "alarm": (256, 2, 10_000)}  # width, hidden layers, steps


def main() -> None:
    """Train, ask, and print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=["asia", "alarm"])
    parser.add_argument("--width", type=int)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rate", type=float, default=1e-2)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--sets", type=int, default=500, help="evidence sets that are asked")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.networks:
        measure(name, options)


def measure(name: str, options: argparse.Namespace) -> None:
    """One network."""
    network = sv.load_network(name)
    width, layers, steps = TRAINED.get(name, TRAINED["alarm"])
    width, layers, steps = options.width or width, options.layers or layers, options.steps or steps
    torch.manual_seed(options.seed)
    q = sv.MarginalNetwork(network, width=width, num_layers=layers)
    recipe = sv.Recipe(
        "draws",
        learning_rate=options.rate,
        batch_size=options.batch,
        num_steps=steps,
        warm_up_steps=200,
        kl_warm_up=0.0,
        weight_decay=0.0,
    )
    start = time.process_time()
    *_, record = sv.fit(q, network, recipe, seed=options.seed, every=10)
    trained = time.process_time() - start
    x = random_evidence(network, options.sets, seed=1_000_003 + options.seed)
    start = time.process_time()
    divergence = marginal_divergence(network, q, x)
    exact = time.process_time() - start
    start = time.process_time()
    q(x)
    asked = time.process_time() - start
    hidden = torch.isnan(x)
    each, sets = divergence[hidden], divergence.nansum(dim=1)
    print(
        f"{name}: width {width}, {layers} layers, {steps:,} steps of {options.batch}, {trained:.0f} CPU s "
        f"({record.seconds:.0f} s); {len(each):,} queries of {len(sets)} sets: mean KL {each.mean():.5f} nats "
        f"(standard error over sets {divergence.nanmean(dim=1).std() / len(sets) ** 0.5:.5f}), 99 % quantile "
        f"{each.quantile(0.99):.4f}, largest {each.max():.3f}; sum over a set's variables {sets.mean():.4f}; "
        f"{1e3 * asked / len(sets):.2f} ms a set, exact {1e3 * exact / len(sets):.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
