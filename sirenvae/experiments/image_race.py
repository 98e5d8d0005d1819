"""A race of encoders: relaxed Bernoulli VAEs of the same images, trained side by side and watched. No torch here.

Source:
    Figure 4 of Webb et al., Faithful Inversion of Generative Models (2018), over the steps of one training instead of
    over capacities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.nami4 import ENCODERS
from sirenvae.experiments.settings import check_different, plain_fields
from sirenvae.experiments.trial import Cell, Point, Progress, Trial, WatchedRun

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

MOST_STEPS = 16_000
NUM_SHOWN = 12  # test images that are shown as they are reconstructed
_EVIDENCE_EVERY = 4  # reports


@dataclass(frozen=True)
class ImageRace(WatchedRun, Trial):
    """What is trained and how; a cell is an encoder, and all cells train side by side.

    What is told of a cell, nats an image, over the first `num_test` test images: ``neg_elbo``, and at every fourth
    report ``neg_ais``, the negative log evidence by annealing from q, and ``gap``, how far the bound lies below it.

    Attributes:
        images, binarization: As for :func:`~sirenvae.data.images.load_images`.
        encoders: Some of :data:`~sirenvae.experiments.nami4.ENCODERS`.
        capacity: Most active weights of an encoder.
        prior_temperature, posterior_temperature, num_latents, decoder_features: As for
            :class:`~sirenvae.models.RelaxedBernoulliVAE`.
        num_steps, batch_size, learning_rate: Of the training.
        num_test: Test images that they are measured on.
        num_temperatures, num_chains: Of the annealing.
        num_updates: How often each reports while it trains, see :func:`~sirenvae.experiments.trial.report_steps`.
        first_seed: Of weights, batches and the split of the images; all encoders have the same.
    """

    name: ClassVar[str] = "image-race"
    most_steps: ClassVar[int] = MOST_STEPS
    images: str = "digits"
    binarization: str = "dynamic"
    encoders: tuple[str, ...] = ENCODERS
    capacity: int = 11_000
    num_latents: int = 30
    decoder_features: int = 200
    prior_temperature: float = 1 / 2
    posterior_temperature: float = 2 / 3
    num_steps: int = 1500
    batch_size: int = 100
    learning_rate: float = 0.012
    num_test: int = 20
    num_temperatures: int = 60
    num_chains: int = 8
    num_updates: int = 36
    first_seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "encoders", tuple(self.encoders))
        check_different("encoders", self.encoders)
        if unknown := [name for name in self.encoders if name not in ENCODERS]:
            raise InputError(f"There is no encoder {', '.join(map(str, unknown))}; there are {', '.join(ENCODERS)}.")
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and not value > 0 and name != "first_seed":
                words = name.replace("num_", "number of ").replace("_", " ")
                raise InputError(f"The {words} is positive, but {value} came.")
        if self.num_steps > MOST_STEPS:
            raise InputError(f"This race goes on for at most {MOST_STEPS:,} steps, but {self.num_steps:,} came.")

    def cells(self) -> list[Cell]:
        """One for each encoder."""
        return [Cell(self.images, encoder, self.capacity) for encoder in self.encoders]

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = plain_fields(self) | {"encoder": cell.learner}
        del values["encoders"]
        return values

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Train them side by side; a keeper has each as it was when it last reported, and goes on from there."""
        from sirenvae.experiments.image_race_work import work

        return work(self, cells, keeper)

    def anneals_at(self, step: int) -> bool:
        """Whether the evidence is estimated at a report."""
        reports = self.reports()
        return step in reports[::-_EVIDENCE_EVERY]

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row for each encoder."""
        return [
            {"images": self.images, "binarization": self.binarization, "encoder": point.cell.learner, **point.values}
            for point in points
        ]

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences."""
        return [
            f"{self.images}, {self.binarization} bits; nats an image over {self.num_test} test images, after "
            f"{self.num_steps:,} steps, one run; evidence by annealing from q ({self.num_chains} chains, "
            f"{self.num_temperatures} temperatures).",
        ]
