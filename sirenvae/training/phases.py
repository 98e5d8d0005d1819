"""Training in phases: recipes one after the other, and a model that is told in between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sirenvae.errors import InputError
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Source
from sirenvae.training.arguments import as_list
from sirenvae.training.loop import EpochRecord, schedule_of
from sirenvae.training.rates import begin
from sirenvae.training.recipes import Recipe

_APART = 1 << 32  # Between the seeds of two phases, so that none repeats the noise of another.


@dataclass(frozen=True, init=False)
class Phases:
    """Recipes that are followed one after the other, each from the weights that the one before has left.

    Before each but the first :meth:`~sirenvae.models.replicas.Fittable.begin_phase` is called; the optimizer starts
    anew.

    Arguments:
        recipes: Each as :func:`sirenvae.fit` takes it: a name, a :class:`~sirenvae.training.recipes.Recipe`, or a list
            with one for each replica.

    Raises:
        InputError: If none came.
    """

    recipes: tuple[str | Recipe | Sequence[str | Recipe], ...]

    def __init__(self, *recipes: str | Recipe | Sequence[str | Recipe]):
        if not recipes:
            raise InputError("Training in phases takes at least one recipe, but none came.")
        object.__setattr__(self, "recipes", recipes)


class PhasedFit(Iterator[EpochRecord]):
    """A training in phases under way. Records count epochs, steps and seconds through all of them.

    Arguments:
        model: The model or the models, prepared.
        sources: As for :class:`~sirenvae.training.loop.Fit`.
        phases: Of each phase one recipe for each replica.
        seeds: One for each replica.
        every: Epochs per record.

    Attributes:
        phase: Which one is under way, counted from 0.
    """

    def __init__(
        self,
        model: Fittable | Sequence[Fittable],
        sources: Sequence[Source],
        phases: Sequence[Sequence[Recipe]],
        seeds: Sequence[int],
        every: int = 1,
    ):
        self.model, self.phase = model, 0
        self._sources, self._phases, self._seeds, self._every = sources, phases, seeds, every
        models = as_list(model)
        longest = [schedule_of(models, sources, recipes).num_steps.max().item() for recipes in phases]
        self._num_steps = None if math.isinf(sum(longest)) else int(sum(longest))
        self._last: EpochRecord | None = None
        self._before: EpochRecord | None = None
        self._fit = begin(model, sources, phases[0], seeds, every)

    def __next__(self) -> EpochRecord:
        record = next(self._fit, None)
        while record is None:
            self._begin_next()
            record = next(self._fit, None)
        before = self._before
        record = replace(record, num_steps=self._num_steps)
        if before is not None:
            record = replace(
                record,
                epoch=before.epoch + record.epoch,
                step=before.step + record.step,
                diverged=before.diverged | record.diverged,
                seconds=before.seconds + record.seconds,
            )
        self._last = record
        return record

    def _begin_next(self) -> None:
        if self.phase + 1 == len(self._phases):
            raise StopIteration
        self.phase, self._before = self.phase + 1, self._last
        recipes, first = self._phases[self.phase], 0
        for model in as_list(self.model):
            count = math.prod(model.replicas)
            model.begin_phase(self.phase, recipes[first : first + count])
            first += count
        seeds = [seed + self.phase * _APART for seed in self._seeds]
        self._fit = begin(self.model, self._sources, recipes, seeds, self._every)
