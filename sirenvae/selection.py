"""The recipe ``selected``: several ways to train, and the one that predicts held-out training data best.

Source:
    The candidates and the choice are ours; K-fold cross-validation: Stone, Cross-Validatory Choice (1974).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models import SIReNVAE
from sirenvae.models.linear_start import linear_start
from sirenvae.models.references import LinearNetworkReference, fit_reference
from sirenvae.recipes import RECIPES, Recipe
from sirenvae.training import EpochRecord, Fit

NUM_FOLDS = 5
_ELBO_SAMPLES = 20


@dataclass(frozen=True)
class Candidate:
    """One way to train.

    Attributes:
        name: What to call it.
        linear: Whether it starts at the linear-Gaussian network of greatest penalized likelihood, or at random.
        recipe: How it goes on from there; ``None`` is not at all.
    """

    name: str
    linear: bool
    recipe: Recipe | None


def _candidates() -> tuple[Candidate, ...]:
    cold = [
        Candidate(
            f"cold, rate {rate:g}, decay {decay:g}", False, replace(default, learning_rate=rate, weight_decay=decay)
        )
        for default in [replace(RECIPES["default"], name="cold")]
        for rate in (3e-3, 1e-2)
        for decay in (0.3, 0.05)
    ]
    warm = [
        Candidate(f"warm, decay {decay:g}", True, replace(default, learning_rate=1e-3, weight_decay=decay))
        for default in [replace(RECIPES["default"], name="warm", kl_warm_up=0.0)]
        for decay in (0.3, 0.05)
    ]
    return (Candidate("linear start", True, None), *warm, *cold)


CANDIDATES = _candidates()


class Selection(Iterator[EpochRecord]):
    """Choose a candidate for each replica by K-fold ELBO on its training data alone, then train it on all of them.

    The folds of all replicas and candidates train as one program while the first record is waited for; the records are
    those of the training that follows.

    Arguments:
        model: A SIReN-VAE of the true structure with linear parts; it is trained in place.
        x: As for :func:`~sirenvae.training.fit`.
        seed: Of the first replica, the next ones count on from there; or one for each.
        every: Epochs per record.
        candidates: What to choose from.

    Attributes:
        chosen: After the first record, the name of the candidate of each replica.
        scores: After the first record, mean ELBO on held-out points, nats, shape ``(replicas, candidates)``.

    Raises:
        InputError: If the model has no linear parts or another structure, or there are too few points for the folds.
    """

    def __init__(
        self,
        model: SIReNVAE,
        x,
        seed: int | Sequence[int] = 0,
        every: int = 1,
        candidates: Sequence[Candidate] = CANDIDATES,
    ):
        if not isinstance(model, SIReNVAE) or model.structure != "true" or not model.settings["linear"]:
            raise InputError('The recipe "selected" is for a SIReNVAE of the true structure built with linear=True.')
        count = math.prod(model.replicas)
        self.model, self._every, self._candidates = model, every, tuple(candidates)
        self._seeds = [seed + r for r in range(count)] if isinstance(seed, int) else list(seed)
        self._data = _per_replica(model, x)
        if min(len(points) for points in self._data) < 2 * NUM_FOLDS:
            raise InputError(f"The recipe 'selected' needs at least {2 * NUM_FOLDS} points.")
        self.chosen: list[str] = []
        self.scores: Tensor | None = None
        self._records = self._run()

    def __next__(self) -> EpochRecord:
        return next(self._records)

    def _run(self) -> Iterator[EpochRecord]:
        self.scores = torch.stack([self._scores_of(r) for r in range(len(self._data))])
        best = [self._candidates[i] for i in self.scores.argmax(dim=1)]
        self.chosen = [candidate.name for candidate in best]
        model = self.model
        model.standardize(self._data)
        started = _start(model, best, self._data)
        trained = [r for r, candidate in enumerate(best) if candidate.recipe is not None]
        loss = torch.tensor([-reference.log_prob(x).mean() if reference else math.nan for reference, x in started])
        if not trained:
            yield self._record(loss, None, trained)
            return
        part = model.replica(*trained) if len(trained) < len(best) else model
        recipes, seeds = [best[r].recipe for r in trained], [self._seeds[r] for r in trained]
        for record in Fit(part, [self._data[r] for r in trained], recipes, seeds, self._every):
            if part is not model:
                model.copy_replicas(part, range(len(trained)), trained)
            yield self._record(loss, record, trained)

    def _record(self, loss: Tensor, record: EpochRecord | None, trained: list[int]) -> EpochRecord:
        """A record for all replicas from that of those which are trained."""
        shape, zeros = self.model.replicas, torch.zeros(len(self._data))
        values = {"loss": loss.clone(), "learning_rate": zeros.clone(), "kl_weight": zeros + 1, "diverged": zeros > 0}
        if record is None:
            values = {name: value.view(shape) for name, value in values.items()}
            return EpochRecord(epoch=0, step=0, num_steps=0, seconds=0.0, **values)
        for name, value in values.items():
            value[trained] = getattr(record, name).reshape(-1).to(value)
        values = {name: value.view(shape) for name, value in values.items()}
        return replace(record, **values)

    def _scores_of(self, r: int) -> Tensor:
        """Mean ELBO of every candidate on the held-out points of one replica's folds."""
        x, seed = self._data[r], self._seeds[r]
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        size = len(x) // NUM_FOLDS
        held_out = [order[k * size : (k + 1) * size] for k in range(NUM_FOLDS)]
        train = [x[_without(len(x), fold)] for fold in held_out]
        held_out = [x[fold] for fold in held_out]
        trained = [candidate for candidate in self._candidates if candidate.recipe is not None]
        each = [(candidate, k) for candidate in trained for k in range(NUM_FOLDS)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = SIReNVAE(self.model.network, replicas=(len(each),), **self.model.settings).to(self.model.location)
        data = [train[k] for _, k in each]
        model.standardize(data)
        references = {k: fit_reference("linear_gaussian_bn_ridge", model.network, train[k]) for k in range(NUM_FOLDS)}
        _start(model, [candidate for candidate, _ in each], data, [references[k] for _, k in each])
        for _ in Fit(model, data, [candidate.recipe for candidate, _ in each], seed, every=10**6):
            pass
        with torch.no_grad():
            generator = torch.Generator(model.location.device).manual_seed(seed)
            points = torch.stack([held_out[k] for _, k in each])
            elbo = model.elbo(points, _ELBO_SAMPLES, generator=generator).mean(dim=-1).view(len(trained), NUM_FOLDS)
        linear = torch.stack([references[k].log_prob(held_out[k]).mean() for k in range(NUM_FOLDS)]).mean()
        found = iter(elbo.mean(dim=1).nan_to_num(nan=-math.inf))
        return torch.stack([linear.to(elbo) if c.recipe is None else next(found) for c in self._candidates])


def _start(model: SIReNVAE, candidates, data, references=None) -> list[tuple[LinearNetworkReference | None, Tensor]]:
    """Set every replica to where its candidate starts; the reference that it starts from, where it does."""
    started = []
    floors = model.decoder.noise_floor.view(-1)
    for i, (candidate, x) in enumerate(zip(candidates, data, strict=True)):
        floors[i] = (candidate.recipe or RECIPES["default"]).noise_floor
        reference = None
        if candidate.linear:
            reference = references[i] if references else fit_reference("linear_gaussian_bn_ridge", model.network, x)
            linear_start(model, reference, i)
        started.append((reference, x))
    return started


def _without(count: int, left_out: Tensor) -> Tensor:
    kept = torch.ones(count, dtype=torch.bool)
    kept[left_out] = False
    return kept


def _per_replica(model: SIReNVAE, x) -> list[Tensor]:
    """Raw points of each replica, float64."""
    count = math.prod(model.replicas)
    if isinstance(x, (list, tuple)):
        if len(x) != count:
            raise InputError(f"There are {count} replicas, but the list has {len(x)} entries for the training data.")
        return [torch.as_tensor(points).to(torch.float64) for points in x]
    x = torch.as_tensor(x).to(torch.float64)
    return list(x.expand(*model.replicas, *x.shape[-2:]).reshape(count, *x.shape[-2:]))
