"""Relaxed bits: the logit of a Concrete variable of two states, as a distribution, and draws of many in an order.

Source:
    Maddison, Mnih & Teh, The Concrete Distribution (2017), appendix B; Jang, Gu & Poole (2017).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli


class RelaxedBit(LogitRelaxedBernoulli):
    """As torch's, but its density is finite wherever the value is."""

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of a logit, nats."""
        away = self.logits - value * self.temperature
        return self.temperature.log() + away - 2 * nn.functional.softplus(away)

    def expand(self, batch_shape, _instance=None) -> RelaxedBit:
        """The same with another batch shape."""
        return super().expand(batch_shape, self._get_checked_instance(RelaxedBit, _instance))


def logistic(noise: Tensor) -> Tensor:
    """Standard normal noise as noise of the logistic distribution, elementwise: the logit of its quantile."""
    scaled = noise * math.sqrt(0.5)
    return torch.log(torch.erfc(-scaled) / torch.erfc(scaled))


class BitsInOrder(torch.autograd.Function):
    r"""Logits of relaxed bits, each of which sees those before it through one hidden layer: a MADE, drawn in one pass.

    .. math::
        h = \mathrm{elu}(a + W s), \qquad \ell = b + V h + P s, \qquad s_k = \sigma((\ell_k + \epsilon_k) / \lambda)

    where unit j sees the bits before its place, and bit k the units up to its own: bit by bit, every unit is computed
    once. The gradient goes the same way back; a graph of so many small products would take several times longer.

    Arguments:
        hidden: a, what units see of the context, shape ``(*R, N, H)``; units in the order of their places.
        output: b, the same of the bits, shape ``(*R, N, K)``.
        noise: Epsilon, shape ``(*R, N, K)``.
        to_hidden, to_output, past: W ``(*R, H, K)``, V ``(*R, K, H)``, P ``(*R, K, K)``, masked.
        ends: For each bit how many units it sees; those of bit 0 see no bit, those that come with bit k see bits 0 to
            k - 1.
        temperature: Lambda.

    Returns:
        Logits, shape ``(*R, N, K)``.
    """

    @staticmethod
    def forward(ctx, hidden, output, noise, to_hidden, to_output, past, ends, temperature):
        logits, bits = torch.empty_like(output), torch.empty_like(output)
        before, units = torch.empty_like(hidden), torch.empty_like(hidden)
        start = 0
        for k, end in enumerate(ends):
            if end > start:
                own = hidden[..., start:end] + bits[..., :k] @ to_hidden[..., start:end, :k].mT
                before[..., start:end], units[..., start:end] = own, nn.functional.elu(own)
            found = units[..., :end] @ to_output[..., k, :end].unsqueeze(-1)
            found = found + bits[..., :k] @ past[..., k, :k].unsqueeze(-1)
            logits[..., k] = output[..., k] + found.squeeze(-1)
            bits[..., k] = torch.sigmoid((logits[..., k] + noise[..., k]) / temperature)
            start = end
        before[..., start:], units[..., start:] = hidden[..., start:], 0.0  # no bit sees them
        ctx.save_for_backward(before, units, bits, to_hidden, to_output, past)
        ctx.ends, ctx.temperature = ends, temperature
        return logits

    @staticmethod
    def backward(ctx, gradient):
        before, units, bits, to_hidden, to_output, past = ctx.saved_tensors
        on_logits, on_before = gradient.clone(), torch.zeros_like(before)
        slopes = torch.where(before > 0, 1.0, before.exp())
        steepness = bits * (1 - bits) / ctx.temperature
        starts = [0, *ctx.ends[:-1]]
        for k in range(len(ctx.ends) - 1, -1, -1):
            start, end = starts[k], ctx.ends[k]
            on_bit = on_logits[..., k + 1 :] @ past[..., k + 1 :, k].unsqueeze(-1)
            on_bit = on_bit + on_before[..., end:] @ to_hidden[..., end:, k].unsqueeze(-1)
            on_logits[..., k] += on_bit.squeeze(-1) * steepness[..., k]
            if end > start:
                on_units = on_logits[..., k:] @ to_output[..., k:, start:end]
                on_before[..., start:end] = on_units * slopes[..., start:end]
        turned = on_logits.mT
        return on_before, on_logits, None, on_before.mT @ bits, turned @ units, turned @ bits, None, None
