"""A linear layer that keeps only the weights of a mask."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MaskedLinear(nn.Module):
    """x -> x @ (W * mask).T + b, for one model or for replicas at once.

    Arguments:
        mask: Bool, shape ``(out, in)``.
        replicas: Leading shape R of weight and bias; a batch then has shape ``(*R, N, in)``.
        gain: Weights start uniform within ± gain / sqrt(inputs kept).
        bias: Whether there is a b.
    """

    decays, shared = ("weight",), ("mask",)

    def __init__(self, mask: Tensor, replicas: tuple[int, ...] = (), gain: float = 1.0, bias: bool = True):
        super().__init__()
        fan_in = mask.sum(dim=1, keepdim=True).clamp_min(1)
        self.register_buffer("mask", mask.to(torch.get_default_dtype()))
        self.weight = nn.Parameter((2 * torch.rand(*replicas, *mask.shape) - 1) * gain / fan_in.sqrt() * mask)
        self.bias = nn.Parameter(torch.zeros(*replicas, 1, mask.shape[0])) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(*R, N, in)`` to ``(*R, N, out)``."""
        product = x @ (self.weight * self.mask).mT
        return product if self.bias is None else product + self.bias
