"""Marginals given what is observed: the exact ones beside the learnt ones, as a picture, in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

import sirenvae as sv
from sirenvae.graphs.separation import active_path, is_separated
from sirenvae.ui.inference.evidence import observation
from sirenvae.ui.shared.graph import CACHE_KEYS, graph_model
from sirenvae.ui.shared.look import counted, plain

MOVED = 0.02  # of a variable's probability: what a reader would call moved
SMALL = 12  # variables up to which the cards of all are in sight
_LEAST = 1e-6  # of a probability: below it nothing has moved but digits
_MOST_NAMED, _MOST_ROWS = 3, 10
Marginals = Mapping[Any, np.ndarray]  # of each hidden variable


@st.cache_data(max_entries=512, show_spinner="Exact marginals", hash_funcs=CACHE_KEYS)
def exact_marginals(network: sv.BayesianNetwork, evidence: tuple[tuple[int, int], ...]) -> list[np.ndarray | None]:
    """The exact marginals, one for each variable in declared order; ``None`` for those in the evidence.

    Arguments:
        network: A discrete network.
        evidence: Places of variables and numbers of their states.

    Raises:
        InputError: If the evidence has probability 0, or all variables.
    """
    found = sv.true_marginals(network, {network.variables[place]: number for place, number in evidence})
    return [found[v].probs.numpy() if v in found else None for v in network.variables]


def exact_given(network: sv.BayesianNetwork, evidence: Sequence[tuple]) -> Marginals:
    """The same by variable, for pairs of a variable and a state's number."""
    places = tuple(sorted((network.position[v], number) for v, number in evidence))
    found = exact_marginals(network, places)
    return {v: probs for v, probs in zip(network.variables, found, strict=True) if probs is not None}


def divergences(exact: Marginals, learnt: Marginals) -> dict[Any, float]:
    """KL(exact || learnt) of each hidden variable, nats, the largest first."""
    found = {}
    for v, p in exact.items():
        seen = p > 0
        with np.errstate(divide="ignore"):
            found[v] = max(0.0, float((p[seen] * np.log(p[seen] / learnt[v][seen])).sum()))
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def moves(before: Marginals, now: Marginals) -> dict[Any, tuple[int, float]]:
    """The state of each variable that moved most, and by how much; the variable that moved most first."""
    found = {}
    for v, probs in now.items():
        if v in before:
            change = probs - before[v]
            state = int(np.abs(change).round(9).argmax())  # of two that moved alike the first
            found[v] = (state, float(change[state]))
    return dict(sorted(found.items(), key=lambda one: -abs(one[1][1])))


def move_words(network: sv.BayesianNetwork, evidence: Sequence[tuple], before: Marginals, now: Marginals) -> str:
    """What the last observation did, how it comes to the variable that it moved most, and what it cannot move."""
    *others, (last, state) = evidence
    given, name = {v for v, _ in others}, f"**{plain(observation(network, last, state))}**"
    if before[last][state] > 1 - _LEAST:
        return f"{name} was certain already, so nothing moves."
    closed = [v for v in now if is_separated(network.dag, {last}, {v}, given)]
    moved = {v: one for v, one in moves(before, now).items() if abs(one[1]) > _LEAST}
    if not moved:
        return f"{name} moves nothing. {_closed_words(closed)}".rstrip()
    each = [
        f"**{plain(v)}** = {plain(network.states[v][at])} {percent(before[v][at])} → {percent(now[v][at])}"
        for v, (at, _) in list(moved.items())[:_MOST_NAMED]
    ]
    first = next(iter(moved))
    why = sv.explain_answer(network.dag, last, first, given, active_path(network.dag, last, first, given))
    words = f"{name} moves {'most: ' if len(moved) > _MOST_NAMED else ''}{', '.join(each)}."
    return f"{words} Why {plain(first)}? {plain(why)} {_closed_words(closed)}".rstrip()


def _closed_words(closed: Sequence) -> str:
    if not closed:
        return ""
    who = f"{plain(closed[0])} cannot" if len(closed) == 1 else f"{len(closed):,} others cannot"
    return f"{who} move: no open path leads there."


def percent(probability: float) -> str:
    """With as many digits as are worth reading.

    >>> percent(0.4887), percent(0.0104), percent(0.00012), percent(1.0)
    ('49 %', '1.0 %', '0.01 %', '100 %')
    """
    share = 100 * float(probability)
    digits = 0 if share >= 9.95 or share == 0 else 1 if share >= 0.095 else 2
    return f"{share:.{digits}f} %"


def marginals_data(
    network: sv.BayesianNetwork,
    evidence: Sequence[tuple],
    exact: Marginals | None,
    before: Marginals | None,
    learnt: Marginals | None,
    first: str | None,
) -> dict[str, Any]:
    """What the view draws, in plain values.

    Arguments:
        network: A discrete network.
        evidence: Pairs of a variable and a state's number, the latest last.
        exact: Exact marginals; ``None`` where the evidence cannot be.
        before: Those without the last observation, if there is one.
        learnt: What the network has learnt, if there is one.
        first: Which cards come first: ``"moved"``, ``"divergence"``, or ``None``: all in declared order.
    """
    known = dict(evidence)
    moved = moves(before, exact) if exact and before else {}
    far = {v for v, (_, change) in moved.items() if abs(change) >= MOVED}
    apart = divergences(exact, learnt) if exact and learnt else {}
    ranked = list({"moved": moved, "divergence": apart}.get(first, ()))
    rank = {v: i for i, v in enumerate(sorted(known, key=network.position.__getitem__) if ranked else ())}
    rank |= {v: len(rank) + i for i, v in enumerate(ranked)}

    def numbers(marginals: Marginals | None, v) -> list[float] | None:
        return None if marginals is None or v not in marginals else [float(p) for p in marginals[v]]

    cards = [
        {
            "states": list(network.states[v]),
            "seen": known.get(v, -1),
            "exact": numbers(exact, v),
            "learnt": numbers(learnt, v) if v not in known else None,
            "before": numbers(before, v) if v in far else None,
            "kl": apart.get(v),
            "moved": v in far,
            "rank": rank.get(v, i),
        }
        for i, v in enumerate(network.variables)
    ]
    return graph_model(network) | {"observed": [network.position[v] for v in known], "cards": cards}


def divergence_table(
    network: sv.BayesianNetwork, apart: Mapping[Any, float], exact: Marginals, learnt: Marginals
) -> str:
    """The largest divergences as Markdown, with the state that is farthest off."""
    lines = ["| variable | KL, nats | farthest off | exact | learnt |", "|:--|--:|:--|--:|--:|"]
    for v, nats in list(apart.items())[:_MOST_ROWS]:
        state = int(np.abs(exact[v] - learnt[v]).round(9).argmax())
        cells = (nats_words(nats), plain(network.states[v][state]), percent(exact[v][state]), percent(learnt[v][state]))
        lines.append(f"| {plain(v)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def divergence_words(apart: Mapping[Any, float]) -> str:
    """The mean of them, and how many the table leaves out."""
    mean = sum(apart.values()) / len(apart)
    words = f"Mean over {counted(len(apart), 'hidden variable')}: **{nats_words(mean)} nats**."
    more = len(apart) - _MOST_ROWS
    return words + (f" {more:,} more are closer than those shown." if more > 0 else "")


def nats_words(nats: float) -> str:
    """Four digits after the point; what is less is said to be less."""
    if math.isinf(nats):
        return "∞"
    return "below 0.0001" if nats < 1e-4 else f"{nats:.4f}"
