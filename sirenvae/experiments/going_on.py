"""A training under way kept in a file, to be asked meanwhile and to go on from later, if need be for longer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from sirenvae.tensor_files import read_tensors, write_tensors
from sirenvae.training.loop import Fit

_WEIGHTS, _TRAINING = "model.", "fit."


def _keep(training: Fit, file: Path) -> None:
    """Write the weights of the model in training, and what it takes to go on."""
    tensors, numbers = training.state()
    kept = {_WEIGHTS + name: value for name, value in training.model.state_dict().items()}
    write_tensors(file, kept | {_TRAINING + name: value for name, value in tensors.items()}, {"fit": numbers})


def _go_on(training: Fit, file: Path) -> int:
    """Take up what was kept, and return the step that it had reached; 0 where nothing is.

    A recipe of more steps than the one before is followed from that step on, so its learning rate may rise again.

    Arguments:
        training: Of the same model, with the same seeds, at its first step.
        file: Of :func:`_keep`.

    Raises:
        InputError: If the file cannot be read.
    """
    if not file.exists():
        return 0
    tensors, content = read_tensors(file)
    training.model.load_state_dict(_part(tensors, _WEIGHTS))
    training.restore(_part(tensors, _TRAINING), content["fit"])
    return int(content["fit"]["step"])


class KeptTraining:
    """A training that stops at given steps to be looked at, and is kept in a file there, from which it goes on.

    Arguments:
        training: At its first step.
        reports: The steps to stop at, ascending.
        file: Where it is kept; ``None`` keeps nothing.

    Attributes:
        step: How far it is.
    """

    def __init__(self, training: Fit, reports: Sequence[int], file: Path | None):
        self._training, self._file = training, file
        self.step = _go_on(training, file) if file else 0
        self._reports = [report for report in reports if report > self.step]

    @property
    def seconds(self) -> float:
        """Spent in training."""
        return self._training.seconds

    def advance(self) -> bool:
        """Train until the next stop; False after the last one."""
        if self._reports:
            self.step = self._training.take(self._reports.pop(0) - self.step).step
            if self._file:
                _keep(self._training, self._file)
        return bool(self._reports)


def kept_weights(file: Path) -> dict[str, Tensor]:
    """The weights as they were when they were last kept.

    Raises:
        InputError: If there is no such file.
    """
    return _part(read_tensors(file)[0], _WEIGHTS)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
