"""A small network whose input blocks have gates: what is shut leaves nothing, no bias either."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sirenvae.nets.masked_linear import MaskedLinear

_OUTPUT_GAIN = 0.1


class GatedNet(nn.Module):
    r"""From P blocks of F values, each with a gate, to some numbers.

    .. math::
        f(v, c) = W_2\, \mathrm{elu}\left(W_1 (c \odot v) + o\, b_1\right) + o\, b_2, \qquad
        o = 1 - \prod_{p=1}^{P} (1 - c_p)

    With all gates shut it is zero, whatever its weights are.

    Arguments:
        num_blocks, block_features: P and F.
        hidden_features: Hidden units.
        out_features: How many numbers.
        replicas: Leading shape R of all weights.
    """

    def __init__(
        self, num_blocks: int, block_features: int, hidden_features: int, out_features: int, replicas: tuple = ()
    ):
        super().__init__()
        size = num_blocks * block_features
        self.block_features = block_features
        self.first = MaskedLinear(torch.ones(hidden_features, size).bool(), replicas, bias=False)
        self.second = MaskedLinear(torch.ones(out_features, hidden_features).bool(), replicas, _OUTPUT_GAIN, bias=False)
        self.first_bias = nn.Parameter(torch.zeros(*replicas, 1, hidden_features))
        self.second_bias = nn.Parameter(torch.zeros(*replicas, 1, out_features))

    def forward(self, values: Tensor, gates: Tensor) -> Tensor:
        """Shapes ``(*R, N, P F)`` and ``(*R, 1, P)`` to ``(*R, N, out)``."""
        is_open = 1 - torch.prod(1 - gates, dim=-1, keepdim=True)
        seen = values * gates.repeat_interleave(self.block_features, dim=-1)
        units = nn.functional.elu(self.first(seen) + is_open * self.first_bias)
        return self.second(units) + is_open * self.second_bias
