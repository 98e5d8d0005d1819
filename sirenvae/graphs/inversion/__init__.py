"""From a network to its inverse."""

from sirenvae.graphs.inversion.editing import change_inverse
from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.inversion.extra_edges import with_extra_edges
from sirenvae.graphs.inversion.inverse import METHODS, ORDERS, Inverse, PruningStep
from sirenvae.graphs.inversion.nami import eliminate, invert
from sirenvae.graphs.inversion.pruning import barren_latents, prune

__all__ = [
    "METHODS",
    "ORDERS",
    "EliminationStep",
    "Inverse",
    "PruningStep",
    "barren_latents",
    "change_inverse",
    "eliminate",
    "invert",
    "prune",
    "with_extra_edges",
]
