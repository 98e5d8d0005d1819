"""The work on the cells of the figure, see :mod:`sirenvae.experiments.nami4`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

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


def work(trial: Nami4, cell: Cell) -> Iterator[Progress | Point]:
    """Train all runs of a cell as one program and measure them: yield how far they are, then the point."""
    start = time.perf_counter()
    images = load_images(trial.images, trial.binarization, trial.first_seed)
    model, recipe = build(trial, cell.learner, cell.size, images.num_pixels), recipe_of(trial, images.num_train)
    for record in fit(model, images.train, recipe, seed=list(trial.seeds())):
        yield Progress(cell, record.step, recipe.num_steps, {"loss": record.loss.tolist()})
    values = _measured(trial, model, images) | {"diverged": record.diverged.tolist()}
    yield Point(cell, values | {"split": images.split, "seconds": time.perf_counter() - start})


def build(trial: Nami4, encoder: str, capacity: int, num_pixels: int) -> RelaxedBernoulliVAE:
    """A fresh model of all runs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        model = RelaxedBernoulliVAE(
            num_pixels,
            trial.num_latents,
            encoder,
            capacity=capacity,
            decoder_features=trial.decoder_features,
            prior_temperature=trial.prior_temperature,
            posterior_temperature=trial.posterior_temperature,
            replicas=(trial.num_runs,),
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
        "elbo": model.elbo(images.test, _ELBO_SAMPLES, generator=generator).mean(dim=-1).tolist(),
        "elbo_ais": model.elbo(some, 10 * _ELBO_SAMPLES, generator=generator).mean(dim=-1).tolist(),
        "iwae": model.iwae_bound(some, trial.iwae_samples, generator).mean(dim=-1).tolist(),
        "ais": last.log_evidence.mean(dim=-1).tolist(),
        "ais_error": (last.standard_error.square().sum(dim=-1).sqrt() / len(some)).tolist(),
        "ais_gap": (bounds.upper - bounds.lower).mean(dim=-1).tolist(),
        "acceptance": last.acceptance,
    }
