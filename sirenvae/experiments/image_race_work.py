"""The work of a race of encoders, see :mod:`sirenvae.experiments.image_race`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.data.images import Images, load_images
from sirenvae.experiments.going_on import KeptTraining, kept_weights
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import RelaxedBernoulliVAE
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe
from sirenvae.truth.annealed import ais

if TYPE_CHECKING:
    from sirenvae.experiments.image_race import ImageRace
    from sirenvae.experiments.keeping import Keeper

_ELBO_SAMPLES = 20


def work(trial: ImageRace, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Train the cells side by side, each a little at a time.

    Yields:
        The progress of every cell in turn, and its point when it is finished.
    """
    images = race_images(trial)
    runners = [_Runner(trial, cell, images, keeper) for cell in cells]
    while runners:
        for runner in list(runners):
            is_going = runner.advance()
            yield runner.progress() if is_going else runner.point()
            if not is_going:
                runners.remove(runner)


def race_images(trial: ImageRace) -> Images:
    """The images of a race."""
    return _images(trial.images, trial.binarization, trial.first_seed)


@lru_cache(maxsize=2)
def _images(name: str, binarization: str, seed: int) -> Images:
    return load_images(name, binarization, seed)


def build(trial: ImageRace, encoder: str, num_pixels: int) -> RelaxedBernoulliVAE:
    """A VAE with this encoder, its weights as at the start of the race."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        return RelaxedBernoulliVAE(
            num_pixels,
            trial.num_latents,
            encoder,
            capacity=trial.capacity,
            decoder_features=trial.decoder_features,
            prior_temperature=trial.prior_temperature,
            posterior_temperature=trial.posterior_temperature,
        )


def kept_file(folder: Path, encoder: str) -> Path:
    """Where the training of an encoder is kept."""
    return folder / f"{encoder}-training.safetensors"


def kept_vae(trial: ImageRace, encoder: str, folder: Path) -> RelaxedBernoulliVAE:
    """A VAE as it was when it last reported.

    Raises:
        InputError: If there is no such file.
    """
    model = build(trial, encoder, race_images(trial).num_pixels)
    model.load_state_dict(kept_weights(kept_file(folder, encoder)))
    return model.eval()


class _Runner:
    """One VAE of the race."""

    def __init__(self, trial: ImageRace, cell: Cell, images: Images, keeper: Keeper | None):
        self._trial, self._cell = trial, cell
        self._x = images.test[: trial.num_test]
        self._model = build(trial, cell.learner, images.num_pixels)
        training = fit(self._model, images.train, _recipe(trial), seed=trial.first_seed)
        file = kept_file(keeper.folder, cell.learner) if keeper else None
        self._kept = KeptTraining(training, trial.reports(), file)
        self.advance = self._kept.advance

    def progress(self) -> Progress:
        return Progress(self._cell, self._kept.step, self._trial.num_steps, self._nats())

    def point(self) -> Point:
        values = {"active_weights": self._model.num_active, "steps": self._kept.step, "seconds": self._kept.seconds}
        return Point(self._cell, self._nats() | values)

    def _nats(self) -> dict[str, float]:
        """The same random numbers at every report: the curves move by what is learnt."""
        generator = torch.Generator().manual_seed(self._trial.first_seed)
        elbo = _mean(self._model.elbo(self._x, _ELBO_SAMPLES, generator=generator))
        if not self._trial.anneals_at(self._kept.step):
            return {"neg_elbo": -elbo}
        counts = self._trial.num_temperatures, self._trial.num_chains
        *_, last = ais(self._model, self._x, *counts, generator=generator)
        evidence = _mean(last.log_evidence)
        return {"neg_elbo": -elbo, "neg_ais": -evidence, "gap": evidence - elbo}


def _mean(values: Tensor) -> float:
    return values.mean().item()


def _recipe(trial: ImageRace) -> Recipe:
    return Recipe(
        trial.name,
        learning_rate=trial.learning_rate,
        batch_size=trial.batch_size,
        num_steps=trial.num_steps,
        base_steps=trial.num_steps,
        weight_decay=0.0,
    )
