"""The work on the cells of the figure, see :mod:`sirenvae.experiments.nami7`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_inference import PHI, THETA, MixtureInference
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe
from sirenvae.truth.mixtures import adaptive_evidence

if TYPE_CHECKING:
    from sirenvae.experiments.nami7 import Nami7

_SETS_SEED = 500_009  # of training sets, plus the first seed
_EPOCH = 100  # steps between two records of a training on simulated rows, at least


def work(trial: Nami7, cell: Cell) -> Iterator[Progress | Point]:
    """Train all runs of an inverse as one program and measure them on the way."""
    start, inverse = time.perf_counter(), trial.inverse(cell.learner)
    test, posterior, error = _test_sets(trial)
    sets = _training_sets(trial)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        widths = dict(datum_features=trial.datum_features, set_features=trial.set_features)
        q = MixtureInference(trial.network, inverse, replicas=(trial.num_runs,), **widths)
    recipe = Recipe(
        trial.name,
        learning_rate=trial.learning_rate,
        batch_size=trial.batch_size,
        num_steps=trial.num_steps,
        weight_decay=0.0,
    )
    exact = posterior_of_data(test) if all({PHI, THETA} <= set(one.factor.parents) for one in q.data) else None
    steps, kl, kl_data = [], [], []
    every = max(1, trial.num_steps // trial.num_looks // _EPOCH)
    for record in fit(q, sets, recipe, seed=list(trial.seeds()), every=every):
        steps.append(record.step)
        kl.append((posterior - _log_prob(q, test)).mean(dim=-1).tolist())
        kl_data.append(None if exact is None else divergence_of_data(q, test, exact).mean(dim=-1).tolist())
        yield Progress(cell, record.step, trial.num_steps, {"kl": kl[-1]})
    values = {"steps": steps, "kl": kl, "kl_data": None if exact is None else kl_data, "evidence_error": error}
    values |= {"edges": inverse.dag.number_of_edges(), "active": q.num_active, "diverged": record.diverged.tolist()}
    yield Point(cell, values | {"seconds": time.perf_counter() - start})


def _training_sets(trial: Nami7) -> MixtureSets:
    return _sets(trial.num_sets, trial.num_data, _SETS_SEED + trial.first_seed)


def _test_sets(trial: Nami7) -> tuple[MixtureSets, Tensor, float]:
    """Sets, the log density of what is latent given the data, shape ``(S,)``, and the error of its mean."""
    return _judged(trial.num_test, trial.num_data, COMMON_TEST_SEED + trial.first_seed, trial.evidence_samples)


@lru_cache(maxsize=2)
def _sets(num_sets: int, num_data: int, seed: int) -> MixtureSets:
    return MixtureSets.draw(GaussianMixture(), num_sets, num_data, torch.Generator().manual_seed(seed))


@lru_cache(maxsize=2)
def _judged(num_sets: int, num_data: int, seed: int, num_samples: int) -> tuple[MixtureSets, Tensor, float]:
    model, sets = GaussianMixture(), _sets(num_sets, num_data, seed)
    found = adaptive_evidence(model, sets.x, num_samples, torch.Generator().manual_seed(seed))
    joint = model.log_joint(sets.g.double(), sets.x.double(), sets.z.long()) + math.lgamma(model.num_components + 1)
    return sets, joint - found.log_evidence, found.standard_error.square().sum().sqrt().item() / num_sets


@torch.no_grad()
def _log_prob(q: MixtureInference, sets: MixtureSets) -> Tensor:
    return q.log_prob(sets).double()


def posterior_of_data(sets: MixtureSets) -> Tensor:
    """Log probabilities of each datum's components given phi and theta, shape ``(S, N, K)``."""
    return GaussianMixture().log_terms(sets.g.double(), sets.x.double()).log_softmax(dim=-1)


@torch.no_grad()
def divergence_of_data(q: MixtureInference, sets: MixtureSets, exact: Tensor) -> Tensor:
    """KL(p || q) of the components of data given phi and theta, summed over the data; shape ``(*R, S)``, nats."""
    with q.asked():
        return (exact.exp() * (exact - q.logits(sets).double())).sum(dim=(-1, -2))
