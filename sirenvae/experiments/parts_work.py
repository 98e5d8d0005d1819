"""The work on the cells of the table of parts, see :mod:`sirenvae.experiments.parts`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.registry import TRUTH, build_model
from sirenvae.experiments.runs import FRESH_SEED, held_out_sets, training_sets, truth_on
from sirenvae.experiments.side_by_side import best_device, means
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import SIReNVAE
from sirenvae.models.posterior_refit import PosteriorRefit
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe
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
    fresh = sample_network(trial.network, trial.num_fresh, FRESH_SEED)[0]

    def some_of_them(num_points: int, generator: torch.Generator) -> Tensor:
        return fresh[torch.randint(trial.num_fresh, (num_points,), generator=generator)]

    recipe = Recipe(
        "refit",
        learning_rate=trial.recipe.learning_rate,
        batch_size=max(1, trial.refit_batch // draws),
        num_steps=trial.refit_steps,
        kl_warm_up=0.0,
        weight_decay=0.0,
    )
    for record in fit(PosteriorRefit(model, draws), some_of_them, recipe, seed=trial.first_seed):
        yield record.step


@torch.no_grad()
def _measured(trial: Parts, model: SIReNVAE, tests: Tensor, num_samples: int) -> dict[str, list[float]]:
    """Means over the test points of each run."""
    generator = torch.Generator(model.device).manual_seed(trial.first_seed)
    bound, ess = model.iwae_bound_and_ess(tests, num_samples, generator)
    return means({"nll": -bound, "ess": ess, "elbo": model.elbo(tests, trial.elbo_samples, generator=generator)})
