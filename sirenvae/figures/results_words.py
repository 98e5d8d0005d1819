"""What the reference results show, in sentences made from their rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import hypot, sqrt

from sirenvae.experiments.registry import CLASSICAL, VAES
from sirenvae.figures.results import learner_name, measured, recipes_of, short_nats

_RIVALS = [model for model in VAES if model != "true"]
_LINEAR = "linear start"  # as the recipe that chooses calls it
_PARTS = {"decoder": "the decoder", "prior": "the prior", "both": "prior and decoder"}


def table1_words(rows: Sequence[dict]) -> list[str]:
    """Sentences about rows of table 1, all of one network."""
    panels = measured(rows)
    sentences = [
        sentence
        for recipe in recipes_of(rows)
        for panel in panels.values()
        if (sentence := _structure(panel, recipe, several=len(recipes_of(rows)) > 1))
    ]
    sentences += [sentence for panel in panels.values() if (sentence := _classical(panel, recipes_of(rows)))]
    return [*sentences, *_paper(rows), *_chosen(rows), *_diverged(rows)]


def _structure(panel: list[dict], recipe: str, several: bool) -> str | None:
    """The true structure against its rivals, of one recipe at one size."""
    found = {row["learner"]: row for row in panel if row["recipe"] == recipe}
    rivals = [found[model] for model in _RIVALS if model in found]
    if "true" not in found or not rivals:
        return None
    ours = found["true"]
    nearer = [row for row in rivals if _tells_apart(ours, row)]
    farther = [row for row in rivals if _tells_apart(row, ours)]
    gaps = sorted(row["excess_nll_mean"] - ours["excess_nll_mean"] for row in nearer)
    others = _listed([f"{learner_name(row)} {short_nats(row['excess_nll_mean'])}" for row in rivals])
    under = f" (recipe {recipe})" if several else ""
    start = (
        f"With **{ours['training_points']:,} points**{under} the true structure ends "
        f"{short_nats(ours['excess_nll_mean'])} nats above the truth; {others}."
    )
    if len(nearer) == len(rivals):
        worth = " to ".join(dict.fromkeys(map(short_nats, (gaps[0], gaps[-1]))))
        return f"{start} To know the structure is worth **{worth} nats** a point."
    if farther:
        return f"{start} Here {_listed([learner_name(row) for row in farther])} did **better** than the true structure."
    same = _listed([learner_name(row) for row in rivals if row not in nearer])
    return f"{start} From {same} these runs cannot tell it apart."


def _tells_apart(lower: dict, higher: dict) -> bool:
    """Whether two means differ by more than two standard errors."""
    gap = higher["excess_nll_mean"] - lower["excess_nll_mean"]
    return gap > 2 * hypot(lower["excess_nll_sd"] or 0.0, higher["excess_nll_sd"] or 0.0) / sqrt(lower["runs"])


def _classical(panel: list[dict], recipes: Sequence[str]) -> str | None:
    """The best of the classical learners against the best VAE."""
    classical = [row for row in panel if row["learner"] in CLASSICAL]
    vaes = [row for row in panel if row["learner"] in VAES]
    if not classical or not vaes:
        return None
    best, model = (min(group, key=lambda row: row["excess_nll_mean"]) for group in (classical, vaes))
    pair = (
        f"the best classical learner ({learner_name(best)}, {short_nats(best['excess_nll_mean'])} nats) and the best "
        f"VAE ({learner_name(model, recipes)}, {short_nats(model['excess_nll_mean'])} nats)"
    )
    size = f"With **{best['training_points']:,} points**"
    if _tells_apart(best, model):
        return f"{size}, of {pair}, the classical one is **nearer** to the truth."
    if _tells_apart(model, best):
        return f"{size}, of {pair}, the VAE is **nearer** to the truth."
    return f"{size} {pair} cannot be told apart by these runs."


def _paper(rows: Sequence[dict]) -> list[str]:
    pairs = [row for row in rows if row["paper_excess_nll"] is not None and row["excess_nll_mean"] is not None]
    if not pairs:
        return []
    lower = sum(row["excess_nll_mean"] < row["paper_excess_nll"] for row in pairs)
    return [
        f"Beside the paper's numbers ours are lower in {lower} of {len(pairs)} rows. Recipes, test points and data "
        "differ, so this compares settings as much as models: see the notes."
    ]


def _chosen(rows: Sequence[dict]) -> list[str]:
    """What the recipe that chooses has chosen, over all sizes."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({name: int(count) for name, count in re.findall(r"(.+?) ×(\d+)(?:, |$)", row["chosen"] or "")})
    if not counts:
        return []
    names = {name: re.sub(", (.*)", r" (\1)", name) for name in counts}  # a candidate has commas in its name
    times = _listed([f"{names[name]} in {count} of {counts.total()} runs" for name, count in counts.most_common()])
    if _LINEAR not in counts:
        return [f"The recipe selected chose {times}."]
    return [
        f"The recipe selected chose {times}. A model that kept its {_LINEAR} is a linear-Gaussian network of known "
        "structure: its success is no triumph of flows."
    ]


def _diverged(rows: Sequence[dict]) -> list[str]:
    count = sum(row["diverged_runs"] for row in rows)
    if not count:
        return []
    return [f"{count} {'run' if count == 1 else 'runs'} met numbers that are not finite and stopped there."]


def parts_words(rows: Sequence[dict]) -> list[str]:
    """Sentences about rows of the table of parts, all of one network; rows that are not finite are left out."""
    rows, sentences = [row for row in rows if row["excess_nll_mean"] is not None], []
    for multiple in sorted({row["multiple"] for row in rows}):
        found = {row["exact"]: row for row in rows if row["multiple"] == multiple}
        if "none" not in found:
            continue
        all_learnt = found["none"]["excess_nll_mean"]
        left = [
            f"with {_PARTS[part]} exact {short_nats(found[part]['excess_nll_mean'])}"
            for part in _PARTS
            if part in found
        ]
        sentences.append(
            f"With **{found['none']['training_points']:,} points** and everything learnt the excess is "
            f"{short_nats(all_learnt)} nats" + (f"; {_listed(left)}." if left else ".")
        )
    return sentences


def tuning_words(rows: Sequence[dict]) -> list[str]:
    """Sentences about rows of the table of tuned models, all of one network; rows that are not finite are left out."""
    rows = [row for row in rows if row["excess_nll_mean"] is not None]
    sentences = [_structure(rows, recipe, several=True) for recipe in recipes_of(rows)]
    nats = {(row["learner"], row["recipe"]): row["excess_nll_mean"] for row in rows}
    gains = [
        f"{learner_name(row)} {short_nats(nats[row['learner'], 'default'] - row['excess_nll_mean'])}"
        for row in rows
        if row["recipe"] == "tuned" and (row["learner"], "default") in nats
    ]
    gained = [f"What tuning gained over the default, in nats: {_listed(gains)}."] if gains else []
    return [*filter(None, sentences), *gained]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
