"""Inverses of binary trees against each other: which are learnt fast, which can be learnt at all. No torch here.

Source:
    Figures 5 and 6 of Webb et al., Faithful Inversion of Generative Models (2018); the floor is ours. The tree with
    random coefficients follows the setting of later work on graphical residual flows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from sirenvae.errors import InputError
from sirenvae.experiments.compiled import Compiled, crossings, mean_crossing, summaries
from sirenvae.experiments.compiled_names import HALF
from sirenvae.experiments.registry import INVERSES
from sirenvae.experiments.trend import jonckheere
from sirenvae.graphs import load_network

FAITHFUL = ("nami-reverse", "nami-topological", "fully_connected")  # in the order in which the paper has them converge
_ALL = ("stuhlmueller", "nami-topological", "nami-reverse", "fully_connected", "mean_field")


@dataclass(frozen=True)
class Nami6(Compiled):
    """Binary trees; see :class:`~sirenvae.experiments.compiled.Compiled`."""

    name: ClassVar[str] = "nami-6"

    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences, and what they say of the paper's claims."""
        sentences = [
            "KL(p(z | x) || q(z | x)), nats, over fresh draws of the network, exact for each factor; the floor is what "
            "no network over that inverse can pass, on the same draws.",
            "The heuristic's graph (Stuhlmüller's) is also what Pyro's automatic structure takes.",
        ]
        for (network, draws, capacity), group in summaries(rows).items():
            where = f"{network}, {f'{draws:,} fixed draws' if draws else 'fresh draws'}, {capacity}"
            sentences += [f"{where}: {claim}" for claim in claims(group)]
        return sentences


def claims(rows: Sequence[dict]) -> list[str]:
    """What runs of several inverses of one network say of the paper's claims, with p-values, in sentences."""
    by_name = {row["inverse"]: row for row in rows}
    faithful = [name for name in FAITHFUL if name in by_name]
    found = []
    if len(faithful) > 1:
        found += _speed(by_name, faithful) + _end(by_name, faithful)
    if faithful and "stuhlmueller" in by_name:
        found += _unfaithful(by_name["stuhlmueller"]) + _variance(by_name, faithful)
    return found


def _speed(by_name: dict, faithful: Sequence[str]) -> list[str]:
    halves = [crossings(by_name[name]) for name in faithful]
    words = ", ".join(f"{INVERSES[name].words} {mean_crossing(by_name[name])}" for name in faithful)
    pairs = ", ".join(f"{jonckheere(pair):.2g}" for pair in combinations(halves, 2))
    p_value = jonckheere(halves)
    return [f"steps to {HALF} nats {words}; that they grow in this order has p = {p_value:.2g} (each pair {pairs})."]


def _end(by_name: dict, faithful: Sequence[str]) -> list[str]:
    best, *others = sorted(faithful, key=lambda name: by_name[name]["kl_mean"])
    words = ", ".join(f"{INVERSES[name].words} {by_name[name]['kl_mean']:.4f}" for name in faithful)
    pairs = [jonckheere([by_name[name]["runs"]["kl"] for name in (best, other)]) for other in others]
    worse = ", ".join(f"{p:.2g}" for p in pairs)
    return [f"KL in the end {words}: {INVERSES[best].words} ends best (p against each of the others {worse})."]


def _unfaithful(row: dict) -> list[str]:
    above = row["kl_mean"] - row["floor"]
    never = all(half is None for half in row["runs"]["half"])
    return [
        f"the heuristic ends {above:.4f} above its floor of {row['floor']:.3f}"
        + (f" and never comes to {HALF} nats." if never else ".")
    ]


def _variance(by_name: dict, faithful: Sequence[str]) -> list[str]:
    """Figure 6c: less variance over runs of faithful inverses? The test is of any difference in spread."""
    from scipy.stats import levene

    runs = [by_name[name]["runs"]["nll"] for name in ("stuhlmueller", *faithful)]
    if len(runs[0]) < 3:
        return []
    spreads = ", ".join(f"{INVERSES[name].words} {by_name[name]['nll_sd']:.4f}" for name in ("stuhlmueller", *faithful))
    p_value = levene(*runs, center="median").pvalue
    return [f"sd over runs of the samples' NLL per latent: {spreads}; equal spread has p = {p_value:.2g} (Levene)."]


PRESETS = ("quick", "paper")


def preset(name: str) -> Nami6:
    """A ready configuration.

    Arguments:
        name: ``"quick"`` (depth 5, random coefficients, the paper's four inverses, ten runs of each) or ``"paper"``
            (depths 3 to 6, random coefficients and all one, mean field too, fixed sets of 1,000 and 10,000 draws, three
            definitions of equal capacity).

    Raises:
        InputError: If there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"The preset {name!r} does not exist; it is one of {', '.join(PRESETS)}.")
    if name == "quick":
        return Nami6((load_network("drawn-tree-5-0"),), _ALL[:4])
    trees = tuple(load_network(f"{kind}-{depth}{end}") for kind, end in (("drawn-tree", "-0"), ("binary-tree", "")) for
                  depth in (3, 4, 5, 6))  # fmt: skip
    return Nami6(trees, _ALL, data=(0, 1000, 10_000), capacities=("active-6000", "stored-12000", "width-16"))
