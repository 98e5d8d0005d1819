"""What a set of data says of a mixture at a glance: its most probable parameters and how well they are known.

The expectation-maximization algorithm runs for many sets at once. What it finds does not depend on the order of the
data, and means the same for any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.models.gaussian_mixture import GaussianMixture

_STARTS = 4  # of the algorithm; the components' first means are at quantiles of the data
_ROUNDS, _LAST_ROUNDS = 10, 30  # from each start, and from the best of them
_FAR, _MOST = 1.0, 8.0  # a mode is another one from here on, and no feature is larger
_AT_ONCE = 1024  # sets


@dataclass(frozen=True)
class SetFeatures:
    """Of S sets.

    Attributes:
        center: The most probable coordinates, shape ``(S, G)``.
        information: How sharply they are known: the matrix of second moments of the scores, and the prior's precision;
            shape ``(S, G, G)``.
        other: Of all modes found that are apart from the first the most probable one, shape ``(S, G)``, or the first.
        lead: How much more probable the first is, shape ``(S,)``, nats.
    """

    center: Tensor
    information: Tensor
    other: Tensor
    lead: Tensor


def features_of(model: GaussianMixture, x: Tensor) -> SetFeatures:
    """Features of sets of data, shape ``(S, N)``."""
    precision = _prior_precision(model).to(x)
    parts = [_features(model, part, precision) for part in x.split(_AT_ONCE)]
    names = ("center", "information", "other", "lead")
    return SetFeatures(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def _features(model: GaussianMixture, x: Tensor, precision: Tensor) -> SetFeatures:
    modes = torch.stack([model.coordinates(*_ascend(model, x, start, _ROUNDS)) for start in _starts(model, x)])
    values = model.log_joint(modes, x)
    found = _ascend(model, x, model.parameters(_chosen(modes, values)), _LAST_ROUNDS)
    order = found[1].argsort(dim=-1)
    first = model.coordinates(*(value.gather(-1, order) for value in found))
    information = _information(model, x, first, precision)
    modes, _ = nearest(model, modes, first, information)
    away = distance(modes, first, information)
    values = values.masked_fill(away < _FAR * modes.shape[-1], -torch.inf)
    is_alone = torch.isinf(values).all(dim=0)
    other = torch.where(is_alone.unsqueeze(-1), first, _chosen(modes, values))
    lead = torch.where(is_alone, _MOST, (model.log_joint(first, x) - values.amax(dim=0)).clamp(-_MOST, _MOST))
    return SetFeatures(first, information, other, lead)


def nearest(
    model: GaussianMixture, g: Tensor, center: Tensor, information: Tensor, z: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Of all points that mean the same as g the one nearest to a center, and components z numbered as it says.

    Arguments:
        model: Says which points mean the same.
        g: Shape ``(*, S, G)``.
        center, information: Of S sets, as in :class:`SetFeatures`.
        z: Shape ``(*, S, N)``, or ``None``.
    """
    points = model.renamed(g)
    which = distance(points, center, information).argmin(dim=0)
    chosen = points.gather(0, which[None, ..., None].expand(1, *g.shape)).squeeze(0)
    if z is None:
        return chosen, None
    places = torch.tensor(model.orders).argsort(dim=-1).to(z.device)  # of the old numbers among the new ones
    return chosen, places[which].gather(-1, z)


def distance(g: Tensor, center: Tensor, information: Tensor) -> Tensor:
    """The square of the distance of points from centers, in units of their spread; shape ``(*, S)``."""
    away = (g - center).unsqueeze(-2)
    return (away @ information @ away.mT).squeeze(-1).squeeze(-1)


def _chosen(modes: Tensor, values: Tensor) -> Tensor:
    """Of each set the mode of the largest value; shape ``(S, G)``."""
    best = values.argmax(dim=0).view(1, -1, 1).expand(1, -1, modes.shape[-1])
    return modes.gather(0, best).squeeze(0)


def _starts(model: GaussianMixture, x: Tensor):
    """Parameters to begin at: components of even weight at even quantiles, or crowded at either end, or apart."""
    even = (torch.arange(model.num_components).to(x) + 0.5) / model.num_components
    for places in (even, even.square(), even.sqrt(), (torch.sin((even - 0.5) * torch.pi) + 1) / 2)[:_STARTS]:
        mean = torch.quantile(x, places, dim=-1).T
        scale = x.std(dim=-1, keepdim=True).clamp_min(1e-3) / model.num_components
        yield torch.zeros_like(mean).log_softmax(dim=-1), mean, (-2 * scale.log()).expand_as(mean)


def _ascend(model: GaussianMixture, x: Tensor, parameters: tuple, num_rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rounds of expectation and maximization from parameters ``(S, K)``."""
    powers = torch.stack([torch.ones_like(x), x, x.square()], dim=-2)
    log_weights, mean, log_precision = parameters
    for _ in range(num_rounds):
        precision = log_precision.exp()
        constant = log_weights + 0.5 * (log_precision - precision * mean.square())
        terms = torch.stack([constant, precision * mean, -0.5 * precision], dim=-1) @ powers
        count, first, second = (terms.softmax(dim=-2) @ powers.mT).unbind(-1)
        whole = x.shape[-1] + model.num_components * model.concentration
        log_weights = ((count + model.concentration) / whole).log()
        mean = precision * first / (precision * count + model.mean_scale**-2)
        away = (second - 2 * mean * first + mean.square() * count).clamp_min(0)
        log_precision = ((model.shape + count / 2) / (model.rate + away / 2)).log()
    return log_weights, mean, log_precision


def _information(model: GaussianMixture, x: Tensor, g: Tensor, precision: Tensor) -> Tensor:
    """Second moments of the scores, the gradients of each datum's log density at g, and the prior's precision."""
    log_weights, mean, log_precision = (value.unsqueeze(-2) for value in model.parameters(g))
    share = model.log_terms(g, x).softmax(dim=-1)
    away = x.unsqueeze(-1) - mean
    slope = away * log_precision.exp()
    by_weights = (share - log_weights.exp())[..., :-1]
    scores = torch.cat([by_weights, share * slope, 0.5 * share * (1 - slope * away)], dim=-1)
    return scores.mT @ scores + precision


def _prior_precision(model: GaussianMixture) -> Tensor:
    """That of each coordinate by itself, from draws."""
    return torch.diag(1 / model.draw(10_000, 1, torch.Generator().manual_seed(0))[2].var(dim=0))
