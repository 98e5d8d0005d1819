"""Trials and fits that take a moment: the same networks, models and sizes, but few steps, runs and test points."""

from dataclasses import replace

import sirenvae as sv
from sirenvae import notebooks
from sirenvae.experiments import elbo_vs_size, nami6, nami9, table1
from sirenvae.experiments.compiled import Compiled
from sirenvae.experiments.following import follow
from sirenvae.models import inference_network

TRIALS = (elbo_vs_size, table1, nami6, nami9)
STEPS = 40  # of 1200
FIT_STEPS = 400  # of 1200, 600, 1500; a notebook draws what its own models have learnt
FEW = {"num_test": 50, "iwae_samples": 20}


def short(preset):
    """What a trial's `preset` gives, in short."""

    def in_short(*arguments):
        trial = preset(*arguments)
        if isinstance(trial, Compiled):
            return replace(trial, num_test=50, num_draws=20, recipe=replace(trial.recipe, num_steps=STEPS))
        if isinstance(trial, table1.Table1):
            recipes = tuple(replace(recipe, base_steps=STEPS) for recipe in trial.recipes)
            return replace(trial, **FEW, num_runs=2, recipes=recipes)
        return replace(trial, **FEW, recipe=replace(trial.recipe, base_steps=STEPS))

    return in_short


def short_fit(fit):
    """The same with few steps, where the recipe is written out."""

    def in_short(model, x, recipe, **settings):
        steps = (
            {"base_steps": FIT_STEPS} if recipe.num_steps is None else {"num_steps": min(FIT_STEPS, recipe.num_steps)}
        )
        return fit(model, x, replace(recipe, **steps), **settings)

    return in_short


def shorten() -> None:
    """For good, in a process of its own."""
    for trial in TRIALS:
        trial.preset = short(trial.preset)
    sv.fit = short_fit(sv.fit)
    inference_network._START_DRAWS = inference_network._PIECE


def run_here() -> None:
    """Let notebooks run trials without processes of their own, which would take longer to start than to work."""
    notebooks.finished = lambda trial: follow(trial, trial.run(), "running", leave=False)
