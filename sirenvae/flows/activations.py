"""LipSwish: a smooth activation with Lipschitz constant at most 1."""

from __future__ import annotations

import torch
from torch import Tensor

_MAX_SLOPE_OF_SWISH = 1.1  # Chen et al. (2019): the slope of Swish stays below it for every beta.


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
        value = x * gate / _MAX_SLOPE_OF_SWISH
        rest = 1 - gate
        slope = torch.addcmul(gate, scaled * gate, rest) / _MAX_SLOPE_OF_SWISH
        ctx.save_for_backward(x, beta, scaled, gate, slope)
        return value, slope

    @staticmethod
    def backward(ctx, grad_value, grad_slope):
        x, beta, scaled, gate, slope = ctx.saved_tensors
        bell = gate * (1 - gate) / _MAX_SLOPE_OF_SWISH
        # d h' / d(beta x): the derivative of sigma + t sigma (1 - sigma) in t = beta x.
        bend = bell * (2 + scaled * (1 - 2 * gate))
        weighted = grad_slope * bend
        grad_x = torch.addcmul(beta * weighted, grad_value, slope)
        grad_beta = None
        if ctx.needs_input_grad[1]:
            grad_beta = (x * torch.addcmul(weighted, grad_value * x, bell)).sum_to_size(beta.shape)
        return grad_x, grad_beta
