"""The factor that the copies of a mixture's component share."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from sirenvae.graphs import SharedFactor
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.nets.masked_linear import MaskedLinear

Z, X = "z", "x"  # the variables of the plate
_OUTPUT_GAIN = 0.1


class DatumFactor(nn.Module):
    """A categorical factor that all copies of z share, from what each sees.

    What a copy has of its own are the residuals of its datum in each component, their squares, log precisions and log
    weights. Where copies look at other data or components too, each of these has weights of its own into the first
    hidden layer.

    Arguments:
        model: The mixture.
        factor: Which copies, and their parents.
        num_data: N.
        width: Of each of two hidden layers.
        replicas: Leading shape R.
    """

    decays = ("from_x", "from_z")

    def __init__(self, model: GaussianMixture, factor: SharedFactor, num_data: int, width: int, replicas: tuple):
        super().__init__()
        self.factor, k = factor, model.num_components
        self.x_form, self.z_form = factor.parents.get(X, ()), factor.parents.get(Z, ())
        full = partial(torch.ones, dtype=torch.bool)
        self.first, self.second = MaskedLinear(full(width, 4 * k), replicas), MaskedLinear(full(width, width), replicas)
        self.output = MaskedLinear(full(k, width), replicas, gain=_OUTPUT_GAIN)
        self.linear = MaskedLinear(full(k, 4 * k), replicas, gain=0.0, bias=False)
        looks_far = {"from_x": (self.x_form not in ("i", ()), 1), "from_z": (self.z_form != (), k)}
        for name, (looks, features) in looks_far.items():
            shape = (*replicas, num_data, features, width)
            weight = nn.Parameter((2 * torch.rand(shape) - 1) / num_data**0.5) if looks else None
            self.register_parameter(name, weight)

    def forward(self, own: Tensor, x: Tensor, z: Tensor) -> Tensor:
        """Logits ``(*R, B, N, K)`` of all data, of which those of `factor.copies` are meant.

        Arguments:
            own: Shape ``(*R, B, N, 4 K)``.
            x: Data in units of their spread, shape ``(*R, B, N, 1)``.
            z: Components as ones among zeros, shape ``(*R, B, N, K)``.
        """
        rows, flat = own.shape[-3:-1], own.flatten(-3, -2)
        units = self.first(flat).unflatten(-2, rows)
        for values, weight, form in ((x, self.from_x, self.x_form), (z, self.from_z, self.z_form)):
            if weight is not None:
                units = units + _gathered((values.transpose(-3, -2) @ weight).transpose(-3, -2), form)
        units = nn.functional.elu(self.second(nn.functional.elu(units).flatten(-3, -2)))
        return (self.output(units) + self.linear(flat)).unflatten(-2, rows)

    def num_active(self) -> int:
        """Weights of a replica, biases left out."""
        dense = sum(int(layer.mask.sum()) for layer in (self.first, self.second, self.output, self.linear))
        far = [weight.shape[-3:].numel() for weight in (self.from_x, self.from_z) if weight is not None]
        return dense + sum(far)


def _gathered(sent: Tensor, form: str | tuple[int, ...]) -> Tensor:
    """What each copy hears of what all send, shape ``(*, N, H)``; sums over the copies that a form means."""
    if form in ("all", "!=i"):
        total = sent.sum(dim=-2, keepdim=True)
        return total if form == "all" else total - sent
    if form in ("<=i", "<i"):
        before = sent.cumsum(dim=-2)
        return before if form == "<=i" else before - sent
    if form in (">=i", ">i"):
        after = sent.flip(-2).cumsum(dim=-2).flip(-2)
        return after if form == ">=i" else after - sent
    return sent[..., list(form), :].sum(dim=-2, keepdim=True)
