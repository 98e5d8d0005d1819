"""Masks and graphical residual flows. Tensors only: a flow receives a bool adjacency, never a graph object."""

from sirenvae.flows.inversion import ConvergenceError, Inversion
from sirenvae.flows.masks import LayerMasks, layer_masks, reach
from sirenvae.flows.residual import GraphicalResidualFlow, standard_normal_log_prob

__all__ = [
    "ConvergenceError",
    "GraphicalResidualFlow",
    "Inversion",
    "LayerMasks",
    "layer_masks",
    "reach",
    "standard_normal_log_prob",
]
