"""Small files of images, as MNIST has them."""

import gzip
import struct

import numpy as np

from sirenvae.data.grey_images import FILES


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def write_images(folder, part="train", count=6, side=4, seed=0, zipped=True):
    """Random images, a label that is their number; returns their levels."""
    folder.mkdir(parents=True, exist_ok=True)
    levels = np.random.default_rng(seed).integers(0, 256, (count, side, side))
    for name, values in zip(FILES[part], (levels, np.arange(count) % 10), strict=True):
        content = idx(values)
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return levels
