"""Inference in a Bayesian mixture: how fast each inverse learns. No torch here.

Source:
    Figure 7 of Webb et al., Faithful Inversion (2018); the topological inverse and the exact parts are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.settings import plain_fields
from sirenvae.experiments.trial import Cell, Point, Progress, SeveralRuns, Trial
from sirenvae.graphs import BayesianNetwork, Inverse, invert, load_network

# By name: the order, the method, what it is called.
MIXTURE_INVERSES = {
    "reverse": ("reverse", "nami", "reverse NaMI"),
    "topological": ("topological", "nami", "topological NaMI"),
    "fully_connected": ("reverse", "fully_connected", "fully connected"),
}
_STEP_COST = {"reverse": 5, "topological": 9, "fully_connected": 7}


@dataclass(frozen=True)
class Nami7(SeveralRuns, Trial):
    """What to train and how to measure it; a cell is an inverse, all its runs trained as replicas of one model.

    The values of a point: ``steps``; ``kl``, for each of them KL(p(z | x) || q(z | x)) of each run, averaged over test
    sets, nats; ``kl_data``, the part of it of the data's components, summed over the data, or ``None`` where these are
    not conditioned on phi and theta; ``evidence_error``, the standard error that every KL has from the estimated
    evidence of the test sets; ``edges``; ``active``, the weights of a run; ``diverged`` and ``seconds``.

    Attributes:
        inverses: Some of :data:`MIXTURE_INVERSES`.
        num_data: N.
        num_runs: Initializations and orders of the training sets.
        first_seed: Seeds run from here.
        num_steps, batch_size, learning_rate: Of the training, with a cosine schedule.
        num_sets: Training sets, simulated once and drawn from with replacement.
        num_test: Test sets.
        evidence_samples: Draws of a round of :func:`~sirenvae.truth.mixtures.adaptive_evidence`.
        num_looks: How often the KL is measured, about; never more often than every 100 steps.
        datum_features, set_features: Widths, the same for every inverse.
    """

    name: ClassVar[str] = "nami-7"
    inverses: tuple[str, ...] = tuple(MIXTURE_INVERSES)
    num_data: int = 200
    num_runs: int = 5
    first_seed: int = 0
    num_steps: int = 1200
    batch_size: int = 50
    learning_rate: float = 5e-3
    num_sets: int = 20_000
    num_test: int = 100
    evidence_samples: int = 500
    num_looks: int = 12
    datum_features: int = 24
    set_features: int = 32

    def __post_init__(self):
        if isinstance(self.inverses, list):
            object.__setattr__(self, "inverses", tuple(self.inverses))
        if unknown := [name for name in self.inverses if name not in MIXTURE_INVERSES]:
            raise InputError(
                f"There is no inverse {', '.join(map(str, unknown))}; there are {', '.join(MIXTURE_INVERSES)}."
            )
        if not self.inverses or len(set(self.inverses)) < len(self.inverses):
            raise InputError(f"The inverses must be different and at least one, but {list(self.inverses)} came.")
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and not value > 0 and name != "first_seed":
                words = name.replace("num_", "number of ").replace("_", " ")
                raise InputError(f"The {words} is positive, but {value} came.")
        load_network(f"gaussian-mixture-{self.num_data}")

    @property
    def network(self) -> BayesianNetwork:
        """The mixture with N data."""
        return load_network(f"gaussian-mixture-{self.num_data}")

    def inverse(self, name: str) -> Inverse:
        """One of :data:`MIXTURE_INVERSES` of the network."""
        order, method, _ = MIXTURE_INVERSES[name]
        return invert(self.network, order, method=method)

    def cells(self) -> list[Cell]:
        """The inverses."""
        return [Cell(self.network.name, name) for name in self.inverses]

    def cost(self, cell: Cell) -> int:
        """Steps of training times their cost."""
        return self.num_steps * _STEP_COST[cell.learner]

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = plain_fields(self) | {"inverse": cell.learner}
        del values["inverses"]
        return values

    def work(self, cells: tuple[Cell, ...], keeper=None) -> Iterator[Progress | Point]:
        """One inverse."""
        from sirenvae.experiments.nami7_work import work

        return work(self, *cells)

    def tasks(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """Every inverse by itself."""
        return [(cell,) for cell in cells]

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row for each inverse and step: mean and standard error of the KL over runs, nats."""
        by_name = {point.cell.learner: point.values for point in points}
        return [
            self._row(name, by_name[name], i)
            for name in self.inverses
            if name in by_name
            for i in range(len(by_name[name]["steps"]))
        ]

    def _row(self, name: str, found: dict, i: int) -> dict:
        runs, parts = found["kl"][i], found["kl_data"]
        return {
            "inverse": name,
            "edges": found["edges"],
            "active_weights": found["active"],
            "step": found["steps"][i],
            "runs": len(runs),
            "kl_mean": fmean(runs),
            "kl_error": stdev(runs) / len(runs) ** 0.5 if len(runs) > 1 else None,
            "kl_data_mean": fmean(parts[i]) if parts else None,
            "evidence_error": found["evidence_error"],
            "diverged_runs": sum(found["diverged"]),
        }

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences."""
        sentences = [
            f"KL(p(z | x) || q(z | x)) in nats, mean and standard error over {self.num_runs} runs, on {self.num_test} "
            f"test sets of {self.num_data} data in common, each with the z that it comes from; their evidence is "
            "estimated, and its error is the same for every inverse.",
            f"Trained on {self.num_sets:,} simulated sets, {self.batch_size} at a step. All inverses have the same "
            "widths, the same features of the data, and a path from each datum to its component; all number components "
            "alike.",
            "KL of data: the part of the components of data, summed over them, given phi and theta.",
        ]
        return [*sentences, *_compared(rows)]


def _compared(rows: Sequence[dict]) -> list[str]:
    """From which step on reverse NaMI is below each other inverse."""
    curves = {name: {row["step"]: row for row in rows if row["inverse"] == name} for name in MIXTURE_INVERSES}
    sentences, ours = [], curves["reverse"]
    for name in ("topological", "fully_connected"):
        steps = sorted(set(ours) & set(curves[name]))
        if not steps:
            continue
        gaps = [curves[name][step]["kl_mean"] - ours[step]["kl_mean"] for step in steps]
        above = [i for i, gap in enumerate(gaps) if gap <= 0]
        start = 0 if not above else above[-1] + 1
        words = f"{MIXTURE_INVERSES[name][2]} ends {gaps[-1]:+.2f} nats from reverse NaMI"
        where = (
            f"is above it from step {steps[start]} of {steps[-1]} on"
            if start < len(steps)
            else "is below it at the end"
        )
        sentences.append(f"The {words} and {where}.")
    return sentences


PRESETS = {
    "quick": Nami7(),
    "paper": Nami7(num_runs=10, num_steps=6000, num_sets=100_000, num_test=300, batch_size=100),
}


def preset(name: str) -> Nami7:
    """A ready configuration: ``"quick"``, five runs, or ``"paper"``, ten runs and six times the steps.

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    return PRESETS[name]
