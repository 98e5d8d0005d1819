"""Seeds and capacities of a relaxed Bernoulli VAE as one program beside the same trainings one after another.

    python benchmarks/relaxed_bernoulli.py [--steps 150]

scikit-learn's digits, dynamic bits, one thread. The two ways take turns and medians of processor time are compared.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import torch

import sirenvae as sv
from sirenvae.data.images import load_images
from sirenvae.experiments.nami4 import ENCODERS, PRESETS
from sirenvae.experiments.nami4_work import build, recipe_of

REPETITIONS = 5


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    trial = PRESETS["quick"]
    images = load_images(trial.images, trial.binarization)
    recipe = replace(recipe_of(trial, images.num_train), num_steps=options.steps)

    def seconds_of(model: sv.RelaxedBernoulliVAE, seed) -> float:
        start = time.process_time()
        for _ in sv.fit(model, images.train, recipe, seed=seed, every=1000):
            pass
        return time.process_time() - start

    print("milliseconds a step and run     as one program    apart   ratio")
    for encoder in ENCODERS:
        for task in (trial.capacities[:2], *((size,) for size in trial.capacities)):
            together, apart, seeds = [], [], list(trial.seeds()) * len(task)
            for _ in range(REPETITIONS):
                model = build(trial, encoder, task, images.num_pixels)
                singles = [model.replica(r) for r in range(len(seeds))]
                together.append(seconds_of(model, seeds))
                apart.append(sum(seconds_of(one, seed) for one, seed in zip(singles, seeds, strict=True)))
            scale = 1e3 / options.steps / len(seeds)
            one, many = statistics.median(together), statistics.median(apart)
            name = f"{encoder} {' + '.join(map(str, task))}, {len(seeds)} runs"
            print(f"{name:38}{one * scale:8.2f}{many * scale:9.2f}{many / one:7.1f}x", flush=True)


if __name__ == "__main__":
    main()
