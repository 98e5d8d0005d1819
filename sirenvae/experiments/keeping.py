"""What a run leaves in a folder: its models, and what it takes to go on after it was ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sirenvae.models.base import LatentVariableModel
from sirenvae.training.checkpoints import resume_fit, save_fit, save_model
from sirenvae.training.loop import EpochRecord, Fit

_SECONDS_BETWEEN = 2.0
_LEAST_SHARE = 20  # a checkpoint may take one second in so many


def model_file(folder: Path, model: str, size: int) -> Path:
    """Where the model of a cell is kept, all its seeds as replicas; see :func:`sirenvae.load_model`."""
    return folder / f"{model}-{size}.safetensors"


@dataclass
class Keeper:
    """Keeps the models of finished cells, and from time to time the training under way.

    Attributes:
        folder: An existing folder.
        done: Cells, as pairs of model and size, that an earlier run has finished.
    """

    folder: Path
    done: frozenset[tuple[str, int]] = frozenset()
    _next: float = 0.0

    def keep_model(self, name: str, size: int, model: LatentVariableModel) -> None:
        """Keep the model of a cell that has finished."""
        save_model(model, model_file(self.folder, name, size))

    def keep_fit(self, name: str, size: int, fit: Iterator[EpochRecord], at_once: bool = False) -> None:
        """Keep the training of the task that begins with this cell, unless that was done a moment ago.

        A training that has ended is not kept: nothing would come of going on. Nor is a choice among recipes, which has
        no state that could be kept; it begins again.
        """
        if not isinstance(fit, Fit) or fit.ended:
            return
        began = time.monotonic()
        if at_once or began >= self._next:
            save_fit(fit, self._fit_file(name, size))
            now = time.monotonic()
            self._next = now + max(_SECONDS_BETWEEN, _LEAST_SHARE * (now - began))

    def kept_fit(self, name: str, size: int, data: Sequence[Tensor], device: torch.device) -> Fit | None:
        """That training, to go on with; ``None`` if there is none."""
        file = self._fit_file(name, size)
        return resume_fit(file, data, device) if file.exists() else None

    def drop_fit(self, name: str, size: int) -> None:
        """The task has ended."""
        self._fit_file(name, size).unlink(missing_ok=True)

    def _fit_file(self, name: str, size: int) -> Path:
        return self.folder / f"{name}-{size}-fit.safetensors"
