"""The steps of an inversion, paths and differences in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import networkx as nx

from sirenvae.graphs.inversion import PruningStep
from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.judging.comparison import InverseDifference
from sirenvae.graphs.network import Variable
from sirenvae.graphs.telling.paths import Junction, any_path, junctions

_MOST_REASONS = 3  # junctions of a path that are explained one by one
_WHICH = {"chain": "in the middle of a chain", "common cause": "a common cause", "collider": "a collider"}


def explain(step: EliminationStep | PruningStep) -> str:
    """What a step did and why.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> print(explain(invert(load_network("student")).steps[1]))
        I is eliminated: the frontier is {I} and it costs 1 fill edge. Its remaining neighbours G, S become its parents
        in the inverse. G and S were not neighbours, so the edge G–S is added: once I is summed out, they depend on each
        other.
    """
    if isinstance(step, PruningStep):
        return _why_pruned(step)
    v, cost = step.eliminated, len(step.fill_edges)
    frontier = _listing(step.frontier)
    choice = (
        f"the frontier is {{{v}}} and it"
        if len(step.frontier) == 1
        else f"of the frontier {{{frontier}}} it is cheapest: it"
    )
    words = [f"{v} is eliminated: {choice} costs {_count(cost, 'fill edge')}."]
    match len(step.parents):
        case 0:
            words.append("It has no remaining neighbour, so it has no parent in the inverse.")
        case 1:
            words.append(f"Its remaining neighbour {step.parents[0]} becomes its parent in the inverse.")
        case _:
            words.append(f"Its remaining neighbours {_listing(step.parents)} become its parents in the inverse.")
    words.append(_why_filled(step))
    return " ".join(filter(None, words))


def explain_answer(
    dag: nx.DiGraph,
    x: Variable,
    y: Variable,
    given: Iterable[Variable],
    path: Sequence[Variable] | None,
    drawn: nx.DiGraph | None = None,
) -> str:
    """Why two variables depend along an active path or, without one, where the shortest way between them is blocked.

    Arguments:
        dag: The graph that was asked.
        x, y, given: The question.
        path: The active path, ``None`` where the two are independent.
        drawn: The graph whose arrows are written, `dag` if not given; a dash stands where it has no edge.

    Example:
        >>> print(explain_answer(nx.DiGraph([("a", "c"), ("b", "c")]), "a", "b", [], None))
        The path a → c ← b is blocked at c, a collider: neither it nor a descendant of it is given.
    """
    given, drawn = list(given), dag if drawn is None else drawn
    if path is None:
        way = any_path(dag, x, y)
        if way is None:
            return "No path connects the two."
        return f"The path {with_arrows(drawn, way)} is blocked{_where_blocked(junctions(dag, way, given))}"
    middle = junctions(dag, path, given)
    if not middle:
        joined = drawn.has_edge(x, y) or drawn.has_edge(y, x)
        return f"{'An edge joins' if joined else 'Nothing separates'} them: {with_arrows(drawn, path)}."
    reasons = [_why_open(junction) for junction in middle[:_MOST_REASONS]]
    rest = "; and so on" if len(middle) > _MOST_REASONS else ""
    return f"The path {with_arrows(drawn, path)} is open: {'; '.join(reasons)}{rest}."


def with_arrows(dag: nx.DiGraph, path: Sequence[Variable]) -> str:
    """A path with its arrows, as ``D → G ← I``; neighbours without an edge in `dag` are joined by a dash."""
    words = [str(path[0])]
    for before, v in pairwise(path):
        words += ["→" if dag.has_edge(before, v) else "←" if dag.has_edge(v, before) else "–", str(v)]
    return " ".join(words)


def explain_difference(difference: InverseDifference) -> str:
    """What changed from one inverse to another, in a sentence or two."""
    parts = [
        _some_edges("gone", difference.gone),
        _some_edges("new", difference.new),
        _some_edges("turned around", difference.turned),
    ]
    said = [part for part in parts if part]
    if not said:
        return f"Nothing changes in the inverse: {_count(difference.num_kept, 'edge')} as before."
    return f"In the inverse {'; '.join(said)}. {_count(difference.num_kept, 'edge').capitalize()} stayed."


def _some_edges(what: str, edges: Sequence) -> str:
    if not edges:
        return ""
    verb = "is" if len(edges) == 1 else "are"
    return f"{_count(len(edges), 'edge')} {verb} {what} ({_listing([f'{a} → {b}' for a, b in edges], 6)})"


def _why_open(junction: Junction) -> str:
    v = junction.variable
    if junction.kind != "collider":
        return f"{v} is {_WHICH[junction.kind]} and not given"
    if junction.opener == v:
        return f"{v} is a collider and given"
    return f"{v} is a collider and its descendant {junction.opener} is given"


def _where_blocked(middle: Sequence[Junction]) -> str:
    blocked = next(junction for junction in middle if not junction.is_open)
    v, which = blocked.variable, _WHICH[blocked.kind]
    if blocked.kind == "collider":
        return f" at {v}, a collider: neither it nor a descendant of it is given."
    return f" at {v}, {which}: it is given."


def _why_filled(step: EliminationStep) -> str:
    v = step.eliminated
    if not step.fill_edges:
        return "They are neighbours of each other already, so nothing is added." if len(step.parents) > 1 else ""
    if len(step.fill_edges) == 1:
        ((a, b),) = step.fill_edges
        added = f"{a} and {b} were not neighbours, so the edge {a}–{b} is added"
        return f"{added}: once {v} is summed out, they depend on each other."
    pairs = _listing([f"{a}–{b}" for a, b in step.fill_edges])
    added = f"The edges {pairs} are added between those that were not neighbours"
    return f"{added}: once {v} is summed out, they depend on each other."


def _why_pruned(step: PruningStep) -> str:
    given = f"given its other parents {_listing(step.separating_set)}" if step.separating_set else "on its own"
    child, parent = step.child, step.parent
    return (
        f"The parent {parent} of {child} is redundant: {given}, {child} does not depend on {parent}, so the edge "
        f"{parent} → {child} is dropped. Elimination alone leaves such edges where a latent has no observed descendant."
    )


def _listing(names, at_most: int = 8) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:at_most]) + (f" and {len(shown) - at_most} more" if len(shown) > at_most else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
