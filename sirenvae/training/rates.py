"""Several learning rates tried side by side, and the one of the lowest loss kept.

Source:
    Mouton & Kroon, SIReN-VAE (2022), section 3, trains so; that all rates run to their end as replicas is ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Source
from sirenvae.training.arguments import as_list, seeds_of
from sirenvae.training.loop import EpochRecord, Fit
from sirenvae.training.recipes import Recipe


class RateSearch(Iterator[EpochRecord]):
    """Train every replica once for each learning rate of its recipe.

    All of them start from the same weights and meet the same batches and noise. Whenever a record is handed out, the
    model holds for each replica the weights whose training loss since the record before is the lowest; so the choice
    that counts is that of the last record. One whose loss is not finite is chosen only where all have failed.

    Arguments:
        model: The model or the models, prepared.
        sources, recipes, seed, every: As for :class:`~sirenvae.training.loop.Fit`; one recipe for each replica.

    Attributes:
        learning_rates: After a record, the first rate of the training that each replica now has, one for each.
    """

    def __init__(
        self,
        model: Fittable | Sequence[Fittable],
        sources: Sequence[Source],
        recipes: Sequence[Recipe],
        seed: int | Sequence[int] = 0,
        every: int = 1,
    ):
        self.model, self.recipes, self.every = model, list(recipes), every
        self._models = as_list(model)
        self._tries = [recipe.each_rate() for recipe in self.recipes]
        self.seeds = seeds_of(self._models, seed)
        counts = [math.prod(one.replicas) for one in self._models]
        firsts = [sum(counts[:i]) for i in range(len(counts))]
        self._places = [range(first, first + count) for first, count in zip(firsts, counts, strict=True)]
        self._wide = [self._widened(one, places) for one, places in zip(self._models, self._places, strict=True)]
        self._fit = Fit(
            self._wide,
            self._repeated(sources),
            [recipe for tries in self._tries for recipe in tries],
            self._repeated(self.seeds),
            every,
        )
        self.learning_rates: list[float] = []

    def __next__(self) -> EpochRecord:
        record = next(self._fit)
        loss = torch.where(record.diverged, math.inf, record.loss).split([len(tries) for tries in self._tries])
        best = [int(values.argmin()) for values in loss]
        self.learning_rates = [tries[b].learning_rate for tries, b in zip(self._tries, best, strict=True)]
        firsts = torch.tensor([0, *map(len, self._tries)]).cumsum(0).tolist()
        chosen = [first + b for first, b in zip(firsts, best, strict=False)]
        for model, wide, places in zip(self._models, self._wide, self._places, strict=True):
            own = [chosen[place] - firsts[places.start] for place in places]
            model.copy_replicas(wide, own, range(len(own)))
            model.eval()
        return self._of_chosen(record, chosen)

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """As that of :class:`~sirenvae.training.loop.Fit`, all trainings included; of a search with one model."""
        tensors, numbers = self._fit.state()
        [wide] = self._wide
        return tensors | {f"wide.{name}": value for name, value in wide.state_dict().items()}, numbers

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, float]) -> None:
        """Go on from a :meth:`state`."""
        [wide] = self._wide
        prefix = "wide."
        wide.load_state_dict({n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)})
        self._fit.restore(tensors, numbers)

    def _of_chosen(self, record: EpochRecord, chosen: list[int]) -> EpochRecord:
        """The record of the weights that are kept, in the shape of the model."""
        names = ("loss", "learning_rate", "kl_weight", "diverged")
        values = {name: getattr(record, name)[chosen] for name in names}
        if len(self._models) == 1:
            values = {name: value.view(self._models[0].replicas) for name, value in values.items()}
        return replace(record, **values)

    def _widened(self, model: Fittable, places: range) -> Fittable:
        """The model with each replica as often as it has rates."""
        copies = [own for own, place in enumerate(places) for _ in self._tries[place]]
        return model.replica(*copies)

    def _repeated(self, values: list) -> list:
        """One value for each training from one for each replica."""
        return [value for value, tries in zip(values, self._tries, strict=True) for _ in tries]


def begin(
    model, sources: Sequence[Source], recipes: Sequence[Recipe], seed: int | Sequence[int], every: int
) -> Fit | RateSearch:
    """The training of models whose units and floors are set, see :func:`~sirenvae.training.fit.fit`."""
    if any(isinstance(recipe.learning_rate, tuple) for recipe in recipes):
        return RateSearch(model, sources, recipes, seed, every)
    return Fit(model, sources, recipes, seed, every)
