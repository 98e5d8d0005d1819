"""What an inverse of a Bayesian network is: a graph, and the steps that made it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.network import Variable

ORDERS = ("topological", "reverse")
METHODS = ("nami", "stuhlmueller", "mean_field", "fully_connected")


@dataclass(frozen=True)
class PruningStep:
    """A parent that elimination left behind and that its child does not need.

    Attributes:
        child: The latent that loses a parent.
        parent: The redundant one.
        separating_set: The remaining parents of the child; given them, child and parent are independent.
    """

    child: Variable
    parent: Variable
    separating_set: tuple[Variable, ...]


@dataclass(frozen=True, eq=False)
class Inverse:
    """The inverse of a Bayesian network: how each latent depends on later latents and on the observed variables.

    Attributes:
        dag: Edges parent -> child of the inverse, over all variables; observed ones are roots unless they were
            eliminated too.
        elimination_order: The variables that were eliminated, first eliminated first. Its reverse is a topological
            order of `dag`.
        steps: One :class:`EliminationStep` per eliminated variable, then a :class:`PruningStep` per redundant parent;
            empty for methods that do not eliminate.
        order: The rule that chose the frontier, one of :data:`ORDERS`.
        method: One of :data:`METHODS`.
    """

    dag: nx.DiGraph
    elimination_order: list[Variable]
    steps: list[EliminationStep | PruningStep]
    order: str
    method: str = "nami"
