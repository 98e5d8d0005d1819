"""What :func:`sirenvae.training.fit.fit` is given, as one entry for each replica or each model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.points import is_several
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Source


def per_replica(what: str, given, models: Sequence[Fittable]) -> list:
    """One value for each replica of all models."""
    count = sum(math.prod(model.replicas) for model in models)
    if not isinstance(given, (list, tuple, range)):
        return [given] * count
    if len(given) != count:
        raise InputError(f"There are {count} replicas, but the list has {len(given)} entries for the {what}.")
    return list(given)


def seeds_of(models: Sequence[Fittable], seed: int | Sequence[int]) -> list[int]:
    """One for each replica, counted on from the first where one came."""
    seeds = per_replica("seed", seed, models)
    return seeds if isinstance(seed, (list, tuple, range)) else [first + r for r, first in enumerate(seeds)]


def as_list(model: Fittable | Sequence[Fittable]) -> list[Fittable]:
    """The models of a fit, one or several."""
    return list(model) if isinstance(model, (list, tuple)) else [model]


def sources_of(models: Sequence[Fittable], x) -> list[Source]:
    """Where the batches of each replica come from.

    Arguments:
        models: Prepared.
        x: As for :func:`sirenvae.training.fit.fit`.

    Raises:
        InputError: If a model has tables and simulators, or a table has no rows or other columns than another one.
    """
    found = [model.sources(own) for model, own in data_of_each(models, x)]
    for sources in found:
        _check_sources(sources)
    return [source for sources in found for source in sources]


def _check_sources(sources: Sequence[Source]) -> None:
    kinds = {isinstance(source, Tensor) for source in sources}
    if len(kinds) > 1:
        raise InputError("The replicas of one model are trained either on tables or by simulators, but both came.")
    shapes = [tuple(source.shape) for source in sources if isinstance(source, Tensor)]
    if any(len(shape) != 2 or not shape[0] or shape[1] != shapes[0][-1] for shape in shapes):
        raise InputError(
            "The sources of a model are tables with at least one row and the same columns, shape (N, F), but shapes "
            f"{', '.join(map(str, dict.fromkeys(shapes)))} came."
        )


def data_of_each(models: Sequence[Fittable], x) -> Iterator[tuple[Fittable, Any]]:
    """Each model with its own data, where there is a data set for each replica; else with all."""
    data = per_replica("training data", x, models) if is_several(x) else None
    first = 0
    for model in models:
        count = math.prod(model.replicas)
        yield model, x if data is None else data[first : first + count]
        first += count
