"""Fit models: the one way in. It prints nothing and knows no face."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sirenvae.errors import InputError
from sirenvae.models.points import Points
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Simulator
from sirenvae.training.arguments import as_list, data_of_each, per_replica, seeds_of, sources_of
from sirenvae.training.loop import EpochRecord
from sirenvae.training.phases import PhasedFit, Phases
from sirenvae.training.rates import begin
from sirenvae.training.recipes import RECIPES, SELECTED, Recipe
from sirenvae.training.selection import Selection


def fit(
    model: Fittable | Sequence[Fittable],
    x: Points | Simulator | Sequence[Points | Simulator],
    recipe: str | Recipe | Sequence[str | Recipe] | Phases | None = None,
    *,
    seed: int | Sequence[int] = 0,
    every: int = 1,
) -> Iterator[EpochRecord]:
    """Train all replicas of a model, or of several models, at once.

    Each replica ends as it would have ended alone, to rounding: its batches and its noise come from its own seed. It
    leaves the program when its schedule has ended. The models are in evaluation mode whenever a record is handed out,
    so they can be asked anything in between; to stop early, stop iterating.

    Arguments:
        model: The model, or several of any kind; their standardization is set from `x` and their weights are trained
            in place.
        x: Training data in raw units, shape ``(N, D)``: a tensor, an array, nested lists or a data frame; or for one
            model ``(*R, N, D)``; or a list with one ``(N_e, D)`` for each replica, those of the first model first.
            Instead of a table a simulator: a function of a number of rows and a generator that gives new ones at
            every step. What rows hold that are more than x, the model says.
        recipe: A name from :data:`RECIPES` or a :class:`Recipe`, or one for each replica; by default that of the model.
            ``"selected"`` chooses one for each by cross-validation, no entry of a list, see
            :class:`~sirenvae.training.selection.Selection`. Of several learning rates each is tried, see
            :class:`~sirenvae.training.rates.RateSearch`. :class:`~sirenvae.training.phases.Phases` are several.
        seed: Of the first replica's batches and noise, the next ones count on from there; or one for each replica.
        every: Epochs per record.

    Returns:
        An iterator of :class:`EpochRecord`.

    Raises:
        InputError: If a recipe does not exist, the data cannot be trained on, a list has the wrong length, a model came
            twice, or models are on different devices.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("student")
        >>> x, _ = sv.sample_network(net, 50)
        >>> model = sv.SIReNVAE(net)
        >>> records = list(sv.fit(model, x, Recipe("short", num_steps=3)))
        >>> [record.epoch for record in records]
        [1, 2, 3]

    Source:
        The recipe ``"paper"``: Mouton & Kroon, SIReN-VAE (2022), section 3. The others are ours.
    """
    if recipe == SELECTED:
        return Selection(model, x, seed, every)
    models = _different(as_list(model))
    phases = [_recipes(one, models) for one in (recipe.recipes if isinstance(recipe, Phases) else (recipe,))]
    recipes, first = phases[0], 0
    for one, data in data_of_each(models, x):
        count = math.prod(one.replicas)
        one.prepare(data, recipes[first : first + count])
        first += count
    sources = sources_of(models, x)
    if len(phases) > 1:
        return PhasedFit(model, sources, phases, seeds_of(models, seed), every)
    return begin(model, sources, recipes, seed, every)


def _recipes(recipe: str | Recipe | Sequence[str | Recipe] | None, models: list[Fittable]) -> list[Recipe]:
    """One for each replica; where none came, that of its model."""
    if recipe is None:
        recipe = [one.default_recipe for one in models for _ in range(math.prod(one.replicas))]
    given = per_replica("recipe", recipe, models)
    return [_recipe_named(one) if isinstance(one, str) else one for one in given]


def _different(models: list[Fittable]) -> list[Fittable]:
    """The models, if they can be trained side by side."""
    if not models:
        raise InputError("There is no model to train in an empty list.")
    for model in models:
        if not isinstance(model, Fittable):
            raise InputError(
                f"A {type(model).__name__} cannot be trained: a model is a sirenvae.Fittable, with prepare, sources "
                "and loss."
            )
        if not model.trainable():
            raise InputError(f"The {type(model).__name__} has no parameters that could be trained.")
    if len(set(map(id, models))) < len(models):
        raise InputError(
            "The same model came twice, and its weights cannot end in two places; build it anew, or with replicas=(2,)."
        )
    devices = sorted({str(model.device) for model in models})
    if len(devices) > 1:
        raise InputError(f"Models that are trained together are on one device, but these are on {', '.join(devices)}.")
    return models


def _recipe_named(name: str) -> Recipe:
    if name == SELECTED:
        raise InputError(f"The recipe {SELECTED!r} chooses for all replicas, so it cannot be one of a list.")
    if name not in RECIPES:
        raise InputError(f"The recipe {name!r} does not exist; it is one of {', '.join([*RECIPES, SELECTED])}.")
    return RECIPES[name]
