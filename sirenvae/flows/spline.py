r"""Monotone rational-quadratic splines of one variable, each with parameters of its own.

Between two knots :math:`(x_k, y_k)` and :math:`(x_{k+1}, y_{k+1})` with slopes :math:`d_k, d_{k+1}`, width w, height h
and :math:`s = h / w`, at :math:`t = (x - x_k) / w`:

.. math::
    y = y_k + \frac{h\,(s t^2 + d_k\, t (1 - t))}{s + (d_{k+1} + d_k - 2 s)\, t (1 - t)}, \qquad
    \frac{dy}{dx} = \frac{s^2 (d_{k+1} t^2 + 2 s\, t (1 - t) + d_k (1 - t)^2)}
    {\left(s + (d_{k+1} + d_k - 2 s)\, t (1 - t)\right)^2}

Source:
    Durkan et al., Neural Spline Flows (2019), section 3.1 and appendix A; Gregory & Delbourgo, Piecewise Rational
    Quadratic Interpolation to Monotonic Data (1982).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.transforms import Transform

from sirenvae.errors import InputError

_LEAST_SHARE = 1e-3  # Of a bin in the interval.
_LEAST_SLOPE = 1e-3
_MOST = 15.0  # Beyond it a bin is as narrow as it may be in any case.
_SLOPE_ONE = math.log(math.expm1(1 - _LEAST_SLOPE))  # Where a parameter of zero gives the slope 1.


class _Bin(NamedTuple):
    """The piece of a spline that a value lies in, and the slopes of the spline at its ends."""

    left: Tensor
    width: Tensor
    bottom: Tensor
    height: Tensor
    slope_left: Tensor
    slope_right: Tensor


class RationalQuadraticSpline(Transform):
    """A smooth increasing map of the real line onto itself: a spline between -bound and bound, the identity outside.

    Both directions are closed formulas. With all parameters zero it is the identity.

    Arguments:
        parameters: Shape ``(*, 3 B - 1)`` for B bins: B numbers for the widths of bins, B for their heights, B - 1 for
            the slopes at the knots between them; any real numbers.
        bound: Where the tails begin.

    Raises:
        InputError: If the number of parameters is not 3 B - 1 for at least 2 bins.

    Example:
        >>> spline = RationalQuadraticSpline(torch.zeros(11))
        >>> bool(torch.allclose(spline(torch.tensor([-7.0, 0.3])), torch.tensor([-7.0, 0.3])))
        True
    """

    domain = codomain = constraints.real
    bijective = True
    sign = +1

    def __init__(self, parameters: Tensor, bound: float = 4.0):
        super().__init__()
        count = parameters.shape[-1]
        if count < 5 or (count + 1) % 3:
            raise InputError(f"A spline of B bins, at least 2, has 3 B - 1 parameters, but {count} came.")
        num_bins = (count + 1) // 3
        sizes, slopes = parameters.split([2 * num_bins, num_bins - 1], dim=-1)
        inner = _LEAST_SLOPE + torch.nn.functional.softplus(slopes + _SLOPE_ONE)
        self.bound = bound
        knots = _knots(sizes.unflatten(-1, (2, num_bins)), bound)
        self._table = torch.cat([knots, torch.nn.functional.pad(inner, (1, 1), value=1.0).unsqueeze(-2)], dim=-2)

    def forward_and_log_slope(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The value of the spline at x and the log of its slope there, both of the shape of x."""
        inside, safe = x.abs() < self.bound, x.clamp(-self.bound, self.bound)
        part = self._bin(safe, 0)
        share = (safe - part.left) / part.width
        y = part.bottom + part.height * _height_reached(part, share)
        return torch.where(inside, y, x), torch.where(inside, _log_slope(part, share), 0.0)

    def inverse_and_log_slope(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Where the spline has the value y, and the log of the slope *of the inverse* there."""
        inside, safe = y.abs() < self.bound, y.clamp(-self.bound, self.bound)
        part = self._bin(safe, 1)
        share = _share_at(part, safe - part.bottom)
        x = part.left + part.width * share
        return torch.where(inside, x, y), torch.where(inside, -_log_slope(part, share), 0.0)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.forward_and_log_slope(x)[1]

    def _call(self, x: Tensor) -> Tensor:
        return self.forward_and_log_slope(x)[0]

    def _inverse(self, y: Tensor) -> Tensor:
        return self.inverse_and_log_slope(y)[0]

    def _bin(self, values: Tensor, axis: int) -> _Bin:
        """The piece whose knots, of x (axis 0) or of y (axis 1), the values lie between."""
        first = (values.unsqueeze(-1) >= self._table[..., axis, 1:-1]).sum(dim=-1)
        both = torch.stack([first, first + 1], dim=-1).unsqueeze(-2).expand(*values.shape, 3, 2)
        ends = self._table.expand(*values.shape, *self._table.shape[-2:]).gather(-1, both)
        (left, right), (bottom, top), slopes = (end.unbind(-1) for end in ends.unbind(-2))
        return _Bin(left, right - left, bottom, top - bottom, *slopes)


def _knots(sizes: Tensor, bound: float) -> Tensor:
    """From any numbers to increasing knots, the first at -bound, the last at bound."""
    weights = sizes.clamp(-_MOST, _MOST).exp()  # softmax, which is slow along a short axis
    shares = _LEAST_SHARE + (1 - _LEAST_SHARE * sizes.shape[-1]) * weights / weights.sum(dim=-1, keepdim=True)
    inner = 2 * bound * shares[..., :-1].cumsum(dim=-1) - bound
    ends = inner.new_full((*inner.shape[:-1], 1), bound)
    return torch.cat([-ends, inner, ends], dim=-1)


def _height_reached(part: _Bin, t: Tensor) -> Tensor:
    """The share of a bin's height at a share t of its width."""
    steepness, both = part.height / part.width, t * (1 - t)
    return (steepness * t.square() + part.slope_left * both) / _denominator(part, steepness, both)


def _log_slope(part: _Bin, t: Tensor) -> Tensor:
    steepness, both = part.height / part.width, t * (1 - t)
    above = part.slope_right * t.square() + 2 * steepness * both + part.slope_left * (1 - t).square()
    return 2 * steepness.log() + above.log() - 2 * _denominator(part, steepness, both).log()


def _denominator(part: _Bin, steepness: Tensor, both: Tensor) -> Tensor:
    return steepness + (part.slope_right + part.slope_left - 2 * steepness) * both


def _share_at(part: _Bin, above: Tensor) -> Tensor:
    """The share of a bin's width where the spline is that much above its bottom: the root of a quadratic in [0, 1]."""
    steepness = part.height / part.width
    excess = above * (part.slope_right + part.slope_left - 2 * steepness)
    a = part.height * (steepness - part.slope_left) + excess
    b = part.height * part.slope_left - excess
    c = -steepness * above
    return 2 * c / (-b - (b.square() - 4 * a * c).clamp_min(0).sqrt())
