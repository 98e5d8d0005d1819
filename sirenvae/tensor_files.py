"""Files of named tensors with plain values beside them: safetensors, whose metadata hold JSON and a digest of it all.

Nothing in such a file is executed when it is read, and what is damaged is found out before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sirenvae.errors import InputError

_FORMAT = 1  # Of what lies in the metadata. Files written before there was a digest have none.


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], content: dict) -> None:
    """Write tensors and plain values to one file; whoever is killed while writing leaves the file as it was.

    Arguments:
        path: The file.
        tensors: By name, anywhere; they may share memory.
        content: What JSON can write, numpy's numbers included.

    Raises:
        InputError: If a value cannot be written as JSON, or the file cannot be written.
    """
    try:
        text = json.dumps({"format": _FORMAT, **content}, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"The file {path} cannot be written: a setting is no plain value ({error}).") from error
    # Parameters are views into one tensor while they train; a file wants each on its own.
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    unfinished = f"{path}.unfinished"
    try:
        save_file(tensors, unfinished, metadata={"sirenvae": text, "digest": _digest(text, tensors)})
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            os.unlink(unfinished)
        raise InputError(f"The file {path} cannot be written: {_first_line(error)}.") from error


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Read what :func:`write_tensors` wrote.

    Returns:
        The tensors, on the CPU, and the values.

    Raises:
        InputError: If the file cannot be read, is damaged, or was written by something else or a later version.
    """
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            metadata = file.metadata() or {}
            # The tensors of an open file share its memory: whoever changes the file must not change them.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"The file {path} cannot be read: {_first_line(error)}.") from error
    text = metadata.get("sirenvae")
    if text is None:
        raise InputError(f"The file {path} was not written by this version of sirenvae: it holds tensors of others.")
    if metadata.get("digest", digest := _digest(text, tensors)) != digest:
        raise InputError(f"The file {path} is damaged: it is not as it was written; bring back a copy.")
    return tensors, _parsed(text, path)


def _parsed(text: str, path: str | Path) -> dict:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The file {path} is damaged: what it says of its tensors is not JSON.") from error
    form = content.get("format") if isinstance(content, dict) else None
    if isinstance(form, int) and form > _FORMAT:
        raise InputError(
            f"The file {path} was written in format {form} by a later version of sirenvae; this one reads "
            f"format {_FORMAT}."
        )
    if form is not True and form == _FORMAT:
        return content
    raise InputError(f"The file {path} was not written by this version of sirenvae.")


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the text and of each tensor's name, type, shape and numbers."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode("utf-8", "surrogatepass"))
        digest.update(value.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _plain(value):
    """A number of numpy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} came")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
