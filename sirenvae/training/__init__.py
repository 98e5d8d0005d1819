"""One way to train everything: recipes, schedules, the loop, the choice among candidates, files."""

from sirenvae.training.recipes import RECIPES, SELECTED, Recipe

__all__ = ["RECIPES", "SELECTED", "Recipe"]
