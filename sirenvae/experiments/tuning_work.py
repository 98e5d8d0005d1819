"""The work on the cells of the table of tuned models, see :mod:`sirenvae.experiments.tuning`."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from statistics import fmean
from typing import TYPE_CHECKING

import torch

from sirenvae.experiments.runs import held_out_sets, less, training_sets, truth_on
from sirenvae.experiments.side_by_side import SideBySide
from sirenvae.experiments.trial import Cell, Point, Progress, in_groups
from sirenvae.models.base import LatentVariableModel
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe

if TYPE_CHECKING:
    from sirenvae.experiments.tuning import Runs, Tuning


def work(trial: Tuning, cell: Cell) -> Iterator[Progress | Point]:
    """Search, choose, and measure what was chosen."""
    recipes = dict(enumerate(trial.recipes()))
    search = yield from excess_of(trial, cell, recipes, trial.search, 0)
    best = sorted(search, key=lambda number: _rank(search[number]))[: trial.num_finalists]
    finalists = {number: recipes[number] for number in best}
    done = len(recipes) * trial.search_runs
    second = yield from excess_of(trial, cell, finalists, trial.second, done)
    chosen = min(second, key=lambda number: _rank(second[number]))
    done += len(finalists) * trial.second_runs
    fresh = yield from excess_of(trial, cell, {number: recipes[number] for number in {chosen, 0}}, trial.fresh, done)
    values = {
        "tries": [fmean(search[number]) for number in recipes],
        "finalists": {str(number): fmean(excess) for number, excess in second.items()},
        "chosen": chosen,
        "tuned": fresh[chosen],
        "default": fresh[0],
    }
    yield Point(cell, values)


def _rank(excess: list[float]) -> float:
    """The mean; what is not finite comes last."""
    mean = fmean(excess)
    return mean if math.isfinite(mean) else math.inf


def excess_of(
    trial: Tuning, cell: Cell, recipes: dict[int, Recipe], runs: Runs, done: int
) -> Generator[Progress, None, dict[int, list[float]]]:
    """Train a model by each recipe on every run; return the excess NLL of each recipe, one number for each run.

    Arguments:
        trial, cell: What to train.
        recipes: By their numbers.
        runs: On what to train and to measure.
        done: Trainings before, for the progress.
    """
    network, seeds = trial.network_of(cell), runs.seeds()
    data = training_sets(network, cell.size, seeds)
    tests = held_out_sets(network, runs.num_test, seeds)
    truth, found = truth_on(network, tests)["nll"], {}
    for group in in_groups(sorted(recipes, key=lambda number: recipes[number].base_steps), len(seeds)):
        beside = SideBySide(network, cell.learner, group, len(seeds), seeds[0])
        whole, each = beside.whole(), [recipes[number] for number in group for _ in seeds]
        for record in fit(whole, data * len(group), each, seed=list(seeds) * len(group), every=100):
            share = record.step / record.num_steps
            yield Progress(cell, done + round(share * len(each)), trial.num_trainings())
        done += len(each)
        for number in group:
            found[number] = less(_nll(beside.part(whole, number), tests, runs), truth)
    return found


@torch.no_grad()
def _nll(model: LatentVariableModel, tests: torch.Tensor, runs: Runs) -> list[float]:
    """By importance sampling, the mean over the test points of each run."""
    generator = torch.Generator(model.device).manual_seed(runs.first_seed)
    bound = model.iwae_bound(tests, runs.num_samples, generator).double().mean(dim=-1)
    return (-bound).tolist()
