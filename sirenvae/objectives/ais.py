"""Annealed importance sampling with Hamiltonian transitions, from two log densities alone; in nats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]

_ACCEPTED = 0.75  # what a pilot aims at
_PATIENCE = 0.3  # how fast it follows: the factor of a step is exp(_PATIENCE * (acceptance - _ACCEPTED))
_JITTER = 0.2  # a step is drawn within so much of its size, so that no orbit closes


@dataclass(frozen=True, eq=False)
class Annealed:
    """Chains after one temperature.

    Attributes:
        temperature: beta, between 0 (where chains start) and 1 (the target).
        log_weights: Of each chain so far, shape ``(*)``, nats: the mean of their exponentials estimates the ratio of
            the two normalizing constants at this temperature.
        log_ratio: log f_1 - log f_0 where the chains are, shape ``(*)``.
        acceptance: Share of proposals that were taken here.
        step_size: Of the leapfrog steps here.
        z: Where the chains are, shape ``(*, K)``.
    """

    temperature: float
    log_weights: Tensor
    log_ratio: Tensor
    acceptance: float
    step_size: float
    z: Tensor


@dataclass(frozen=True, eq=False)
class Moves:
    r"""The path of chains and their moves along it, fixed before those begin that count.

    A move at temperature beta has the mass matrix :math:`(1 - \beta) P_0 + \beta P_1`, which is the precision of the
    path's density where both ends are normal.

    Attributes:
        temperatures: beta_0 to beta_T, from 0 to 1.
        step_sizes: Of the leapfrog steps at beta_1 to beta_T. A number instead is the first one of a *pilot*, whose
            step follows the acceptance of its own chains: what it finds serves others, its weights are biased.
        start_precision, target_precision: P_0 and P_1, shape ``(*R, K, K)``.
        num_leapfrog: Leapfrog steps of a move.
    """

    temperatures: Sequence[float]
    step_sizes: Sequence[float] | float
    start_precision: Tensor
    target_precision: Tensor
    num_leapfrog: int = 2

    @property
    def is_pilot(self) -> bool:
        """Whether the steps are still looked for."""
        return isinstance(self.step_sizes, float)

    def root(self, temperature: float) -> Tensor:
        """A with A A' the inverse of the mass matrix, shape ``(*R, K, K)``."""
        mass = self.start_precision + temperature * (self.target_precision - self.start_precision)
        factor = torch.linalg.cholesky(mass)
        return torch.linalg.solve_triangular(factor, torch.eye(mass.shape[-1]).to(mass), upper=False).mT


def precision(z: Tensor) -> Tensor:
    """The inverse of the mean covariance of groups of draws, shape ``(*R, K, K)`` for ``(C, *R, N, K)``.

    N groups of C draws each; the less there are, the more it is drawn to its diagonal.
    """
    apart = (z - z.mean(dim=0)).movedim(0, -2).flatten(-3, -2)
    freedom, size = max(1, (len(z) - 1) * z.shape[-2]), z.shape[-1]
    covariance = apart.mT @ apart / freedom
    kept = freedom / (freedom + size)
    diagonal = torch.diag_embed(covariance.diagonal(dim1=-2, dim2=-1).clamp_min(1e-12))
    return torch.linalg.inv(kept * covariance + (1 - kept) * diagonal)


class _Densities:
    r"""Log densities and their gradients at one place, of both ends of the path."""

    def __init__(self, log_start: LogDensity, log_target: LogDensity, z: Tensor):
        place = z.detach().requires_grad_()
        with torch.enable_grad():
            self.start, self.target = log_start(place), log_target(place)
            self._slopes = [torch.autograd.grad(value.sum(), place)[0] for value in (self.start, self.target)]
        self.z, self.start, self.target = z.detach(), self.start.detach(), self.target.detach()

    @property
    def log_ratio(self) -> Tensor:
        """log target - log start, shape ``(*)``."""
        return self.target - self.start

    def at(self, temperature: float) -> Tensor:
        """(1 - beta) log start + beta log target, shape ``(*)``."""
        return self.start + temperature * self.log_ratio

    def slope(self, temperature: float) -> Tensor:
        """Its gradient, shape ``(*, K)``."""
        start, target = self._slopes
        return start + temperature * (target - start)

    def where(self, chosen: Tensor, other: _Densities) -> _Densities:
        """These where `chosen`, and the other ones elsewhere."""
        found = object.__new__(_Densities)
        wide = chosen.unsqueeze(-1)
        found.z = torch.where(wide, self.z, other.z)
        found.start = torch.where(chosen, self.start, other.start)
        found.target = torch.where(chosen, self.target, other.target)
        found._slopes = [torch.where(wide, *pair) for pair in zip(self._slopes, other._slopes, strict=True)]
        return found


def anneal(
    log_start: LogDensity,
    log_target: LogDensity,
    z: Tensor,
    moves: Moves,
    *,
    back: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[Annealed]:
    r"""Carry draws of one density to another along :math:`f_\beta = f_0^{1 - \beta} f_1^\beta`.

    .. math::
        \log w = \sum_{t=1}^{T} (\beta_t - \beta_{t-1})
        \left(\log f_1(z_{t-1}) - \log f_0(z_{t-1})\right), \qquad z_t \sim T_{\beta_t}(\cdot \mid z_{t-1}),

    where :math:`T_\beta` is a Hamiltonian move that leaves :math:`f_\beta` as it is. The mean of w over chains is an
    unbiased estimate of the ratio of normalizing constants, so its logarithm a bound from below in expectation.

    Arguments:
        log_start, log_target: Log densities of z, shape ``(*R, N, K)`` to ``(*R, N)``; they need no constants.
        z: Independent draws of the start, shape ``(*R, N, K)``.
        moves: The path, and how chains move.
        back: From draws z of the target to the start: each step then moves *before* its weight changes, the same chain
            reversed.
        generator: Source of randomness; ``None`` is torch's own.

    Yields:
        The chains after each temperature.

    Source:
        Neal, Annealed Importance Sampling (2001); Hamiltonian moves as in Wu et al., On the Quantitative Analysis of
        Decoder-Based Generative Models (2017), the way back as in Grosse et al., Sandwiching the Marginal Likelihood
        Using Bidirectional Monte Carlo (2015).
    """
    path = list(pairwise(moves.temperatures))
    steps = [moves.step_sizes] * len(path) if moves.is_pilot else moves.step_sizes
    follow, here = 1.0, _Densities(log_start, log_target, z)
    log_weights = torch.zeros_like(here.start)
    for (low, high), step in list(zip(path, steps, strict=True))[:: -1 if back else 1]:
        if not back:
            log_weights = log_weights + (high - low) * here.log_ratio
        here, chance = _moved(log_start, log_target, here, high, follow * step, moves, generator)
        if back:
            log_weights = log_weights - (high - low) * here.log_ratio
        acceptance = chance.mean().item()
        yield Annealed(low if back else high, log_weights, here.log_ratio, acceptance, follow * step, here.z)
        if moves.is_pilot:
            follow *= math.exp(_PATIENCE * (acceptance - _ACCEPTED))


def _moved(log_start, log_target, here: _Densities, temperature: float, step: float, moves: Moves, generator):
    """A Hamiltonian move, and each proposal's chance of being taken."""

    def drawn(function, shape):
        return function(shape, generator=generator, dtype=here.z.dtype, device=here.z.device)

    root = moves.root(temperature)
    sizes = step * (1 + _JITTER * (2 * drawn(torch.rand, here.start.shape) - 1)).unsqueeze(-1)
    momentum = drawn(torch.randn, here.z.shape)
    there, velocity = here, momentum
    for _ in range(moves.num_leapfrog):
        velocity = velocity + 0.5 * sizes * (there.slope(temperature) @ root)
        there = _Densities(log_start, log_target, there.z + sizes * (velocity @ root.mT))
        velocity = velocity + 0.5 * sizes * (there.slope(temperature) @ root)
    energy = 0.5 * (momentum.square() - velocity.square()).sum(dim=-1)
    log_ratio = there.at(temperature) - here.at(temperature) + energy
    chance = torch.nan_to_num(log_ratio, nan=-torch.inf).clamp_max(0).exp()
    return there.where(drawn(torch.rand, chance.shape) < chance, here), chance
