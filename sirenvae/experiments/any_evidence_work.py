"""The work on a network of marginals, see :mod:`sirenvae.experiments.any_evidence`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sirenvae.experiments.going_on import KeptTraining, kept_weights
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import MarginalNetwork
from sirenvae.training.fit import fit
from sirenvae.training.recipes import Recipe
from sirenvae.truth.any_evidence import exact_marginals, marginal_divergence, random_evidence

if TYPE_CHECKING:
    from sirenvae.experiments.any_evidence import AnyEvidence
    from sirenvae.experiments.keeping import Keeper

_WARM_UP = 200  # steps, of a training of 2,000 and more; a tenth of a shorter one


def work(trial: AnyEvidence, cell: Cell, keeper: Keeper | None = None) -> Iterator[Progress | Point]:
    """Train the network: yield how far it is, from the exact marginals and in its steps, and then the point."""
    q = build(trial)
    training = fit(q, trial.network, _recipe(trial), seed=trial.first_seed)
    kept = KeptTraining(training, trial.reports(), kept_file(keeper.folder) if keeper else None)
    x = random_evidence(trial.network, trial.num_test, seed=COMMON_TEST_SEED + trial.first_seed)
    exact = exact_marginals(trial.network, x)
    is_going = True
    while is_going:
        is_going = kept.advance()
        nats = marginal_divergence(trial.network, q, x, exact).nanmean().item()
        yield Progress(cell, kept.step, trial.num_steps, {"nats": nats})
    nats = marginal_divergence(trial.network, q, x, exact)
    values = {"nats": nats.nanmean().item(), "largest": nats.nan_to_num(0.0).max().item()}
    yield Point(cell, values | {"steps": kept.step, "seconds": kept.seconds})


def build(trial: AnyEvidence) -> MarginalNetwork:
    """The network, its weights as at the start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.first_seed)
        return MarginalNetwork(trial.network, width=trial.width)


def kept_file(folder: Path) -> Path:
    """Where the training is kept."""
    return folder / "marginals-training.safetensors"


def kept_marginals(trial: AnyEvidence, folder: Path) -> MarginalNetwork:
    """The network as it was when it last reported.

    Raises:
        InputError: If there is no such file.
    """
    q = build(trial)
    q.load_state_dict(kept_weights(kept_file(folder)))
    return q.eval()


def _recipe(trial: AnyEvidence) -> Recipe:
    return Recipe(
        "draws",
        learning_rate=trial.learning_rate,
        batch_size=trial.batch_size,
        num_steps=trial.num_steps,
        warm_up_steps=min(_WARM_UP, trial.num_steps // 10),
        kl_warm_up=0.0,
        weight_decay=0.0,
    )
