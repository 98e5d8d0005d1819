"""The one place that chooses how a training step is computed."""

from __future__ import annotations

import math

import torch

from sirenvae.flows.activations import ACTIVATIONS
from sirenvae.models import SIReNVAE
from sirenvae.models.replicas import Fittable
from sirenvae.training.dense import DenseProgram
from sirenvae.training.kernels.siren_vae import EdgeProgram

_CACHE = 1 << 22

Program = DenseProgram | EdgeProgram


def program_for(model: Fittable, num_points: int) -> Program:
    """The fastest training step for all replicas of a model.

    Arguments:
        model: The model.
        num_points: B, points in a batch.
    """
    if _has_edge_program(model):
        return EdgeProgram(model, num_points)
    return DenseProgram(model)


def _has_edge_program(model: Fittable) -> bool:
    """Edge lists are for CPUs, and written out for one hidden layer of LipSwish, no subclass and no frozen weight."""
    if type(model) is not SIReNVAE or model.device.type != "cpu":
        return False
    if not all(parameter.requires_grad for parameter in model.parameters()):
        return False
    if model.dtype not in (torch.float32, torch.float64):
        return False
    flows = (model.prior, model.encoder)
    return all(len(flow.layers.masks) == 2 and flow.activation is ACTIVATIONS["lip_swish"] for flow in flows)


def replicas_at_once(model: Fittable, num_points: int) -> int:
    """How many replicas train fastest as one program: as many as fit a CPU's cache, or all on an accelerator."""
    if model.device.type != "cpu":
        return math.prod(model.replicas)
    return max(1, _CACHE // (8 * model.num_units * num_points))


def is_about_memory(error: Exception) -> bool:
    """Whether an allocation failed; on the CPU torch says so only in words."""
    words = ("not enough memory", "can't allocate memory", "out of memory")
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(w in str(error) for w in words)
