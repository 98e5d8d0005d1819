"""A Gaussian decoder whose outputs see only their parents."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sirenvae.nets.masked_linear import MaskedLinear
from sirenvae.nets.set_rule import decoder_masks


class GaussianDecoder(nn.Module):
    r"""Independent normals around a masked linear part plus a masked network.

    .. math::
        x_i \sim N\left(a_i^\top v_{\mathrm{pa}(i)} + f_i(v_{\mathrm{pa}(i)}),\ \text{floor}^2 + e^{2 s_i}\right)

    The standard deviation is one constant per output; the floor keeps it from collapsing while the posterior is still
    poor. In the paper the network puts out the logarithms of the standard deviations too, and there is no linear part
    and no floor.

    Arguments:
        adjacency: Bool, shape ``(D, M)``: which of M inputs each output sees.
        hidden_features: Hidden units; by default two for each output.
        replicas: Leading shape R.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), eqs. (4) and (5), and section 2.2 for its masks.
    """

    def __init__(self, adjacency: Tensor, hidden_features: int | None = None, replicas: tuple[int, ...] = ()):
        super().__init__()
        hidden_features = 2 * len(adjacency) if hidden_features is None else hidden_features
        first, second = decoder_masks(adjacency, hidden_features)
        self.linear = MaskedLinear(adjacency, replicas, bias=False)
        self.hidden = MaskedLinear(first, replicas)
        self.output = MaskedLinear(second, replicas, gain=0.1)
        self.log_scale = nn.Parameter(torch.full((*replicas, 1, len(adjacency)), -0.5))
        self.register_buffer("noise_floor", torch.full((*replicas, 1, 1), 0.1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Means, shape ``(*R, N, D)``, for inputs ``(*R, N, M)``."""
        return self.linear(inputs) + self.output(nn.functional.silu(self.hidden(inputs)))

    def scale(self) -> Tensor:
        """Standard deviations, shape ``(*R, 1, D)``."""
        return torch.sqrt(self.noise_floor.square() + torch.exp(2 * self.log_scale))

    def log_prob(self, x: Tensor, inputs: Tensor) -> Tensor:
        """Log density of x, shape ``(*R, N)``, in nats."""
        scale = self.scale()
        deviation = (x - self(inputs)) / scale
        per_output = -0.5 * deviation.square() - scale.log() - 0.5 * math.log(2 * math.pi)
        return per_output.sum(dim=-1)
