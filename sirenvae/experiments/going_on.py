"""A training under way kept in a file, to be asked meanwhile and to go on from later, if need be for longer."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from sirenvae.tensor_files import read_tensors, write_tensors
from sirenvae.training.loop import Fit

_WEIGHTS, _TRAINING = "model.", "fit."


def keep_training(training: Fit, file: Path) -> None:
    """Write the weights of the model in training, and what it takes to go on."""
    tensors, numbers = training.state()
    kept = {_WEIGHTS + name: value for name, value in training.model.state_dict().items()}
    write_tensors(file, kept | {_TRAINING + name: value for name, value in tensors.items()}, {"fit": numbers})


def go_on(training: Fit, file: Path) -> int:
    """Take up what was kept, and return the step that it had reached; 0 where nothing is.

    A recipe of more steps than the one before is followed from that step on, so its learning rate may rise again.

    Arguments:
        training: Of the same model, with the same seeds, at its first step.
        file: Of :func:`keep_training`.

    Raises:
        InputError: If the file cannot be read.
    """
    if not file.exists():
        return 0
    tensors, content = read_tensors(file)
    training.model.load_state_dict(_part(tensors, _WEIGHTS))
    training.restore(_part(tensors, _TRAINING), content["fit"])
    return int(content["fit"]["step"])


def kept_weights(file: Path) -> dict[str, Tensor]:
    """The weights as they were when they were last kept.

    Raises:
        InputError: If there is no such file.
    """
    return _part(read_tensors(file)[0], _WEIGHTS)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
