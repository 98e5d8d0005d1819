"""Files in the format idx, in which MNIST and its successors come: unsigned bytes, gzipped or not.

Source:
    LeCun, Cortes & Burges, The MNIST Database of Handwritten Digits (1998).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from sirenvae.errors import InputError

_UNSIGNED_BYTES = 0x08
_MOST = 1 << 28  # bytes; MNIST's training images are 47 million


def read_idx(path: str | Path, num_axes: int) -> Tensor:
    """Read an array of unsigned bytes.

    Arguments:
        path: The file; compressed by gzip if its name ends in ``.gz``.
        num_axes: How many axes it has: 3 for images, 1 for labels.

    Returns:
        Shape as the file says, uint8.

    Raises:
        InputError: If the file cannot be read, is damaged, has another number of axes, or is larger than 256 MiB.
    """
    path = Path(path)
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            content = file.read(_MOST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"The file {path} is damaged: {error}.") from error
    except OSError as error:
        raise InputError(f"The file {path} cannot be read: {error.strerror}.") from error
    if len(content) > _MOST:
        raise InputError(f"The file {path} holds more than {_MOST >> 20} MiB; that is no set of small images.")
    shape = _shape(path, content, num_axes)
    body = content[4 + 4 * num_axes :]
    if len(body) != math.prod(shape):
        raise InputError(f"The file {path} is damaged: it holds {len(body):,} values, not {math.prod(shape):,}.")
    return torch.frombuffer(bytearray(body), dtype=torch.uint8).view(shape) if body else torch.empty(shape).byte()


def _shape(path: Path, content: bytes, num_axes: int) -> tuple[int, ...]:
    """What the file's first bytes say of its shape."""
    start = struct.pack(">HBB", 0, _UNSIGNED_BYTES, num_axes)
    if content[:4] != start or len(content) < 4 + 4 * num_axes:
        raise InputError(
            f"The file {path} is no idx file of bytes with {num_axes} {'axes' if num_axes > 1 else 'axis'}."
        )
    return struct.unpack(f">{num_axes}I", content[4 : 4 + 4 * num_axes])
