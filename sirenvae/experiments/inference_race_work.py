"""The work of a race of inference networks, see :mod:`sirenvae.experiments.inference_race`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.going_on import KeptTraining, kept_weights
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import InferenceNetwork
from sirenvae.training.fit import fit
from sirenvae.training.recipes import RECIPES
from sirenvae.truth import sample_network
from sirenvae.truth.divergence import least_divergence, least_log_prob, posterior_divergence

if TYPE_CHECKING:
    from sirenvae.experiments.inference_race import InferenceRace
    from sirenvae.experiments.keeping import Keeper


def work(trial: InferenceRace, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Train the cells side by side, each a little at a time; those that a keeper has go on from where they were.

    Yields:
        The progress of every cell in turn, and its point when it is finished.
    """
    x, z = sample_network(trial.network, trial.num_test, COMMON_TEST_SEED + trial.first_seed)
    done = keeper.done if keeper else ()
    folder = keeper.folder if keeper else None
    runners = [_Runner(trial, cell, x, z, folder) for cell in cells if (cell.learner, cell.size) not in done]
    while runners:
        for runner in list(runners):
            is_going = runner.advance()
            yield runner.progress()
            if not is_going:
                yield runner.point()
                runners.remove(runner)


def build(trial: InferenceRace, name: str) -> InferenceNetwork:
    """The inference network over an inverse, its weights as at the start of the race."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        # To be watched while it learns: there is little left to learn after a linear start.
        return InferenceNetwork(
            trial.network, trial.inverse_of(name), trial.family, capacity=trial.capacity, linear_start=False
        )


def weights_file(folder: Path, name: str) -> Path:
    """Where the weights of an inference network are kept, and what it takes to go on."""
    return folder / f"{name}-weights.safetensors"


def kept_network(trial: InferenceRace, name: str, folder: Path) -> InferenceNetwork:
    """An inference network as it was when it last reported.

    Raises:
        InputError: If there is no such file.
    """
    q = build(trial, name)
    q.load_state_dict(kept_weights(weights_file(folder, name)))
    return q.eval()


class _Runner:
    """One inference network of the race."""

    def __init__(self, trial: InferenceRace, cell: Cell, x: Tensor, z: Tensor, folder: Path | None):
        self._trial, self._cell, self._x, self._z = trial, cell, x, z
        self._q = build(trial, cell.learner)
        self._floor = trial.floor(cell.learner)
        recipe = replace(RECIPES["inference"], num_steps=trial.num_steps)
        training = fit(self._q, trial.network, recipe, seed=trial.first_seed)
        self._kept = KeptTraining(training, trial.reports(), weights_file(folder, cell.learner) if folder else None)
        self.advance = self._kept.advance

    def progress(self) -> Progress:
        return Progress(self._cell, self._kept.step, self._trial.num_steps, {"nats": self._nats()})

    def point(self) -> Point:
        values = {
            "edges": self._q.inverse.dag.number_of_edges(),
            "active_weights": self._q.num_active,
            "floor": self._floor,
            "nats": self._nats(),
            "steps": self._kept.step,
            "seconds": self._kept.seconds,
        }
        return Point(self._cell, values)

    @torch.no_grad()
    def _nats(self) -> float:
        """Above its floor on the test points, plus the floor over all points: the test points' own luck cancels."""
        network, x, z = self._trial.network, self._x, self._z
        if self._floor is None:
            return -self._q(x).log_prob(z).mean().item()
        if self._trial.family == "gaussian":
            found, least = posterior_divergence(network, self._q, x, z), self._least
        else:
            found, least = -self._q(x).log_prob(z), -self._least_log_prob
        return self._floor + (found - least).mean().item()

    @cached_property
    def _least(self) -> Tensor:
        return least_divergence(self._trial.network, self._q.inverse, self._x, self._z)

    @cached_property
    def _least_log_prob(self) -> Tensor:
        return least_log_prob(self._trial.network, self._q.inverse, self._x, self._z)
