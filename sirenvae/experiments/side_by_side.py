"""Cells of one model under training as one program, and each of them measured on its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import torch
from torch import Tensor

from sirenvae.experiments.registry import build_model
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.base import LatentVariableModel


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class SideBySide:
    """Replicas of several cells in one model; all cells start with the same weights.

    Arguments:
        network, learner, linear: As :func:`~sirenvae.experiments.registry.build_model` takes them.
        keys: One for each cell.
        count: Replicas of each.
        seed: Of the first weights of a cell.

    Attributes:
        places: By key, which replicas of the whole are the cell's.
    """

    def __init__(
        self,
        network: BayesianNetwork,
        learner: str,
        keys: Iterable[Hashable],
        count: int,
        seed: int,
        linear: bool = True,
    ):
        self._asked = (network, learner, linear)
        self._count = count
        self.places = {key: range(i * count, (i + 1) * count) for i, key in enumerate(keys)}
        self._own = self._built(count, seed)

    def whole(self) -> LatentVariableModel:
        """The model of all cells with their first weights, before any cell is measured."""
        whole = self._built(len(self.places) * self._count)
        for places in self.places.values():
            whole.copy_replicas(self._own, range(self._count), places)
        return whole

    def part(self, whole: LatentVariableModel, key: Hashable) -> LatentVariableModel:
        """A model of the cell alone, as it is in the whole now; good until the next one is asked for."""
        self._own.copy_replicas(whole, self.places[key], range(self._count))
        return self._own.eval()

    def _built(self, count: int, seed: int = 0) -> LatentVariableModel:
        network, learner, linear = self._asked
        return build_model(network, learner, (count,), seed, linear=linear).to(best_device())


def means(values: dict[str, Tensor]) -> dict[str, list[float]]:
    """Over the test points of each run."""
    return {name: value.double().mean(dim=-1).tolist() for name, value in values.items()}
