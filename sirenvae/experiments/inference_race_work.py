"""The work of a race of inference networks, see :mod:`sirenvae.experiments.inference_race`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import InferenceNetwork
from sirenvae.tensor_files import read_tensors, write_tensors
from sirenvae.training.fit import fit
from sirenvae.training.recipes import RECIPES
from sirenvae.truth import sample_network
from sirenvae.truth.divergence import least_divergence, posterior_divergence

if TYPE_CHECKING:
    from sirenvae.experiments.inference_race import InferenceRace
    from sirenvae.experiments.keeping import Keeper


def work(trial: InferenceRace, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Train the cells side by side, each a little at a time.

    Yields:
        The progress of every cell in turn, and its point when it is finished.
    """
    x, z = sample_network(trial.network, trial.num_test, COMMON_TEST_SEED + trial.first_seed)
    runners = [_Runner(trial, cell, x, z) for cell in cells]
    while runners:
        for runner in list(runners):
            is_going = runner.advance()
            if keeper:
                runner.keep(keeper.folder)
            yield runner.progress() if is_going else runner.point()
            if not is_going:
                runners.remove(runner)


def build(trial: InferenceRace, name: str) -> InferenceNetwork:
    """The inference network over an inverse, its weights as at the start of the race."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        # To be watched while it learns: there is little left to learn after a linear start.
        return InferenceNetwork(trial.network, trial.inverse_of(name), capacity=trial.capacity, linear_start=False)


def weights_file(folder: Path, name: str) -> Path:
    """Where the weights of an inference network are kept."""
    return folder / f"{name}-weights.safetensors"


def kept_network(trial: InferenceRace, name: str, folder: Path) -> InferenceNetwork:
    """An inference network as it was when it last reported.

    Raises:
        InputError: If there is no such file.
    """
    q = build(trial, name)
    q.load_state_dict(read_tensors(weights_file(folder, name))[0])
    return q.eval()


class _Runner:
    """One inference network of the race."""

    def __init__(self, trial: InferenceRace, cell: Cell, x: Tensor, z: Tensor):
        self._trial, self._cell, self._x, self._z = trial, cell, x, z
        self._q = build(trial, cell.learner)
        self._floor = trial.floor(cell.learner)
        self._least = least_divergence(trial.network, self._q.inverse, x, z).mean().item() if self._has_truth else None
        recipe = replace(RECIPES["inference"], num_steps=trial.num_steps)
        self._fit = fit(self._q, trial.network, recipe, seed=trial.first_seed)
        self._reports = trial.reports()
        self._seconds, self._step = 0.0, 0

    @property
    def _has_truth(self) -> bool:
        return self._floor is not None

    def advance(self) -> bool:
        """Train until the next report; False after the last one."""
        record = self._fit.take(self._reports.pop(0) - self._step)
        self._seconds, self._step = record.seconds, record.step
        return bool(self._reports)

    def progress(self) -> Progress:
        return Progress(self._cell, self._step, self._trial.num_steps, {"nats": self._nats()})

    def point(self) -> Point:
        values = {
            "edges": self._q.inverse.dag.number_of_edges(),
            "active_weights": self._q.num_active,
            "floor": self._floor,
            "nats": self._nats(),
            "steps": self._step,
            "seconds": self._seconds,
        }
        return Point(self._cell, values)

    @torch.no_grad()
    def _nats(self) -> float:
        """Above its floor on the test points, plus the floor over all points: the test points' own luck cancels."""
        if not self._has_truth:
            return -self._q(self._x).log_prob(self._z).mean().item()
        found = posterior_divergence(self._trial.network, self._q, self._x, self._z).mean().item()
        return self._floor + found - self._least

    def keep(self, folder: Path) -> None:
        write_tensors(weights_file(folder, self._cell.learner), self._q.state_dict(), {"step": self._step})
