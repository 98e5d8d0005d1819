"""The work on the cells of the figure, see :mod:`sirenvae.experiments.nami4`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.data.images import Images, load_images
from sirenvae.experiments.side_by_side import best_device
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import RelaxedBernoulliVAE
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe
from sirenvae.truth.annealed import ais, bidirectional

if TYPE_CHECKING:
    from sirenvae.experiments.nami4 import Nami4

_ELBO_SAMPLES = 20
_SIMULATED = 5  # one image of the model's own for so many test images


def work(trial: Nami4, cells: Sequence[Cell]) -> Iterator[Progress | Point]:
    """Train all runs of cells of one encoder as one program: yield how far they are, then what is measured of each."""
    start = time.perf_counter()
    images = load_images(trial.images, trial.binarization, trial.first_seed)
    model = build(trial, cells[0].learner, [cell.size for cell in cells], images.num_pixels)
    recipe = recipe_of(trial, images.num_train)
    for record in fit(model, images.train, recipe, seed=list(trial.seeds()) * len(cells)):
        for cell in cells:
            yield Progress(cell, record.step, recipe.num_steps)
    shared = {"split": images.split, "seconds": (time.perf_counter() - start) / len(cells)}
    for i, cell in enumerate(cells):
        own = range(i * trial.num_runs, (i + 1) * trial.num_runs)
        diverged = record.diverged[list(own)].tolist()
        yield Point(cell, _measured(trial, model.replica(*own), images) | shared | {"diverged": diverged})


def build(trial: Nami4, encoder: str, capacities: Sequence[int], num_pixels: int) -> RelaxedBernoulliVAE:
    """A fresh model of all runs of each capacity."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        model = RelaxedBernoulliVAE(
            num_pixels,
            trial.num_latents,
            encoder,
            capacity=[capacity for capacity in capacities for _ in range(trial.num_runs)],
            decoder_features=trial.decoder_features,
            prior_temperature=trial.prior_temperature,
            posterior_temperature=trial.posterior_temperature,
            replicas=(len(capacities) * trial.num_runs,),
        )
    return model.to(best_device())


def recipe_of(trial: Nami4, num_train: int) -> Recipe:
    """How to train on so many images."""
    num_steps = trial.num_epochs * math.ceil(num_train / trial.batch_size)
    return Recipe(
        trial.name,
        learning_rate=trial.learning_rate,
        batch_size=trial.batch_size,
        num_steps=num_steps,
        base_steps=num_steps,
        kl_warm_up=trial.kl_warm_up,
        weight_decay=0.0,
    )


def _measured(trial: Nami4, model: RelaxedBernoulliVAE, images: Images) -> dict:
    """Bounds and evidence on the test images."""
    generator = torch.Generator(model.device).manual_seed(trial.first_seed)
    some = images.test[: trial.num_ais]
    *_, last = ais(model, some, trial.num_temperatures, trial.num_chains, generator=generator)
    simulated = max(1, len(some) // _SIMULATED)
    bounds = bidirectional(model, simulated, trial.num_temperatures, trial.num_chains, generator=generator)
    return {
        "active_weights": model.num_active,
        "elbo": _means(model.elbo(images.test, _ELBO_SAMPLES, generator=generator)),
        "elbo_ais": _means(model.elbo(some, 10 * _ELBO_SAMPLES, generator=generator)),
        "iwae": _means(model.iwae_bound(some, trial.iwae_samples, generator)),
        "ais": _means(last.log_evidence),
        "ais_error": _errors(last.standard_error),
        "ais_gap": _means(bounds.upper - bounds.lower),
        "acceptance": last.acceptance,
    }


def _means(values: Tensor) -> list[float]:
    """Over points, one for each run; one run has no axis of its own."""
    return values.mean(dim=-1).reshape(-1).tolist()


def _errors(errors: Tensor) -> list[float]:
    """Standard errors of these means."""
    return (errors.square().sum(dim=-1).sqrt() / errors.shape[-1]).reshape(-1).tolist()
