"""One inference network for a Bayesian mixture of any number of data: what it is worth, set by set.

    python benchmarks/mixture_inference.py [--save mixture.pt | --load mixture.pt]

It trains on sets of 20 to 500 data and then reports, on fresh sets, the effective sample size, the divergence of the
data's components, the evidence beside an estimate that learns nothing from the network, and whether ranks of the truth
among draws are uniform. None of the sizes 200, 60 and 333 is among the fifty that it trains on. About five minutes of
training on one idle core.
"""

from __future__ import annotations

import argparse
import time

import torch
from scipy.stats import kstest

import sirenvae as sv
from sirenvae.experiments.nami7_work import divergence_of_data, posterior_of_data
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.truth.mixtures import adaptive_evidence, mixture_importance

RANGE, SEEN = (20, 500), 20  # data in a set, and those of each that the shared factor is trained on


def trained(num_steps: int, num_sets: int, width: int) -> MixtureInference:
    """On sets of many sizes; the time is printed."""
    start = time.process_time()
    sets = MixtureSets.draw(GaussianMixture(), num_sets, RANGE, torch.Generator().manual_seed(1), SEEN)
    network = sv.load_network(f"gaussian-mixture-{SEEN}")
    torch.manual_seed(0)
    q = MixtureInference(network, sv.invert(network, "reverse"), set_features=width)
    recipe = sv.Recipe("mixture", learning_rate=5e-3, batch_size=256, num_steps=num_steps, weight_decay=0.0)
    for record in sv.fit(q, sets, recipe, every=max(1, num_steps // 1000)):
        print(f"step {record.step}: loss {record.loss.item():.3f}, {record.seconds:.0f} s", flush=True)
    print(f"{num_sets:,} sets, {num_steps:,} steps of 256: {time.process_time() - start:.0f} CPU s")
    return q


def report(q: MixtureInference, num_data: int, num_sets: int, num_draws: int) -> None:
    """On fresh sets of one size."""
    model, generator = q.model, torch.Generator().manual_seed(77)
    sets = MixtureSets.draw(model, num_sets, num_data, generator)
    found = mixture_importance(q, sets.x, num_draws, generator, components=False)
    whole = mixture_importance(q, sets.x, num_draws, generator).effective_sample_size.median().item() / num_draws
    share = (found.effective_sample_size / num_draws).quantile(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
    data = divergence_of_data(q, sets, posterior_of_data(sets)).mean().item()
    low, middle, high = share.tolist()
    print(
        f"N = {num_data}: effective share of {num_draws} draws: {middle:.3f} (10 % {low:.3f}, 90 % {high:.3f}), "
        f"with components {whole:.3f}; "
        f"components of data {data:.3f} nats over all {num_data}",
        flush=True,
    )
    few = slice(0, max(1, num_sets // 5))
    other = adaptive_evidence(model, sets.x[few], 2 * num_draws, generator)
    gap = found.log_evidence[few] - other.log_evidence
    error = (found.standard_error[few].square() + other.standard_error.square()).sqrt()
    print(
        f"  evidence beside the independent estimate, {len(gap)} sets: mean {gap.mean():+.3f} nats, errors "
        f"{error.mean():.3f}, within 2 of them {(gap.abs() < 2 * error).double().mean():.0%}, chi2 / n "
        f"{(gap / error).square().mean():.2f}",
        flush=True,
    )


def ranks(q: MixtureInference, num_data: int, num_sets: int, num_draws: int = 99) -> None:
    """Kolmogorov-Smirnov p of each coordinate's ranks, and how many draws are as the truth is numbered."""
    sets = MixtureSets.draw(q.model, num_sets, num_data, torch.Generator().manual_seed(78))
    generator = torch.Generator().manual_seed(79)
    below = sum((q.sample_g(sets, generator) < sets.g).double() for _ in range(num_draws))
    jitter = torch.rand(below.shape, generator=generator, dtype=torch.float64)
    p = [kstest(column.numpy(), "uniform").pvalue for column in ((below + jitter) / (num_draws + 1)).T]
    inside = [((below / num_draws - 0.5).abs() < level / 2).double().mean().item() for level in (0.5, 0.9)]
    print(
        f"N = {num_data}: ranks of {num_sets} sets, least p of {len(p)} coordinates {min(p):.3f} (times {len(p)}: "
        f"{min(1.0, len(p) * min(p)):.3f}); 50 and 90 % intervals hold {inside[0]:.1%} and {inside[1]:.1%}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--sets", type=int, default=400_000)
    parser.add_argument("--width", type=int, default=96, help="of the hidden layers of each coordinate's factor")
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 60, 333])
    parser.add_argument("--save")
    parser.add_argument("--load")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.load:
        network = sv.load_network(f"gaussian-mixture-{SEEN}")
        q = MixtureInference(network, sv.invert(network, "reverse"), set_features=options.width)
        q.load_state_dict(torch.load(options.load))
    else:
        q = trained(options.steps, options.sets, options.width)
    if options.save:
        torch.save(q.state_dict(), options.save)
    for size in options.sizes:
        ranks(q, size, 5 * options.test)
        report(q, size, options.test, options.draws)


if __name__ == "__main__":
    main()
