"""Where the excess NLL of a SIReN-VAE goes: its parts are exchanged for the true ones, one by one.

A model with the network's own decoder is measured beside one with the network's own prior, one with both and one that
learns everything. The posterior is exchanged afterwards: with prior and decoder fixed it is trained again on plenty of
fresh points of the network, which changes no likelihood but what is seen of it. First it maximizes the ELBO, which says
what the model is worth to its training, then the importance-weighted bound, since a posterior of highest ELBO leaves
modes out. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sirenvae.experiments.registry import TRUTH
from sirenvae.experiments.runs import less
from sirenvae.experiments.settings import plain_fields
from sirenvae.experiments.trial import Cell, Point, Progress, SeveralRuns, Trial, mean_and_sd
from sirenvae.graphs import BayesianNetwork
from sirenvae.training import RECIPES, Recipe

EXACT = {"none": (), "decoder": ("decoder",), "prior": ("prior",), "both": ("prior", "decoder")}
COLUMNS = (
    *("excess_nll", "ess", "excess_nll_many", "ess_many", "excess_nll_refitted", "ess_refitted"),
    *("gap", "gap_refitted"),
)


@dataclass(frozen=True)
class Parts(SeveralRuns, Trial):
    """What to train and how to measure it. A cell's learner is the truth, or one of :data:`EXACT`, the true structure
    with these parts not learned.

    The values of a point are one number per run: ``nll`` and ``ess`` (effective sample size), both also with ``_many``
    samples and with these ``_refitted``, ``elbo`` and ``elbo_refitted``, of the posterior as trained and of that of
    highest ELBO; nats.

    Attributes:
        network: A network with conditionals.
        multiples: Training-set sizes, in points per variable.
        recipe: How to train.
        linear: Whether prior and posterior have linear parts.
        num_runs: Training sets, initializations and test sets, trained as replicas of one model.
        first_seed: Seeds run from here, those of table 1.
        num_test: Test points of each run.
        elbo_samples, iwae_samples, many_samples: Draws of z per test point in the ELBO, and in the importance sampling
            of the NLL, few and many.
        num_fresh: Points that the posterior is trained on once more.
        refit_steps: Of this training, for each of its two objectives.
        refit_batch: Draws in each step: of as many points for the ELBO, of fewer points for the bound.
        refit_draws: Of them for each point in the importance-weighted bound.
    """

    name: ClassVar[str] = "parts"
    trains_together: ClassVar[bool] = False
    network: BayesianNetwork
    multiples: tuple[int, ...] = (2, 10, 100)
    recipe: Recipe = RECIPES["default"]
    linear: bool = True
    num_runs: int = 3
    first_seed: int = 1000
    num_test: int = 300
    elbo_samples: int = 20
    iwae_samples: int = 500
    many_samples: int = 5000
    num_fresh: int = 50_000
    refit_steps: int = 2000
    refit_batch: int = 256
    refit_draws: int = 16

    def cells(self) -> list[Cell]:
        """The truth, then the rows of the table."""
        name, sizes = self.network.name, [multiple * len(self.network.variables) for multiple in self.multiples]
        return [Cell(name, TRUTH), *(Cell(name, exact, size) for size in sizes for exact in EXACT)]

    def exact_parts(self, cell: Cell) -> tuple[str, ...]:
        """What its model does not learn."""
        return EXACT[cell.learner]

    def cost(self, cell: Cell) -> int:
        """Steps of all trainings."""
        if cell.learner == TRUTH:
            return 1
        return self.recipe.steps_for(cell.size, len(self.network.variables)) + 2 * self.refit_steps

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = plain_fields(self) | {"exact": cell.learner, "multiple": self._multiple(cell)}
        del values["multiples"]
        return values

    def work(self, cells: tuple[Cell, ...], keeper=None) -> Iterator[Progress | Point]:
        """One model."""
        from sirenvae.experiments.parts_work import work

        return work(self, *cells)

    def rows(self, points: Iterable[Point]) -> list[dict]:
        """One row per trained cell: mean and standard deviation over runs of :data:`COLUMNS`, see :meth:`notes`."""
        values = {point.cell: point.values for point in points}
        truth = values[Cell(self.network.name, TRUTH)]["nll"]
        return [self._row(cell, values[cell], truth) for cell in self.cells() if cell.size and cell in values]

    def _row(self, cell: Cell, found: dict, truth: list[float]) -> dict:
        best = [-nll for nll in found["nll_refitted"]]
        columns = {
            "excess_nll": less(found["nll"], truth),
            "excess_nll_many": less(found["nll_many"], truth),
            "excess_nll_refitted": less(found["nll_refitted"], truth),
            **{name: found[name] for name in ("ess", "ess_many", "ess_refitted")},
            "gap": less(best, found["elbo"]),
            "gap_refitted": less(best, found["elbo_refitted"]),
        }
        row = {
            "network": self.network.name,
            "multiple": self._multiple(cell),
            "training_points": cell.size,
            "exact": cell.learner,
            "runs": self.num_runs,
        }
        for name in COLUMNS:
            row |= mean_and_sd(name, columns[name])
        return row | {"diverged_runs": sum(found["diverged"])}

    def _multiple(self, cell: Cell) -> int:
        return cell.size // len(self.network.variables)

    def notes(self, rows: Sequence[dict] = ()) -> list[str]:
        """What a reader of the table must know, in sentences."""
        return [
            f"Means and standard deviations over {self.num_runs} runs with {self.num_test} test points each, nats; the "
            f"recipe is {self.recipe.name}, with{'' if self.linear else 'out'} linear parts.",
            "Exact: parts that are the network's own and are not trained. The others are SIReN-VAE's, of the true "
            "structure; a decoder beside the exact prior starts at the true linear regression on its parents.",
            f"Excess NLL: minus the truth's on the same points, by importance sampling with {self.iwae_samples} or "
            f"{self.many_samples} draws. Refitted: the same model, its posterior then trained, the rest fixed, on "
            f"{self.num_fresh} fresh points of the network for the importance-weighted bound, with {self.many_samples} "
            "draws. Effective: the effective number of these draws.",
            "ELBO gap: the refitted log-likelihood minus the ELBO, of the posterior as trained and of one refitted for "
            "the ELBO.",
        ]
