"""The recipe ``selected``: several ways to train, and the one that predicts held-out training data best.

Source:
    The candidates and the choice are ours; K-fold cross-validation: Stone, Cross-Validatory Choice (1974); the race:
    Maron & Moore, Hoeffding Races (1994), with a normal bound instead of Hoeffding's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models import SIReNVAE
from sirenvae.models.points import as_points, is_several
from sirenvae.training.arguments import seeds_of
from sirenvae.training.loop import EpochRecord, Fit
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth.linear_start import linear_start
from sirenvae.truth.references import LinearNetworkReference, fit_reference

NUM_FOLDS = 5
_ELBO_SAMPLES = 20
_STANDARD_ERRORS = 2.0  # Of a difference between two candidates, beyond which it is taken to be real.
_WORTH_HAVING = 0.01  # Nats that a candidate must be able to gain over a simpler one.


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
    default = RECIPES["default"]
    warm = replace(default, name="warm", kl_warm_up=0.0, learning_rate=1e-3)
    cold = replace(default, name="cold")
    # Few points want the strong decays, many the weak one; Gaussian networks mostly want none of them.
    rates_and_decays = [(3e-3, 1.0), (5e-3, 0.7), (1e-2, 0.2), (1e-2, 0.05)]
    last = replace(cold, learning_rate=1e-2, weight_decay=0.05, base_steps=2 * cold.base_steps)
    return (
        Candidate("linear start", True, None),
        *(Candidate(f"warm, decay {decay:g}", True, replace(warm, weight_decay=decay)) for decay in (0.3, 0.05)),
        *(
            Candidate(
                f"cold, rate {rate:g}, decay {decay:g}", False, replace(cold, learning_rate=rate, weight_decay=decay)
            )
            for rate, decay in rates_and_decays
        ),
        Candidate("cold, rate 0.01, decay 0.05, twice the steps", False, last),
    )


CANDIDATES = _candidates()


class Selection(Iterator[EpochRecord]):
    """Choose a candidate for each replica by K-fold ELBO on its training data alone, then train it on all of them.

    It is a race: every fold trains the candidates of all replicas as one program, and those that are then clearly
    behind the best one on the same held-out points, or clearly no better than a simpler one, meet no further fold. All
    of this happens while the first record is waited for; the records are those of the training that follows.

    Arguments:
        model: A SIReN-VAE of the true structure with linear parts; it is trained in place.
        x: As for :func:`~sirenvae.training.fit.fit`.
        seed: Of the first replica, the next ones count on from there; or one for each.
        every: Epochs per record.
        candidates: What to choose from, simple ones first.

    Attributes:
        chosen: After the first record, the name of the candidate of each replica.
        scores: After the first record, mean ELBO on the held-out points that a candidate met before it fell behind,
            nats, shape ``(replicas, candidates)``; NaN for an only candidate, which meets none.

    Raises:
        InputError: If the model has no linear parts or another structure, a list has the wrong length, or there are too
            few points for the folds.
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
        self.model, self._every, self._candidates = model, every, tuple(candidates)
        self._seeds = seeds_of([model], seed)
        self._data = _per_replica(model, x)
        if min(len(points) for points in self._data) < 2 * NUM_FOLDS:
            raise InputError(f"The recipe 'selected' needs at least {2 * NUM_FOLDS} points.")
        self.chosen: list[str] = []
        self.scores: Tensor | None = None
        self._records = self._run()

    def __next__(self) -> EpochRecord:
        return next(self._records)

    def _run(self) -> Iterator[EpochRecord]:
        best = [self._candidates[c] for c in self._race()]
        self.chosen = [candidate.name for candidate in best]
        model = self.model
        model.prepare(self._data, [RECIPES["default"]] * len(self._data))
        started = _start(model, best, self._data)
        trained = [r for r, candidate in enumerate(best) if candidate.recipe is not None]
        loss = torch.tensor([-reference.log_prob(x).mean() if reference else math.nan for reference, x in started])
        if not trained:
            yield self._record(loss, None, trained)
            return
        part = model.replica(*trained) if len(trained) < len(best) else model
        recipes, seeds = [best[r].recipe for r in trained], [self._seeds[r] for r in trained]
        sources = part.sources([self._data[r] for r in trained])
        for record in Fit(part, sources, recipes, seeds, self._every):
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

    def _race(self) -> list[int]:
        """The best candidate of each replica, fold by fold, see :func:`_still_racing`."""
        num_candidates = len(self._candidates)
        racing = [list(range(num_candidates)) for _ in self._data]
        found: list[dict[int, list[Tensor]]] = [{c: [] for c in range(num_candidates)} for _ in self._data]
        for fold in range(NUM_FOLDS):
            entries = [(r, c) for r, left in enumerate(racing) if len(left) > 1 for c in left]
            for (r, c), elbo in zip(entries, self._held_out_elbo(fold, entries), strict=True):
                found[r][c].append(elbo)
            for r, left in enumerate(racing):
                if len(left) > 1:
                    racing[r] = _still_racing({c: torch.cat(found[r][c]) for c in left})
        self.scores = torch.tensor(
            [[torch.cat(met).mean() if met else math.nan for met in elbo.values()] for elbo in found]
        )
        return [max(left, key=lambda c: row[c]) for left, row in zip(racing, self.scores, strict=True)]

    def _held_out_elbo(self, fold: int, entries: Sequence[tuple[int, int]]) -> list[Tensor]:
        """ELBO of every held-out point of one fold, for each (replica, candidate)."""
        if not entries:
            return []
        folds = {r: self._fold(r, fold) for r, _ in entries}
        references = {
            r: fit_reference("linear_gaussian_bn_ridge", self.model.network, train) for r, (train, _) in folds.items()
        }
        results = {(r, c): references[r].log_prob(folds[r][1]) for r, c in entries if not self._candidates[c].recipe}
        trained = [(r, c) for r, c in entries if self._candidates[c].recipe]
        if trained:
            results |= zip(trained, self._trained_elbo(trained, folds, references), strict=True)
        return [results[entry] for entry in entries]

    def _trained_elbo(self, entries, folds, references) -> list[Tensor]:
        """Train a fresh replica for each (replica, candidate) and ask it for the held-out points."""
        own = []
        for r, _ in entries:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self._seeds[r])
                own.append(SIReNVAE(self.model.network, replicas=(1,), **self.model.settings))
        model = SIReNVAE(self.model.network, replicas=(len(entries),), **self.model.settings)
        model = model.to(self.model.device, self.model.dtype)
        for i, one in enumerate(own):
            model.copy_replicas(one, [0], [i])
        data = [folds[r][0] for r, _ in entries]
        model.standardize(data)
        candidates = [self._candidates[c] for _, c in entries]
        _start(model, candidates, data, [references[r] for r, _ in entries])
        recipes, seeds = [candidate.recipe for candidate in candidates], [self._seeds[r] for r, _ in entries]
        for _ in Fit(model, model.sources(data), recipes, seeds, every=10**6):
            pass
        results = []
        for i, (r, _) in enumerate(entries):
            generator = torch.Generator(model.device).manual_seed(self._seeds[r])
            with torch.no_grad():
                elbo = model.replica(i).elbo(folds[r][1], _ELBO_SAMPLES, generator=generator)
            results.append(elbo.double().cpu().view(-1).nan_to_num(nan=-math.inf))
        return results

    def _fold(self, r: int, fold: int) -> tuple[Tensor, Tensor]:
        """Training points and held-out points of one fold of one replica."""
        x = self._data[r]
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(self._seeds[r]))
        size = len(x) // NUM_FOLDS
        held_out = torch.zeros(len(x), dtype=torch.bool)
        held_out[order[fold * size : (fold + 1) * size]] = True
        return x[~held_out], x[held_out]


def _still_racing(elbo: dict[int, Tensor]) -> list[int]:
    """Who may still win by the held-out points met so far, point by point.

    A candidate leaves when some standard errors lie between it and another one; and when they leave no room for a gain
    worth having over an earlier one, which is the simpler one.
    """
    best = max(elbo, key=lambda c: elbo[c].mean())
    left: list[int] = []
    for c, values in elbo.items():
        rivals = {b: 0.0 for b in (best,) if b != c} | dict.fromkeys(left, _WORTH_HAVING)
        if all(_most_ahead(values, elbo[b]) >= gain for b, gain in rivals.items()):
            left.append(c)
    return left


def _most_ahead(values: Tensor, rival: Tensor) -> float:
    """By how much the first may be ahead of the second, nats; a rival without finite values is behind everyone."""
    if not torch.isfinite(rival).all():
        return math.inf
    ahead = values - rival
    return (ahead.mean() + _STANDARD_ERRORS * ahead.std() / math.sqrt(len(ahead))).nan_to_num(nan=-math.inf).item()


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


def _per_replica(model: SIReNVAE, x) -> list[Tensor]:
    """Raw points of each replica, float64."""
    count, names = math.prod(model.replicas), model.network.observed
    if is_several(x):
        if len(x) != count:
            raise InputError(f"There are {count} replicas, but the list has {len(x)} entries for the training data.")
        return [as_points(points, names).cpu() for points in x]
    x = as_points(x, names).cpu()
    return list(x.expand(*model.replicas, *x.shape[-2:]).reshape(count, *x.shape[-2:]))
