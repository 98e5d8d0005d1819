"""Where the excess NLL of a SIReN-VAE goes: its parts are exchanged for the true ones, one by one.

A model with the network's own decoder is measured beside one with the network's own prior, one with both and one that
learns everything. The posterior is exchanged afterwards: with prior and decoder fixed it is trained again on plenty of
fresh points of the network, which changes no likelihood but what is seen of it. First it maximizes the ELBO, which says
what the model is worth to its training, then the importance-weighted bound, since a posterior of highest ELBO leaves
modes out.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.experiments.executors import Line
from sirenvae.experiments.learners import best_device, build_model, check_counts, check_different
from sirenvae.experiments.store import Store, network_config
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.experiments.table1 import Point, Progress, mean_and_sd
from sirenvae.graphs import BayesianNetwork
from sirenvae.models import SIReNVAE
from sirenvae.models.posterior_refit import PosteriorRefit
from sirenvae.training.fit import fit
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth import sample_network, true_log_prob_and_error
from sirenvae.truth.partly_exact import PARTS, PartlyExactVAE

EXACT = {"none": (), "decoder": ("decoder",), "prior": ("prior",), "both": PARTS}
TRUTH = "truth"  # The evidence of the network that the data come from.
COLUMNS = (
    *("excess_nll", "ess", "excess_nll_many", "ess_many", "excess_nll_refitted", "ess_refitted"),
    *("gap", "gap_refitted"),
)
_TEST_SEED, _FRESH_SEED = 2_000_000, 3_000_000  # The first as in table 1.


@dataclass(frozen=True)
class Config:
    """What to train and how to measure it.

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

    def __post_init__(self):
        if self.network.conditionals is None:
            raise InputError(f"{self.network.name} is a structure without numbers; drawing data needs conditionals.")
        counts = ("num_runs", "num_test", "elbo_samples", "iwae_samples", "many_samples", "num_fresh")
        check_counts(self, *counts, "refit_steps", "refit_batch", "refit_draws")
        check_different("multiples", self.multiples)
        if min(self.multiples) < 1:
            raise InputError(f"A training set has at least 1 point per variable, but {min(self.multiples)} came.")

    def cells(self) -> list[Cell]:
        """The truth, then the rows of the table."""
        return [Cell(TRUTH), *(Cell(exact, multiple) for multiple in self.multiples for exact in EXACT)]

    def seeds(self) -> range:
        """Of the training sets, one for each run."""
        return range(self.first_seed, self.first_seed + self.num_runs)

    def test_sets(self) -> Tensor:
        """Shape ``(runs, num_test, D)``."""
        sets = [sample_network(self.network, self.num_test, _TEST_SEED + seed)[0] for seed in self.seeds()]
        return torch.stack(sets)

    def size(self, cell: Cell) -> int:
        """Training points."""
        return cell.multiple * len(self.network.variables)

    def num_steps(self, cell: Cell) -> int:
        """Steps of all trainings."""
        if cell.exact == TRUTH:
            return 1
        return self.recipe.steps_for(self.size(cell), len(self.network.variables)) + 2 * self.refit_steps

    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values."""
        values = {name: value for name, value in vars(self).items() if name not in ("network", "multiples", "recipe")}
        return values | asdict(cell) | {"network": network_config(self.network), "recipe": asdict(self.recipe)}


@dataclass(frozen=True)
class Cell:
    """One row of the table.

    Attributes:
        exact: Of :data:`EXACT`, which parts are not learned; or :data:`TRUTH`.
        multiple: Training points per variable; 0 for the truth.
    """

    exact: str
    multiple: int = 0


def run(
    config: Config, executor: Executor | None = None, line: Line | None = None, store: Store | None = None
) -> Iterator[Progress | Point]:
    """Train and measure every cell; arguments, events and errors as in :func:`sirenvae.experiments.table1.run`.

    The values of a :class:`~sirenvae.experiments.table1.Point` are one number per run: ``nll`` and ``ess`` (effective
    sample size), both also with ``_many`` samples and with these ``_refitted``, ``elbo`` and ``elbo_refitted``, of the
    posterior as trained and of that of highest ELBO; nats.
    """
    names = dict(experiment="parts", config_of=config.described, cost=config.num_steps, line=line)
    for event in run_cells(config.cells(), partial(_result, config), store, executor, **names):
        yield Point(event.cell, event.result, event.was_stored) if isinstance(event, Finished) else event


def _result(config: Config, cell: Cell) -> Generator[Progress, None, dict]:
    tests, count = config.test_sets(), config.num_runs
    if cell.exact == TRUTH:
        log_prob, error = true_log_prob_and_error(config.network, tests)
        standard_error = error.square().sum(dim=-1).sqrt() / error.shape[-1]
        return {"nll": (-log_prob.mean(dim=-1)).tolist(), "standard_error": standard_error.tolist()}
    model = _built(config, cell.exact).to(best_device())
    data = [sample_network(config.network, config.size(cell), seed)[0] for seed in config.seeds()]
    total = config.num_steps(cell)
    every = max(1, total // 20 // -(-len(data[0]) // config.recipe.batch_size))
    for record in fit(model, data, config.recipe, seed=list(config.seeds()), every=every):
        yield Progress(cell, record.step, total)
    values = _measured(config, model, tests, config.iwae_samples)
    values |= {f"{name}_many": value for name, value in _measured(config, model, tests, config.many_samples).items()}
    for step in refit_posterior(config, model):
        yield Progress(cell, total - 2 * config.refit_steps + step, total)
    values["elbo_refitted"] = _measured(config, model, tests, 1)["elbo"]
    for step in refit_posterior(config, model, config.refit_draws):
        yield Progress(cell, total - config.refit_steps + step, total)
    refitted = _measured(config, model, tests, config.many_samples)
    values |= {"nll_refitted": refitted["nll"], "ess_refitted": refitted["ess"]}
    return values | {"diverged": record.diverged.reshape(count).tolist()}


def _built(config: Config, exact: str) -> SIReNVAE:
    """All models start with the same weights, as far as they have the same parts."""
    if not EXACT[exact]:
        return build_model(config.network, "true", (config.num_runs,), config.first_seed, linear=config.linear)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.first_seed)
        return PartlyExactVAE(config.network, EXACT[exact], linear=config.linear, replicas=(config.num_runs,))


def refit_posterior(config: Config, model: SIReNVAE, draws: int = 1) -> Iterator[int]:
    """Train the posterior of every replica alone, on fresh points of the network, and leave the rest as it is.

    Arguments:
        config: Its numbers, and its recipe's learning rate with a cosine schedule.
        model: Trained in place.
        draws: For each point in the importance-weighted bound that is maximized; the ELBO has one.

    Yields:
        Steps done, now and then.
    """
    fresh = sample_network(config.network, config.num_fresh, _FRESH_SEED)[0]

    def some_of_them(num_points: int, generator: torch.Generator) -> Tensor:
        return fresh[torch.randint(config.num_fresh, (num_points,), generator=generator)]

    recipe = Recipe(
        "refit",
        learning_rate=config.recipe.learning_rate,
        batch_size=max(1, config.refit_batch // draws),
        num_steps=config.refit_steps,
        kl_warm_up=0.0,
        weight_decay=0.0,
    )
    for record in fit(PosteriorRefit(model, draws), some_of_them, recipe, seed=config.first_seed):
        yield record.step


@torch.no_grad()
def _measured(config: Config, model: SIReNVAE, tests: Tensor, num_samples: int) -> dict[str, list[float]]:
    """Means over the test points of each run."""
    generator = torch.Generator(model.device).manual_seed(config.first_seed)
    bound, ess = model.iwae_bound_and_ess(tests, num_samples, generator)
    values = {"nll": -bound, "ess": ess, "elbo": model.elbo(tests, config.elbo_samples, generator=generator)}
    return {name: value.double().mean(dim=-1).tolist() for name, value in values.items()}


def table(config: Config, points: Iterable[Point]) -> list[dict]:
    """One row per trained cell: mean and standard deviation over runs of :data:`COLUMNS`, see :func:`notes`."""
    values = {point.cell: point.values for point in points}
    truth = values[Cell(TRUTH)]["nll"]
    return [_row(config, cell, values[cell], truth) for cell in config.cells() if cell.multiple and cell in values]


def _row(config: Config, cell: Cell, found: dict, truth: list[float]) -> dict:
    def less(name: str, others: list[float]) -> list[float]:
        return [value - other for value, other in zip(found[name], others, strict=True)]

    best = [-nll for nll in found["nll_refitted"]]
    columns = {
        "excess_nll": less("nll", truth),
        "excess_nll_many": less("nll_many", truth),
        "excess_nll_refitted": less("nll_refitted", truth),
        **{name: found[name] for name in ("ess", "ess_many", "ess_refitted")},
        "gap": [-value for value in less("elbo", best)],
        "gap_refitted": [-value for value in less("elbo_refitted", best)],
    }
    row = {
        "network": config.network.name,
        "multiple": cell.multiple,
        "training_points": config.size(cell),
        "exact": cell.exact,
        "runs": config.num_runs,
    }
    for name in COLUMNS:
        row |= mean_and_sd(name, columns[name])
    return row | {"diverged_runs": sum(found["diverged"])}


def notes(config: Config) -> list[str]:
    """What a reader of the table must know, in sentences."""
    return [
        f"Means and standard deviations over {config.num_runs} runs with {config.num_test} test points each, nats; the "
        f"recipe is {config.recipe.name}, with{'' if config.linear else 'out'} linear parts.",
        "Exact: parts that are the network's own and are not trained. The others are SIReN-VAE's, of the true "
        "structure; a decoder beside the exact prior starts at the true linear regression on its parents.",
        f"Excess NLL: minus the truth's on the same points, by importance sampling with {config.iwae_samples} or "
        f"{config.many_samples} draws. Refitted: the same model, its posterior then trained, the rest fixed, on "
        f"{config.num_fresh} fresh points of the network for the importance-weighted bound, with {config.many_samples} "
        "draws. Effective: the effective number of these draws.",
        "ELBO gap: the refitted log-likelihood minus the ELBO, of the posterior as trained and of one refitted for the "
        "ELBO.",
    ]
