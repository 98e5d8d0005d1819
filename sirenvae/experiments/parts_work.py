"""The work on the cells of the table of parts, see :mod:`sirenvae.experiments.parts`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.registry import TRUTH, build_model
from sirenvae.experiments.runs import FRESH_SEED, held_out_sets, training_sets, truth_on
from sirenvae.experiments.side_by_side import best_device, means
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import SIReNVAE
from sirenvae.objectives import iwae_bound
from sirenvae.training.fit import fit
from sirenvae.truth import sample_network
from sirenvae.truth.partly_exact import PartlyExactVAE

if TYPE_CHECKING:
    from sirenvae.experiments.parts import Parts


def work(trial: Parts, cell: Cell) -> Iterator[Progress | Point]:
    """Train and measure the model of a cell, and refit its posterior twice; or measure the truth."""
    tests = held_out_sets(trial.network, trial.num_test, trial.seeds())
    if cell.learner == TRUTH:
        yield Point(cell, truth_on(trial.network, tests))
        return
    model, data = _built(trial, trial.exact_parts(cell)), training_sets(trial.network, cell.size, trial.seeds())
    total = trial.cost(cell)
    every = max(1, total // 20 // -(-cell.size // trial.recipe.batch_size))
    for record in fit(model, data, trial.recipe, seed=list(trial.seeds()), every=every):
        yield Progress(cell, record.step, total)
    values = _measured(trial, model, tests, trial.iwae_samples)
    values |= {f"{name}_many": value for name, value in _measured(trial, model, tests, trial.many_samples).items()}
    for step in refit_posterior(trial, model):
        yield Progress(cell, total - 2 * trial.refit_steps + step, total)
    values["elbo_refitted"] = _measured(trial, model, tests, 1)["elbo"]
    for step in refit_posterior(trial, model, trial.refit_draws):
        yield Progress(cell, total - trial.refit_steps + step, total)
    refitted = _measured(trial, model, tests, trial.many_samples)
    values |= {"nll_refitted": refitted["nll"], "ess_refitted": refitted["ess"]}
    yield Point(cell, values | {"diverged": record.diverged.reshape(trial.num_runs).tolist()})


def _built(trial: Parts, exact: tuple[str, ...]) -> SIReNVAE:
    """All models start with the same weights, as far as they have the same parts."""
    if not exact:
        model = build_model(trial.network, "true", (trial.num_runs,), trial.first_seed, linear=trial.linear)
        return model.to(best_device())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        model = PartlyExactVAE(trial.network, exact, linear=trial.linear, replicas=(trial.num_runs,))
    return model.to(best_device())


def refit_posterior(trial: Parts, model: SIReNVAE, draws: int = 1) -> Iterator[int]:
    """Train the posterior of every replica alone, on fresh points of the network, and leave the rest as it is.

    Arguments:
        trial: Its numbers, and its recipe's learning rate with a cosine schedule.
        model: Trained in place.
        draws: For each point in the importance-weighted bound that is maximized; the ELBO has one.

    Yields:
        Steps done, now and then.
    """
    fresh = model.standardized(sample_network(trial.network, trial.num_fresh, FRESH_SEED)[0])
    generator = torch.Generator(fresh.device).manual_seed(trial.first_seed)
    posterior = [model.encoder] if model.posterior_affine is None else [model.encoder, model.posterior_affine]
    parameters, peak = [p for part in posterior for p in part.parameters()], trial.recipe.learning_rate
    optimizer = torch.optim.Adam(parameters, lr=peak)
    for step in range(trial.refit_steps):
        for group in optimizer.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / 50) * (1 + math.cos(math.pi * step / trial.refit_steps)) / 2
        model.train()
        num_points = max(1, trial.refit_batch // draws)
        chosen = torch.randint(trial.num_fresh, (num_points,), generator=generator, device=fresh.device)
        x = fresh[..., chosen.repeat(draws), :]
        noise = torch.randn(*x.shape[:-1], model.latent_features, generator=generator, device=x.device)
        log_weights = model.standard_elbo(x, noise).unflatten(-1, (draws, num_points)).movedim(-2, 0)
        loss = -iwae_bound(log_weights).mean(dim=-1).sum()
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimizer.step()
        model.eval()
        if (step + 1) % max(1, trial.refit_steps // 20) == 0:
            yield step + 1


@torch.no_grad()
def _measured(trial: Parts, model: SIReNVAE, tests: Tensor, num_samples: int) -> dict[str, list[float]]:
    """Means over the test points of each run."""
    generator = torch.Generator(model.device).manual_seed(trial.first_seed)
    bound, ess = model.iwae_bound_and_ess(tests, num_samples, generator)
    return means({"nll": -bound, "ess": ess, "elbo": model.elbo(tests, trial.elbo_samples, generator=generator)})
