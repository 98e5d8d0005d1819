"""Flows: bijections with two directions and a log-determinant each. Tensors only: a flow never sees a graph object."""

from sirenvae.flows.affine import MaskedAffine
from sirenvae.flows.autoregressive import InverseAutoregressive
from sirenvae.flows.distribution import FlowDistribution, standard_normal_log_prob
from sirenvae.flows.newton import ConvergenceError, Inversion
from sirenvae.flows.residual import GraphicalResidualFlow
from sirenvae.flows.transform import Chain, Inverted, Transform
from sirenvae.nets.set_rule import LayerMasks, layer_masks, reach

__all__ = [
    "Chain",
    "ConvergenceError",
    "FlowDistribution",
    "GraphicalResidualFlow",
    "InverseAutoregressive",
    "Inversion",
    "Inverted",
    "LayerMasks",
    "MaskedAffine",
    "Transform",
    "layer_masks",
    "reach",
    "standard_normal_log_prob",
]
