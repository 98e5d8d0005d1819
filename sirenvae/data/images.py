"""Images of bits, for models that need no network: the handwritten digits that come with scikit-learn.

Source:
    Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998), its test set,
    1797 images of 8 x 8 pixels in 17 levels of grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError

BINARIZATIONS = ("thresholded", "static", "dynamic")


@dataclass(frozen=True, eq=False)
class Images:
    """Images of bits, a row each.

    Attributes:
        name: What they show.
        binarization: One of :data:`BINARIZATIONS`.
        train: Bits, float64, shape ``(N, D)``; of a dynamic binarization a simulator, which takes a number of images
            and a generator.
        test: Bits, float64, shape ``(M, D)``.
        train_labels, test_labels: What each image shows, int64, shapes ``(N,)`` and ``(M,)``.
        height, width: D is their product; pixels go row by row.
    """

    name: str
    binarization: str
    train: Tensor | Callable[[int, torch.Generator], Tensor]
    test: Tensor
    train_labels: Tensor
    test_labels: Tensor
    height: int
    width: int


def load_digits(binarization: str = "thresholded", test_share: float = 0.2, seed: int = 0) -> Images:
    """Read scikit-learn's digits, which are part of it, as bits.

    Arguments:
        binarization: ``"thresholded"`` at half of the darkest grey. ``"static"``: each pixel is drawn once, its level
            of grey the probability. ``"dynamic"``: the training images are drawn anew whenever they are asked for; the
            test images are those of ``"static"``.
        test_share: Of the images, between 0 and 1.
        seed: Of the split, and of what is drawn once.

    Raises:
        InputError: If there is no such binarization, a share leaves no image on one side, or scikit-learn is missing.

    Example:
        >>> digits = load_digits()
        >>> digits.train.shape, digits.test.shape
        (torch.Size([1438, 64]), torch.Size([359, 64]))

    Source:
        Static bits: Salakhutdinov & Murray, On the Quantitative Analysis of Deep Belief Networks (2008); dynamic ones:
        Burda et al., Importance Weighted Autoencoders (2016).
    """
    if binarization not in BINARIZATIONS:
        raise InputError(f"The binarization {binarization!r} does not exist; it is one of {', '.join(BINARIZATIONS)}.")
    grey, labels = _grey_digits()
    num_test = round(test_share * len(grey)) if 0 < test_share < 1 else 0
    if not 0 < num_test < len(grey):
        raise InputError(f"The share of test images lies between 0 and 1 and leaves some, but {test_share} came.")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(grey), generator=generator)
    bits = (grey > 0.5).double() if binarization == "thresholded" else torch.bernoulli(grey, generator=generator)
    test, train = order[:num_test], order[num_test:]
    return Images(
        "digits",
        binarization,
        train=_drawn_anew(grey[train]) if binarization == "dynamic" else bits[train],
        test=bits[test],
        train_labels=labels[train],
        test_labels=labels[test],
        height=8,
        width=8,
    )


def _grey_digits() -> tuple[Tensor, Tensor]:
    """Levels between 0 and 1, float64, shape ``(1797, 64)``, and labels."""
    try:
        from sklearn import datasets
    except ImportError as error:
        raise InputError(
            'The digits are part of scikit-learn, which is not installed; "pip install scikit-learn" brings them.'
        ) from error
    found = datasets.load_digits()
    return torch.from_numpy(found.data).double() / 16, torch.from_numpy(found.target).long()


def _drawn_anew(grey: Tensor) -> Tensor | Callable[[int, torch.Generator], Tensor]:
    """Some images at random, with new bits each time."""

    def draw(num_images: int, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(grey), (num_images,), generator=generator)
        return torch.bernoulli(grey[chosen], generator=generator)

    return draw
