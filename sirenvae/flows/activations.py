"""Activations with Lipschitz constant at most 1; each gives its value and its slope, with gradients through both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError

MAX_SLOPE_OF_SWISH = 1.1  # Chen et al. (2019): the slope of Swish stays below it for every beta.
_MAX_SLOPE_OF_MISH = 1.0885  # The slope of Mish is at most 1.088498, where beta x = 1.4906.


def lip_swish(x: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    r"""LipSwish and its derivative.

    .. math::
        h(x) = \frac{x\, \sigma(\beta x)}{1.1}, \qquad
        h'(x) = \frac{\sigma(\beta x)\,(1 + \beta x\,(1 - \sigma(\beta x)))}{1.1}

    Arguments:
        x: Pre-activations, any shape.
        beta: Positive sharpness, broadcastable to `x`.

    Returns:
        h, derivative: Both of the shape of `x`.

    Source:
        Chen et al., Residual Flows for Invertible Generative Modeling (2019).
    """
    return _LipSwish.apply(x, beta)


class _LipSwish(torch.autograd.Function):
    """The sigmoid is taken once for value, slope and both gradients."""

    @staticmethod
    def forward(ctx, x, beta):
        scaled = beta * x
        gate = torch.sigmoid(scaled)
        value = (x * gate).div_(MAX_SLOPE_OF_SWISH)
        rest = 1 - gate
        slope = torch.addcmul(gate, scaled * gate, rest).div_(MAX_SLOPE_OF_SWISH)
        ctx.save_for_backward(x, beta, scaled, gate, slope)
        return value, slope

    @staticmethod
    def backward(ctx, grad_value, grad_slope):
        x, beta, scaled, gate, slope = ctx.saved_tensors
        bell = gate * (1 - gate) / MAX_SLOPE_OF_SWISH
        # d h' / d(beta x): the derivative of sigma + t sigma (1 - sigma) in t = beta x.
        bend = bell * (2 + scaled * (1 - 2 * gate))
        weighted = grad_slope * bend
        grad_x = torch.addcmul(beta * weighted, grad_value, slope)
        grad_beta = None
        if ctx.needs_input_grad[1]:
            grad_beta = (x * torch.addcmul(weighted, grad_value * x, bell)).sum_to_size(beta.shape)
        return grad_x, grad_beta


def lip_mish(x: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    r"""LipMish and its derivative.

    .. math::
        h(x) = \frac{x \tanh(\operatorname{softplus}(\beta x))}{1.0885}, \qquad
        h'(x) = \frac{T + \beta x\, \sigma(\beta x)\,(1 - T^2)}{1.0885}, \quad
        T = \tanh(\operatorname{softplus}(\beta x))

    Arguments:
        x: Pre-activations, any shape.
        beta: Positive sharpness, broadcastable to `x`.

    Returns:
        h, derivative: Both of the shape of `x`.

    Source:
        Misra, Mish (2019); Mouton & Kroon, Graphical Residual Flows (2022).
    """
    scaled = beta * x
    gate = torch.tanh(torch.nn.functional.softplus(scaled))
    slope = gate + scaled * torch.sigmoid(scaled) * (1 - gate.square())
    return x * gate / _MAX_SLOPE_OF_MISH, slope / _MAX_SLOPE_OF_MISH


def elu(x: Tensor) -> tuple[Tensor, Tensor]:
    """ELU, x where it is positive and exp(x) - 1 elsewhere, and its derivative, which has a kink at 0.

    Source:
        Clevert, Unterthiner & Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units (2016).
    """
    return torch.nn.functional.elu(x), x.clamp_max(0).exp()


def tanh(x: Tensor) -> tuple[Tensor, Tensor]:
    """The hyperbolic tangent and its derivative."""
    value = torch.tanh(x)
    return value, 1 - value.square()


@dataclass(frozen=True)
class Activation:
    """An activation that a flow can be built with.

    Attributes:
        function: Takes pre-activations, and the sharpness if it has one; gives value and slope.
        has_sharpness: Whether it has a sharpness, which is then learned.
    """

    function: Callable[..., tuple[Tensor, Tensor]]
    has_sharpness: bool


ACTIVATIONS = {
    "lip_swish": Activation(lip_swish, has_sharpness=True),
    "lip_mish": Activation(lip_mish, has_sharpness=True),
    "elu": Activation(elu, has_sharpness=False),
    "tanh": Activation(tanh, has_sharpness=False),
}


def activation_named(name: str) -> Activation:
    """One of :data:`ACTIVATIONS`.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in ACTIVATIONS:
        raise InputError(f"The activation {name!r} does not exist; it is one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]
