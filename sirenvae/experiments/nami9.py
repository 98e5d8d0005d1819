"""Edges that an inverse does not need: how much slower it is learnt. No torch here.

Source:
    Figures 8 and 9 of Webb et al., Faithful Inversion of Generative Models (2018); several random placements are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from statistics import fmean
from typing import ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.compiled import Compiled, crossings, mean_crossing, summaries
from sirenvae.experiments.compiled_names import HALF
from sirenvae.experiments.trend import jonckheere
from sirenvae.graphs import load_network
from sirenvae.training import RECIPES

_BASE, _EXTRA = "nami-topological", (12, 16)  # as in the paper
# So slow that a run takes a hundred steps to .5 nats: the effect is a step or two, which takes many runs to be seen.
_SLOW = replace(RECIPES["inference"], name="slow inference", learning_rate=2e-3, num_steps=300)


@dataclass(frozen=True)
class Nami9(Compiled):
    """Inverses with more and more edges; see :class:`~sirenvae.experiments.compiled.Compiled`."""

    name: ClassVar[str] = "nami-9"

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences, with a trend test for each placement."""
        sentences = [
            "KL(p(z | x) || q(z | x)), nats, over fresh draws of the network, exact for each factor. All inverses are "
            "faithful: the floor is 0. The edges added with a seed's first number are among those of its second.",
            "The p-values are Jonckheere's, one-sided: that the steps grow with the number of edges, over runs. All "
            "placements are compared with the same runs without further edges.",
        ]
        for (network, _, capacity), group in summaries(rows).items():
            sentences += [f"{network}, {capacity}, {trend}" for trend in trends(group)]
        return sentences


def trends(rows: Sequence[dict]) -> list[str]:
    """For each placement of further edges how the steps to .5 nats grow, in sentences."""
    plain = [row for row in rows if not row["extra_edges"]]
    placements = sorted({row["placement"] for row in rows if row["extra_edges"]})
    found = []
    for placement in placements:
        with_more = [row for row in rows if row["extra_edges"] and row["placement"] == placement]
        group = [*plain, *sorted(with_more, key=lambda row: row["extra_edges"])]
        if len(group) < 2:
            continue
        counts = " / ".join(f"+{row['extra_edges']}" for row in group)
        steps = " / ".join(map(mean_crossing, group))
        ends = " / ".join(format(row["kl_mean"], ".4f") for row in group)
        growth = fmean(crossings(group[-1])) / fmean(crossings(group[0])) - 1
        size = f", {growth:+.0%}" if isfinite(growth) else ""
        found.append(
            f"placement {placement}: steps to {HALF} nats {steps} for {counts} edges{size}, "
            f"p = {jonckheere(list(map(crossings, group))):.2g}; KL in the end {ends}."
        )
    return found


PRESETS = ("quick", "paper")


def preset(name: str) -> Nami9:
    """A ready configuration.

    Arguments:
        name: ``"quick"`` (depth 4, random coefficients, three placements, equal active weights, sixty runs, 300 steps)
            or ``"paper"`` (five placements, 2,500 steps, three definitions of equal capacity, coefficients of 1 too).

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    num_placements = 3 if name == "quick" else 5
    inverses = (_BASE, *(f"{_BASE}+{count}@{seed}" for seed in range(num_placements) for count in _EXTRA))
    if name == "quick":
        return Nami9((load_network("drawn-tree-4-0"),), inverses, num_runs=60, recipe=_SLOW, num_draws=50)
    trees = (load_network("drawn-tree-4-0"), load_network("binary-tree-4"))
    capacities = ("active-6000", "stored-12000", "width-16")
    return Nami9(trees, inverses, capacities=capacities, num_runs=60, recipe=replace(_SLOW, num_steps=2500))
