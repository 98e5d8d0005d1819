"""A Bayesian mixture's evidence: by a learnt proposal, and by one that adapts itself and learns nothing from others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_features import features_of, nearest
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.objectives.iwae import bound_from_sums, ess_from_sums, log_sums
from sirenvae.truth.weighted import WeightedDraws

_TAIL = 5.0  # degrees of freedom of the adaptive proposal
_ROUNDS, _LAST = 5, 3  # of adaptation, and how many times more draws the last one has
_AT_ONCE = 500  # draws of every set
_DOUBT = 0.05  # share of the draws that stays with the prior's precision


@torch.no_grad()
def mixture_importance(
    q: MixtureInference,
    x: Tensor,
    num_samples: int = 1000,
    generator: torch.Generator | None = None,
    *,
    components: bool = True,
) -> WeightedDraws:
    r"""Correct an inference network of a mixture by importance sampling.

    The components are numbered as the most probable ones are; draws that would have to be numbered in another way have
    no weight, and the density of those that are left is K! times the prior's.

    Arguments:
        q: Without replicas, of an inverse that draws phi and theta from the data.
        x: Sets of data, shape ``(S, N)``; any N where the network serves any.
        num_samples: At least 2.
        generator: Source of randomness; ``None`` is torch's own.
        components: Whether the components of data are drawn too and count in the weights; else they are summed out, and
            the weights say of phi and theta alone how near q is.

    Returns:
        The draws; z there is phi and theta, shape ``(num_samples, S, 3 K - 1)``.

    Raises:
        InputError: If the inference network has replicas, or there are too few samples.
    """
    if num_samples < 2:
        raise InputError(f"An error needs at least 2 samples, but {num_samples} came.")
    if q.replicas:
        raise InputError(f"One inference network proposes, but one with replicas {q.replicas} came; take q.replica(i).")
    model, sets = q.model, MixtureSets.of_data(q.model, x)
    precise, information = x.double(), torch.linalg.inv(sets.covariance.double())
    drawn, log_weights = [], []
    for _ in range(num_samples):
        if components:
            now = q.drawn(sets, generator)
            log_q, z = q.log_prob(now), now.z.long()
        else:
            now, z = replace(sets, g=q.sample_g(sets, generator)), None
            with q.asked():
                log_q = q.log_prob_of_g(now)
        g = now.g.double()
        is_named = (nearest(model, g, sets.center.double(), information)[0] - g).abs().amax(dim=-1) < 1e-6
        log_weight = model.log_joint(g, precise, z) - log_q.double()
        log_weights.append(log_weight.masked_fill(~is_named, -torch.inf) + math.lgamma(model.num_components + 1))
        drawn.append(g)
    return _weighted(torch.stack(drawn), torch.stack(log_weights))


@torch.no_grad()
def adaptive_evidence(
    model: GaussianMixture, x: Tensor, num_samples: int = 2000, generator: torch.Generator | None = None
) -> WeightedDraws:
    """Estimate a mixture's evidence without any learnt network.

    The components of data are summed out. What is left is sampled from two Student distributions around the two most
    probable points found, which adapt to their own weighted draws for some rounds; the last round alone, with three
    times as many draws, makes the estimate. A point is one of K! that mean the same, and every draw counts for that
    which is nearest to the center, so the proposal's density is summed over all of them.

    Arguments:
        model: The mixture.
        x: Sets of data, shape ``(S, N)``.
        num_samples: Draws of a round.
        generator: Source of randomness; ``None`` is torch's own.

    Source:
        Cappé, Douc, Guillin, Marin & Robert, Adaptive Importance Sampling in General Mixture Classes (2008).
    """
    x = x.double()
    found = features_of(model, x)
    center = torch.stack([found.center, found.other])
    covariance = torch.linalg.inv(found.information).expand(2, -1, -1, -1)
    least = _DOUBT**2 * torch.diag_embed(torch.diagonal(covariance, dim1=-2, dim2=-1))
    share = x.new_full((2, len(x)), 0.5)
    for number in range(_ROUNDS + 1):
        count = num_samples * (_LAST if number == _ROUNDS else 1)
        parts = _Students(center, torch.linalg.cholesky(covariance), share)
        g = parts.sample(count, generator)
        log_density = torch.stack([parts.log_parts(one).logsumexp(dim=0) for one in model.renamed(g)]).logsumexp(dim=0)
        log_joint = torch.cat([model.log_joint(part, x) for part in g.split(_AT_ONCE)])
        log_weights = log_joint - log_density + math.lgamma(model.num_components + 1)
        if number < _ROUNDS:
            center, covariance, share = _adapted(g, log_weights, parts.log_parts(g), least)
    return _weighted(g, log_weights)


@dataclass(frozen=True)
class _Students:
    """Two Student distributions for each of S sets: centers ``(2, S, G)``, Cholesky factors, shares ``(2, S)``."""

    center: Tensor
    triangle: Tensor
    share: Tensor

    def sample(self, count: int, generator: torch.Generator | None) -> Tensor:
        """Draws, shape ``(count, S, G)``."""
        num_sets, size = self.center.shape[1:]
        chosen = torch.multinomial(self.share.T, count, replacement=True, generator=generator).T
        own = torch.arange(num_sets).expand_as(chosen)
        normal = torch.randn(count, num_sets, size, 1, generator=generator, dtype=self.center.dtype)
        half = torch.full((count, num_sets, 1), _TAIL / 2, dtype=normal.dtype)
        widths = (half / torch._standard_gamma(half, generator=generator)).sqrt()
        return self.center[chosen, own] + widths * (self.triangle[chosen, own] @ normal).squeeze(-1)

    def log_parts(self, g: Tensor) -> Tensor:
        """Log of share times density of each, shape ``(2, count, S)``."""
        size, found = g.shape[-1], []
        constant = math.lgamma((_TAIL + size) / 2) - math.lgamma(_TAIL / 2) - size / 2 * math.log(_TAIL * math.pi)
        for center, triangle, share in zip(self.center, self.triangle, self.share, strict=True):
            away = torch.linalg.solve_triangular(triangle, (g - center).movedim(0, -1), upper=False)
            log_volume = torch.diagonal(triangle, dim1=-2, dim2=-1).log().sum(dim=-1)
            tail = (_TAIL + size) / 2 * torch.log1p(away.square().sum(dim=-2).T / _TAIL)
            found.append(share.log() + constant - log_volume - tail)
        return torch.stack(found)


def _adapted(g: Tensor, log_weights: Tensor, log_parts: Tensor, least: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centers, covariances and shares of the weighted draws that each of two distributions answers for."""
    weights = log_weights.softmax(dim=0) * log_parts.softmax(dim=0)
    share = weights.sum(dim=1).clamp_min(_DOUBT)
    weights = weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-300)
    center = (weights.unsqueeze(-1) * g).sum(dim=1)
    away = g - center.unsqueeze(1)
    covariance = torch.einsum("pcs,pcsi,pcsj->psij", weights, away, away)
    return center, covariance + least, share / share.sum(dim=0)


def _weighted(z: Tensor, log_weights: Tensor) -> WeightedDraws:
    count, sums = len(log_weights), log_sums(log_weights)
    size = ess_from_sums(sums)
    error = (1 / size - 1 / count).clamp_min(0).sqrt()
    return WeightedDraws(bound_from_sums(sums, count), error, size, z, log_weights)
