"""The work on the cells of the paper's table, see :mod:`sirenvae.experiments.table1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sirenvae.experiments.registry import LEARNERS, TRUTH, VAE
from sirenvae.experiments.runs import held_out_sets, training_sets, truth_on
from sirenvae.experiments.settings import has_linear_parts, schedule_of
from sirenvae.experiments.side_by_side import SideBySide, means
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.graphs import observed_entropy
from sirenvae.models.base import LatentVariableModel
from sirenvae.training import SELECTED
from sirenvae.training.fit import fit
from sirenvae.truth.references import fit_reference

if TYPE_CHECKING:
    from sirenvae.experiments.table1 import Table1


def work(trial: Table1, cells: tuple[Cell, ...]) -> Iterator[Progress | Point]:
    """Cells of one learner on one network: their progress, and the point of each."""
    network, kind = trial.network_of(cells[0]), LEARNERS[cells[0].learner].kind
    tests = held_out_sets(network, trial.num_test, trial.seeds())
    if kind == VAE:
        yield from _trained(trial, cells, tests)
    for cell in cells if kind != VAE else ():
        yield Point(cell, _truth(trial, cell, tests) if kind == TRUTH else _fitted(trial, cell, tests))


def _truth(trial: Table1, cell: Cell, tests: Tensor) -> dict:
    network = trial.network_of(cell)
    return truth_on(network, tests) | {"entropy": observed_entropy(network) if network.is_linear else None}


def _fitted(trial: Table1, cell: Cell, tests: Tensor) -> dict:
    """A classical learner, fitted to the training set of each run."""
    network, seeds = trial.network_of(cell), trial.seeds()
    sets = zip(training_sets(network, cell.size, seeds), seeds, tests, strict=True)
    fitted = [(fit_reference(cell.learner, network, x, seed), test) for x, seed, test in sets]
    return {"nll": [-reference.log_prob(test).mean().item() for reference, test in fitted]}


def _trained(trial: Table1, cells: tuple[Cell, ...], tests: Tensor) -> Iterator[Progress | Point]:
    """Train one model at all sizes and runs as replicas of one program, and measure each size."""
    network, recipe, seeds = trial.network_of(cells[0]), trial.recipe(cells[0]), trial.seeds()
    linear = has_linear_parts(recipe)
    beside = SideBySide(network, cells[0].learner, cells, trial.num_runs, trial.first_seed, linear)
    data = [x for cell in cells for x in training_sets(network, cell.size, seeds)]
    longest_epoch = max(-(-cell.size // schedule_of(recipe).batch_size) for cell in cells)
    every = max(1, max(map(trial.num_steps, cells)) // trial.num_updates // longest_epoch)
    whole = beside.whole()
    records = fit(whole, data, recipe, seed=list(seeds) * len(cells), every=every)
    for record in records:
        for cell in cells:
            yield Progress(cell, min(record.step, trial.num_steps(cell)), trial.num_steps(cell))
    for cell in cells:
        mine = slice(beside.places[cell].start, beside.places[cell].stop)
        values = _measured(trial, beside.part(whole, cell), tests) | {"diverged": record.diverged[mine].tolist()}
        yield Point(cell, values | ({"chosen": records.chosen[mine]} if recipe == SELECTED else {}))


@torch.no_grad()
def _measured(trial: Table1, model: LatentVariableModel, tests: Tensor) -> dict[str, list[float]]:
    """Means over the test points of each run."""
    generator = torch.Generator(model.device).manual_seed(trial.first_seed)
    bound, ess = model.iwae_bound_and_ess(tests, trial.iwae_samples, generator)
    reconstruction = model.reconstruct(tests, trial.reconstruction_samples, generator)
    return means(
        {
            "nll": -bound,
            "effective_sample_size": ess,
            "reconstruction_error": (reconstruction - tests.to(reconstruction)).norm(dim=-1),
            "elbo": model.elbo(tests, trial.elbo_samples, generator=generator),
        }
    )
