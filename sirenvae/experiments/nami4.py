"""A relaxed Bernoulli VAE of images with mean field and with a faithful encoder, at several capacities. No torch here.

Source:
    Figure 4 of Webb et al., Faithful Inversion of Generative Models (2018); images, sizes of the networks and the
    annealing are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.settings import check_different, plain_fields
from sirenvae.experiments.trend import jonckheere
from sirenvae.experiments.trial import Cell, Point, Progress, SeveralRuns, Trial, mean_and_sd

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

ENCODERS = ("mean_field", "faithful")
WORDS = {"mean_field": "mean field", "faithful": "faithful"}
_STEP_COST = {"mean_field": 2, "faithful": 5}
_SIGNIFICANT = 0.05
_TOGETHER, _MOST_TOGETHER = 2.2, 8000  # capacities that far apart, and up to so many weights, train as one program
_ABOUT = {"neg_elbo": "negative ELBO", "neg_ais": "negative AIS estimate"}


@dataclass(frozen=True)
class Nami4(SeveralRuns, Trial):
    """What to train and how to measure it; a cell is an encoder of one capacity, all its runs one program,
    those of the smallest capacities together.

    The values of a point: of all runs together ``active_weights``, ``split`` (which images), ``acceptance`` of the
    annealing and ``seconds``; a list with one number for each run of ``elbo`` (over all test images), and over the
    first `num_ais` of them ``elbo_ais``, ``iwae``, ``ais`` and ``ais_error`` (its standard error); ``ais_gap``, by how
    much upper and lower bound differ on as many images that the model drew itself, a fifth of `num_ais`. Nats an image.

    Attributes:
        images: One of :data:`~sirenvae.data.grey_images.SOURCES`.
        binarization: ``"thresholded"``, ``"static"`` or ``"dynamic"``.
        encoders: Some of :data:`ENCODERS`.
        capacities: Most active weights of the encoder.
        num_runs: Initializations and streams of batches; all have the same split of the images.
        first_seed: Of weights and batches; the split and the bits drawn once follow from it.
        num_latents, decoder_features: As for :class:`~sirenvae.models.RelaxedBernoulliVAE`.
        prior_temperature, posterior_temperature: As there.
        num_epochs, batch_size, learning_rate, kl_warm_up: Of the training, with a cosine schedule.
        num_ais: Test images that evidence is estimated for.
        num_temperatures, num_chains: Of the annealing, from q(z | x).
        iwae_samples: Draws of the IWAE bound.
    """

    name: ClassVar[str] = "nami-4"
    images: str = "digits"
    binarization: str = "dynamic"
    encoders: tuple[str, ...] = ENCODERS
    capacities: tuple[int, ...] = (2900, 5700, 11_000, 23_000, 46_000)
    num_runs: int = 3
    first_seed: int = 0
    num_latents: int = 30
    decoder_features: int = 200
    prior_temperature: float = 1 / 2
    posterior_temperature: float = 2 / 3
    num_epochs: int = 100
    batch_size: int = 100
    learning_rate: float = 0.012
    kl_warm_up: float = 0.3
    num_ais: int = 100
    num_temperatures: int = 100
    num_chains: int = 16
    iwae_samples: int = 5000

    def __post_init__(self):
        for name in ("encoders", "capacities"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            check_different(name, getattr(self, name))
        if unknown := [name for name in self.encoders if name not in ENCODERS]:
            raise InputError(f"There is no encoder {', '.join(map(str, unknown))}; there are {', '.join(ENCODERS)}.")
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and not value > 0 and name not in ("first_seed", "kl_warm_up"):
                words = name.replace("num_", "number of ").replace("_", " ")
                raise InputError(f"The {words} is positive, but {value} came.")

    def cells(self) -> list[Cell]:
        """Every capacity, with each encoder."""
        return [Cell(self.images, encoder, size) for size in self.capacities for encoder in self.encoders]

    def tasks(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """Capacities of an encoder in pairs, as replicas of one program, where that saves more than it costs."""
        groups: list[tuple[Cell, ...]] = []
        for cell in sorted(cells, key=lambda cell: (cell.learner, cell.size)):
            last = groups[-1] if groups else ()
            alike = len(last) == 1 and last[0].learner == cell.learner and cell.size <= _TOGETHER * last[0].size
            if alike and cell.size <= _MOST_TOGETHER:
                groups[-1] = (*last, cell)
            else:
                groups.append((cell,))
        return groups

    def cost(self, cell: Cell) -> float:
        """Epochs by what a step costs, about."""
        return self.num_epochs * (_STEP_COST[cell.learner] + cell.size / 8000)

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = plain_fields(self) | {"encoder": cell.learner, "capacity": cell.size}
        del values["encoders"], values["capacities"]
        return values

    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Train the cells as one program; nothing is kept."""
        from sirenvae.experiments.nami4_work import work

        return work(self, cells)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row for each cell: means and deviations over runs, negative, so that less is better; nats an image."""
        found = {point.cell: point.values for point in points}
        return [self._row(cell, found[cell]) for cell in self.cells() if cell in found]

    def _row(self, cell: Cell, found: dict) -> dict:
        runs = {f"neg_{name}": [-value for value in found[name]] for name in ("elbo", "iwae", "ais")}
        runs["gap"] = [ais - elbo for ais, elbo in zip(found["ais"], found["elbo_ais"], strict=True)]
        return {
            "images": self.images,
            "binarization": self.binarization,
            "split": found["split"],
            "encoder": cell.learner,
            "capacity": cell.size,
            "active_weights": found["active_weights"],
            **{key: value for name, values in runs.items() for key, value in mean_and_sd(name, values).items()},
            "ais_error": max(found["ais_error"]),
            "ais_gap": max(found["ais_gap"]),
            "acceptance": found["acceptance"],
            "diverged_runs": sum(found["diverged"]),
            "runs": runs,
        }

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences, and what they say of the paper's claims."""
        split = rows[0]["split"] if rows else "none"
        sentences = [
            f"Images {self.images}, {self.binarization} bits ({split}); nats an image, {self.num_runs} runs on the "
            "same split. Other binarizations have other bounds.",
            f"The negative ELBO is over all test images; AIS ({self.num_chains} chains from q, {self.num_temperatures} "
            f"temperatures) and IWAE ({self.iwae_samples:,} draws) are over the first {self.num_ais}, and so is the "
            "gap, AIS less ELBO. AIS is a bound from below too, in expectation.",
            "Decoder and latents are the same throughout; the capacity is the encoder's active weights.",
        ]
        return sentences + claims(rows)


def claims(rows: Sequence[dict]) -> list[str]:
    """What rows of both encoders say of the paper's claims, in sentences."""
    curves = {name: [row for row in rows if row["encoder"] == name] for name in ENCODERS}
    sentences = [_below(curves, measure) for measure in _ABOUT] if all(curves.values()) else []
    return sentences + [_gap(name, curve) for name, curve in curves.items() if len(curve) > 1]


def _below(curves: dict[str, list[dict]], measure: str) -> str:
    faithful = {row["capacity"]: row["runs"][measure] for row in curves["faithful"]}
    pairs = [(row["runs"][measure], faithful[row["capacity"]]) for row in curves["mean_field"]]
    gains = [fmean(mean_field) - fmean(ours) for mean_field, ours in pairs]
    apart = sum(max(ours) < min(mean_field) for mean_field, ours in pairs)
    return (
        f"The {_ABOUT[measure]} of the faithful encoder is lower by {min(gains):.2f} to {max(gains):.2f} nats; at "
        f"{apart} of {len(pairs)} capacities every run of it is below every run of mean field."
    )


def _gap(name: str, curve: Sequence[dict]) -> str:
    groups = [row["runs"]["gap"] for row in sorted(curve, key=lambda row: row["capacity"])]
    trends = {"grows": jonckheere(groups), "falls": jonckheere(groups[::-1])}
    trend, p_value = min(trends.items(), key=lambda found: found[1])
    shown = trend if p_value < _SIGNIFICANT else "does not move"
    return (
        f"The gap of {WORDS[name]} {shown} with the encoder's capacity (Jonckheere's test that it {trend}: p = "
        f"{p_value:.2g}), from {fmean(groups[0]):.2f} to {fmean(groups[-1]):.2f} nats; the paper has mean field's grow "
        "and the faithful one's fall."
    )


PRESETS = {
    "quick": Nami4(),
    "digits-5000": Nami4(images="mnist-5000", capacities=(26_000, 98_000, 391_000), num_epochs=80, learning_rate=0.015),
    "paper": Nami4(
        images="mnist",
        capacities=(26_000, 35_000, 49_000, 70_000, 98_000, 140_000, 200_000, 280_000, 391_000, 560_000),
        num_runs=5,
        num_epochs=1000,
        learning_rate=0.002,
        num_temperatures=1000,
    ),
}


def preset(name: str) -> Nami4:
    """A ready configuration.

    Arguments:
        name: ``"quick"`` (scikit-learn's digits, five capacities, three runs), ``"digits-5000"`` (5,000 real digits,
            three capacities) or ``"paper"`` (MNIST, ten capacities, 1,000 epochs: for a GPU).

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    return PRESETS[name]
