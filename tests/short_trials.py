"""Presets of trials that take a moment: the same networks, models, sizes and runs, but few steps and test points."""

from dataclasses import replace

from sirenvae.experiments import elbo_vs_size, nami6, nami9, table1
from sirenvae.experiments.compiled import Compiled

TRIALS = (elbo_vs_size, table1, nami6, nami9)
STEPS = 60  # of 1200
FEW = {"num_test": 50, "iwae_samples": 20}


def short(preset):
    """What a trial's `preset` gives, in short."""

    def in_short(*arguments):
        trial = preset(*arguments)
        if isinstance(trial, Compiled):
            return replace(trial, num_test=50, num_draws=20, recipe=replace(trial.recipe, num_steps=STEPS))
        if isinstance(trial, table1.Table1):
            return replace(trial, **FEW, recipes=tuple(replace(recipe, base_steps=STEPS) for recipe in trial.recipes))
        return replace(trial, **FEW, recipe=replace(trial.recipe, base_steps=STEPS))

    return in_short


def shorten() -> None:
    """For good, in a process of its own."""
    for trial in TRIALS:
        trial.preset = short(trial.preset)
