"""The steps of an inversion in words."""

from __future__ import annotations

from sirenvae.graphs.elimination import EliminationStep
from sirenvae.graphs.inversion import PruningStep


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
    return f"{number} {noun}{'' if number == 1 else 's'}"
