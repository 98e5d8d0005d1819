"""Elimination as arithmetic: which factors are multiplied, what is summed out, and over what the result reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sirenvae.graphs.network import BayesianNetwork, Variable


@dataclass(frozen=True)
class SumOut:
    """One variable summed out of the product of all factors that mention it.

    Attributes:
        variable: What is summed out.
        used: The factors that mention it, as ``"p(G | D, I)"`` or, for the result of an earlier step, ``"τ1(G, S)"``.
        scope: The variables of the result, in declared order: the parents in the inverse of an elimination.
    """

    variable: Variable
    used: tuple[str, ...]
    scope: tuple[Variable, ...]


def elimination_factors(network: BayesianNetwork, order: Iterable[Variable]) -> list[SumOut]:
    """Sum variables out of a network's joint distribution, one by one.

    Arguments:
        network: The network; its conditionals are the first factors.
        order: The variables in the order in which they go, for example ``inverse.elimination_order``.

    Returns:
        One entry for each variable. The scope of a latent's entry is what elimination in the graph calls its remaining
        neighbours; that is why a fill edge joins any two of them.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> elimination_factors(load_network("student"), ["D", "I"])[1].used
        ('p(I)', 'p(S | I)', 'τ1(I, G)')

    Source:
        Koller & Friedman, Probabilistic Graphical Models (2009), sum-product variable elimination.
    """
    factors = {_conditional_name(network, v): {v, *network.parents(v)} for v in network.variables}
    steps = []
    for number, v in enumerate(order, start=1):
        used = tuple(name for name, scope in factors.items() if v in scope)
        scope = network.in_declared_order(set().union(*(factors.pop(name) for name in used)) - {v})
        factors[f"τ{number}({', '.join(map(str, scope))})"] = set(scope)
        steps.append(SumOut(v, used, scope))
    return steps


def _conditional_name(network: BayesianNetwork, v: Variable) -> str:
    parents = ", ".join(map(str, network.parents(v)))
    return f"p({v} | {parents})" if parents else f"p({v})"
