"""Annealed importance sampling against evidence that is known: ``python benchmarks/annealed.py [--points 100]``.

The model is linear and Gaussian, 30 latents, 64 observed values, noise .075, its latents rotated so that the posterior
is far from independent latents. Beside the estimate whose moves are fixed before its chains begin stands that of chains
that look for their moves while they run, as it is often copied: every chain's step follows the acceptance of all.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace

import torch
from torch.distributions import MultivariateNormal

import sirenvae as sv

LATENTS, OBSERVED, NOISE, CHAINS = 30, 64, 0.075, 16
SMALLEST = 0.14  # singular value of the decoder; the largest is 1
RUNS = (("posterior", 100), ("posterior", 300), ("prior", 300), ("prior", 1000))


def linear_vae(seed: int = 0) -> tuple[sv.VanillaVAE, MultivariateNormal, float]:
    """The model with the best q of independent latents, its evidence, and KL(q || posterior) in nats."""
    generator = torch.Generator().manual_seed(seed)

    def orthonormal(rows: int) -> torch.Tensor:
        return torch.linalg.qr(torch.randn(rows, LATENTS, generator=generator, dtype=torch.float64))[0]

    sizes = torch.logspace(math.log10(SMALLEST), 0, LATENTS, dtype=torch.float64)
    slopes = orthonormal(OBSERVED) * sizes @ orthonormal(LATENTS).T
    matrix = torch.eye(LATENTS, dtype=torch.float64) + slopes.T @ slopes / NOISE**2
    model = sv.VanillaVAE(num_observed=OBSERVED, num_latents=LATENTS)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.noise_floor.zero_()
        model.decoder.log_scale.fill_(math.log(NOISE))
        model.decoder.linear.weight.copy_(slopes)
        model.linear.weight[:LATENTS].copy_(torch.linalg.solve(matrix, slopes.T) / NOISE**2)
        model.output.bias[:, LATENTS:] = -0.5 * matrix.diagonal().log()
    covariance = slopes @ slopes.T + NOISE**2 * torch.eye(OBSERVED, dtype=torch.float64)
    divergence = 0.5 * (matrix.diagonal().log().sum() - torch.logdet(matrix))
    return model, MultivariateNormal(torch.zeros(OBSERVED, dtype=torch.float64), covariance), divergence.item()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=50, help="points of a pass")
    parser.add_argument("--repetitions", type=int, default=10, help="of the comparison with moves found on the way")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, evidence, divergence = linear_vae(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    x = model.sample(options.points, generator)
    truth = evidence.log_prob(x)
    bounds = {"ELBO": model.elbo(x, 100, generator=generator), "IW-10,000": model.iwae_bound(x, 10_000, generator)}
    print(
        f"KL of q {divergence:.2f} nats; "
        + ", ".join(f"{k} off by {(v - truth).mean():.2f}" for k, v in bounds.items())
    )
    for start, temperatures in RUNS:
        _accuracy(model, x, truth, start, temperatures, options, generator)
    for start, temperatures in (("posterior", 100), ("prior", 300)):
        _adapting(model, x[:10], truth[:10], start, temperatures, options.repetitions, generator)


def _accuracy(model, x, truth, start, temperatures, options, generator) -> None:
    errors, wrong, seconds = [], [], []
    for part, exact in zip(x.split(options.at_once), truth.split(options.at_once), strict=True):
        began = time.process_time()
        *_, found = sv.ais(model, part, temperatures, CHAINS, start=start, generator=generator)
        seconds.append(time.process_time() - began)
        errors.append(found.log_evidence - exact)
        wrong.append(found.log_weights.mean(dim=0) - exact)  # the mean of the logarithms
    error = torch.cat(errors)
    gap = sv.bidirectional(model, options.at_once, temperatures, CHAINS, start=start, generator=generator)
    print(
        f"from the {start}, {temperatures} temperatures, {CHAINS} chains: off by {error.mean():+.3f} on average, "
        f"{error.abs().max():.2f} at worst (logarithms averaged instead: {torch.cat(wrong).mean():+.3f}); "
        f"bounds {(gap.upper - gap.lower).mean():.3f} apart; "
        f"{sum(seconds) / len(seconds):.2f} CPU s a pass of {options.at_once}"
    )


def _adapting(model, x, truth, start, temperatures, repetitions, generator) -> None:
    """Mean weights over chains are unbiased for fixed moves; not for moves that look at the chains."""
    fixed = sv.ais_moves(model, x, temperatures, start=start, generator=generator)
    adapting = replace(fixed, step_sizes=0.5)
    words = {}
    for name, moves in (("fixed", fixed), ("found on the way", adapting)):
        ends = [
            list(sv.ais(model, x, temperatures, CHAINS, start=start, moves=moves, generator=generator))[-1]
            for _ in range(repetitions)
        ]
        runs = torch.stack([torch.expm1(last.log_evidence - truth).mean() for last in ends])
        words[name] = f"{runs.mean():+.3f} ± {runs.std() / math.sqrt(repetitions):.3f}"
    print(
        f"from the {start}, {temperatures} temperatures: relative error of the evidence, moves "
        + ", ".join(f"{name} {value}" for name, value in words.items())
    )


if __name__ == "__main__":
    main()
