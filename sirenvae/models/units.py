"""Standard units of the data: where each column has its zero and what is one of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError

_FEWEST_STEPS = 8  # Steps between neighbouring numbers that a column's deviation must have, to be more than rounding.


class KeepsDigits(nn.Module):
    """A module whose buffers stay in float64 whatever the model's weights are in: raw units need their digits."""

    def _apply(self, fn, recurse=True):
        return super()._apply(lambda value: value.to(fn(value).device), recurse)


class Units(KeepsDigits):
    """Location and scale of every column of the data, float64.

    A number near 1e9 that varies by 1 has no digits left in float32; so raw values are float64, and what a model sees
    of them are standard units in the precision of its weights.

    Arguments:
        names: Of the columns.
        replicas: Leading shape R.

    Attributes:
        location, scale: Shape ``(*R, 1, D)``.
    """

    def __init__(self, names: Sequence, replicas: tuple[int, ...] = ()):
        super().__init__()
        self._names = tuple(names)
        self.register_buffer("location", torch.zeros(*replicas, 1, len(self._names), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(*replicas, 1, len(self._names), dtype=torch.float64))

    @torch.no_grad()
    def fit(self, x: Tensor | Sequence[Tensor]) -> None:
        """Take them from data.

        Arguments:
            x: Float64, shape ``(N, D)`` or ``(*R, N, D)``, or one ``(N_e, D)`` for each replica.

        Raises:
            InputError: As :func:`location_and_scale`.
        """
        parts = [x] if isinstance(x, Tensor) else x
        found = [location_and_scale(part, self._names) for part in parts]
        for into, values in zip((self.location, self.scale), zip(*found, strict=True), strict=True):
            into.copy_(values[0] if isinstance(x, Tensor) else torch.stack(values).reshape(into.shape))

    def standard(self, x: Tensor, replica: int | None = None) -> Tensor:
        """Raw values in standard units, of all replicas or of one of them; float64."""
        location, scale = self.location, self.scale
        if replica is not None:
            location, scale = (value.reshape(-1, 1, len(self._names))[replica] for value in (location, scale))
        return (x - location) / scale

    def raw(self, values: Tensor) -> Tensor:
        """Standard units as raw values, float64."""
        return values * self.scale + self.location

    def log_volume(self) -> Tensor:
        """Log of the raw volume of one standard unit of volume, shape ``(*R, 1)``, nats; densities differ by it."""
        return self.scale.log().sum(dim=-1)


def location_and_scale(x: Tensor, names: Sequence, correction: int = 1) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of columns, wherever their zero is and whatever their unit.

    Deviations are counted from the first row and in units of the largest, so that no digit is lost to a large mean and
    no square overflows or vanishes.

    Arguments:
        x: Shape ``(*, N, D)``, float64.
        names: Of the columns.
        correction: What is taken off N in the variance.

    Returns:
        location, scale: Shape ``(*, 1, D)`` each.

    Raises:
        InputError: If there are fewer than two points, or a column does not vary by more than the rounding of its
            numbers.
    """
    if x.shape[-2] < 2:
        raise InputError(f"Training needs at least 2 points, but {x.shape[-2]} came.")
    first, largest = x[..., :1, :], x.abs().amax(dim=-2, keepdim=True)
    away = x - first
    unit = away.abs().amax(dim=-2, keepdim=True)
    away = away / torch.where(unit > 0, unit, 1.0)
    location = first + unit * away.mean(dim=-2, keepdim=True)
    scale = unit * away.std(dim=-2, keepdim=True, correction=correction)
    single = (x == x.float()).all(dim=-2, keepdim=True)  # perhaps they were float32 before they came here
    step = torch.where(single, torch.finfo(torch.float32).eps, torch.finfo(torch.float64).eps) * largest
    still = (scale <= _FEWEST_STEPS * step) | ~torch.isfinite(scale)
    if still.any():
        flat = still.expand(*x.shape[:-2], 1, x.shape[-1]).flatten(0, -2).any(dim=0)
        _refuse([names[i] for i in flat.nonzero().flatten().tolist()], scale, flat, single)
    return location, scale


def _refuse(names: Sequence, scale: Tensor, still: Tensor, single: Tensor) -> None:
    listed = ", ".join(map(str, names))
    deviations = scale.reshape(-1, scale.shape[-1])[:, still]
    if not torch.isfinite(deviations).all():
        raise InputError(f"The values of {listed} differ by more than a float64 number can hold; use larger units.")
    if (deviations == 0).all():
        raise InputError(f"Every observed variable must vary in the training data, but {listed} is constant.")
    kind = "float32" if single.reshape(-1, single.shape[-1])[:, still].all() else "float64"
    raise InputError(
        f"Every observed variable must vary in the training data, but {listed} varies by no more than the rounding of "
        f"{kind} numbers of its size; subtract its mean before it is rounded to {kind}, or bring more digits."
    )
