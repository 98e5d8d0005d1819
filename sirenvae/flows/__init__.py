"""Masks and graphical residual flows. Tensors only: a flow receives a bool adjacency, never a graph object."""

from sirenvae.flows.masks import LayerMasks, layer_masks, reach
from sirenvae.flows.residual import ConvergenceError, GraphicalResidualFlow, standard_normal_log_prob

__all__ = [
    "ConvergenceError",
    "GraphicalResidualFlow",
    "LayerMasks",
    "layer_masks",
    "reach",
    "standard_normal_log_prob",
]
