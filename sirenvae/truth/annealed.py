"""The log evidence of a trained model by annealed importance sampling, and how far from it the estimate is.

Source:
    Neal, Annealed Importance Sampling (2001); Wu et al., On the Quantitative Analysis of Decoder-Based Generative
    Models (2017); Webb et al., Faithful Inversion of Generative Models (2018), section 4.2, which reports it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.points import Points
from sirenvae.objectives.ais import Annealed, Moves, anneal, precision
from sirenvae.objectives.iwae import bound_from_sums, ess_from_sums, log_sums

STARTS = {"posterior": 1.0, "prior": 4.0}  # and the power of t / T that a first pilot's temperatures follow
_FIRST_STEP = 0.5  # of a pilot
_PILOT_CHAINS, _PILOT_ROWS = 4, 200  # at least
_HASTE = (4, 2)  # so many times fewer temperatures than the chains that count have the first pilot and the second
_LEAST = 60  # temperatures of a pilot: with fewer its steps do not come to follow


@dataclass(frozen=True, eq=False)
class AISRecord:
    """What chains say of each of N points after one temperature.

    Attributes:
        temperature: beta; the evidence is known once it is 1.
        log_evidence: Of the density at this temperature, shape ``(*R, N)``, nats, raw units. At temperature 1 log p(x),
            in expectation from below.
        standard_error: Of it to first order, shape ``(*R, N)``.
        log_weights: Of C chains, shape ``(C, *R, N)``.
        acceptance: Share of proposals that were taken at this temperature.
        step_size: Of the leapfrog steps.
    """

    temperature: float
    log_evidence: Tensor
    standard_error: Tensor
    log_weights: Tensor
    acceptance: float
    step_size: float


class EvidenceBounds(NamedTuple):
    """Bounds of log p(x) from both sides at points that the model drew itself.

    Attributes:
        x: The points, shape ``(*R, N, D)``, raw units.
        lower, upper: Shape ``(*R, N)``, nats; in expectation below and above log p(x).
        chains_there, chains_back: What each of C chains says, log weights of those to the posterior and minus log
            weights of those back from it, shape ``(C, *R, N)``; each alone is in expectation below or above too.
    """

    x: Tensor
    lower: Tensor
    upper: Tensor
    chains_there: Tensor
    chains_back: Tensor


def ais(
    model: LatentVariableModel,
    x: Points,
    num_temperatures: int = 300,
    num_chains: int = 16,
    *,
    start: str = "posterior",
    num_leapfrog: int = 2,
    moves: Moves | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[AISRecord]:
    """Estimate log p(x) of each point by chains that go from the prior, or from q(z | x), to the posterior.

    At which temperatures, in which directions and how far they move is found by two pilots with chains of their own
    and fixed before the chains that count begin; to adapt it on the way would bias the estimate.

    Arguments:
        model: Any model with latents that are real numbers.
        x: Points in raw units, shape ``(N, D)`` or ``(*R, N, D)``.
        num_temperatures: T.
        num_chains: C, for each point.
        start: ``"posterior"``, q(z | x), or ``"prior"``.
        num_leapfrog: Leapfrog steps of a move.
        moves: Found before, see :func:`ais_moves`; ``None`` looks for them.
        generator: Source of randomness; ``None`` is torch's own.

    Returns:
        An iterator with a record for each temperature; the last one has the estimate.

    Raises:
        InputError: If a number is below 1, the moves are for other temperatures, there is no such start, or the
            points are none of the model's.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("student")
        >>> x, _ = sv.sample_network(net, 30)
        >>> model = sv.VanillaVAE(net)
        >>> model.standardize(x)
        >>> *_, last = ais(model, x, num_temperatures=20)
        >>> last.temperature, last.log_evidence.shape
        (1.0, torch.Size([30]))
    """
    path = _Path(model, model.standardized(x), num_temperatures, num_chains, start, num_leapfrog)
    if moves is not None and len(moves.temperatures) != num_temperatures + 1:
        raise InputError(
            f"There are {num_temperatures} temperatures, but moves for {len(moves.temperatures) - 1} came."
        )

    def records() -> Iterator[AISRecord]:
        chosen = path.moves(generator) if moves is None else moves
        for annealed in path.chains(num_chains, chosen, generator):
            yield path.record(annealed)

    return records()


def ais_moves(
    model: LatentVariableModel,
    x: Points,
    num_temperatures: int = 300,
    *,
    start: str = "posterior",
    num_leapfrog: int = 2,
    generator: torch.Generator | None = None,
) -> Moves:
    """What pilots of a few chains find.

    The temperatures are such that log f_1 - log f_0 varies between chains as much from each to the next, the directions
    those in which draws of both ends vary, the steps so long that three of four are taken.

    Arguments, Raises:
        As for :func:`ais`.
    """
    path = _Path(model, model.standardized(x), num_temperatures, 1, start, num_leapfrog)
    return path.moves(generator)


def bidirectional(
    model: LatentVariableModel,
    num_points: int,
    num_temperatures: int = 300,
    num_chains: int = 16,
    *,
    start: str = "posterior",
    num_leapfrog: int = 2,
    generator: torch.Generator | None = None,
) -> EvidenceBounds:
    """Bound log p(x) from below and above, at points whose exact posterior draw is known since the model drew both.

    The gap between the two says how good :func:`ais` is on data like the model's own. Both ways take the same steps.

    Arguments:
        model: As for :func:`ais`.
        num_points: N.
        num_temperatures, num_chains, start, num_leapfrog, generator: As for :func:`ais`.

    Raises:
        InputError: As :func:`ais`.

    Source:
        Grosse et al., Sandwiching the Marginal Likelihood Using Bidirectional Monte Carlo (2015).
    """
    x, z = model.sample_both(num_points, generator)
    path = _Path(model, model.standardized(x), num_temperatures, num_chains, start, num_leapfrog)
    moves = path.moves(generator)
    *_, there = path.chains(num_chains, moves, generator)
    *_, back = path.chains(num_chains, moves, generator, z)
    upper = -path.log_mean(back.log_weights) - path.volume
    chains = [path.by_chain(weights) - path.volume for weights in (there.log_weights, -back.log_weights)]
    return EvidenceBounds(x, path.record(there).log_evidence, upper, *chains)


class _Path:
    """From a start to the posterior of N standardized points, for C chains each; rows are chains by points."""

    def __init__(self, model, x: Tensor, num_temperatures: int, num_chains: int, start: str, num_leapfrog: int):
        if start not in STARTS:
            raise InputError(f"Chains start at one of {', '.join(STARTS)}, but {start!r} came.")
        counts = {"temperatures": num_temperatures, "chains": num_chains, "leapfrog steps": num_leapfrog}
        for what, count in counts.items():
            if count < 1:
                raise InputError(f"The number of {what} is at least 1, but {count} came.")
        self.model, self.x, self.start, self.num_chains, self.num_leapfrog = model, x, start, num_chains, num_leapfrog
        self.num_temperatures = num_temperatures
        self.volume = model.log_volume()

    def moves(self, generator) -> Moves:
        """Found by two pilots, the second of which moves in the directions of the first one's draws."""
        num_chains = max(_PILOT_CHAINS, math.ceil(_PILOT_ROWS / self.x.shape[-2]))
        x = self._repeated(self.x, num_chains)
        with self.model.asked():
            first = precision(self.by_chain(self._start_at(x)[1](generator), 2))
        few, many = (max(_LEAST, math.ceil(self.num_temperatures / haste)) for haste in _HASTE)
        temperatures = [(t / few) ** STARTS[self.start] for t in range(few + 1)]
        found = Moves(temperatures, _FIRST_STEP, first, first, self.num_leapfrog)
        pilot = list(self.chains(num_chains, found, generator))
        target = precision(self.by_chain(pilot[-1].z, 2))
        found = replace(found, temperatures=_spaced(self._lengths(pilot), many), target_precision=target)
        pilot = list(self.chains(num_chains, found, generator))
        temperatures = _spaced(self._lengths(pilot), self.num_temperatures)
        steps = np.interp(temperatures[1:], found.temperatures[1:], [annealed.step_size for annealed in pilot])
        return replace(found, temperatures=temperatures, step_sizes=steps.tolist())

    def _lengths(self, pilot: Sequence[Annealed]) -> tuple[np.ndarray, np.ndarray]:
        """Temperatures, and how much log ratios have varied up to each: the integral of their standard deviation."""
        spreads = [self.by_chain(annealed.log_ratio).var(dim=0).mean().sqrt().item() for annealed in pilot]
        places = np.array([0.0, *(annealed.temperature for annealed in pilot)])
        return places, np.cumsum([0.0, *(np.array(spreads) * np.diff(places))])

    def record(self, annealed: Annealed) -> AISRecord:
        """What chains say of the points."""
        log_weights = self.by_chain(annealed.log_weights)
        size = ess_from_sums(log_sums(log_weights))
        error = (1 / size - 1 / len(log_weights)).clamp_min(0).sqrt()
        evidence = self.log_mean(annealed.log_weights) - self.volume
        return AISRecord(annealed.temperature, evidence, error, log_weights, annealed.acceptance, annealed.step_size)

    def log_mean(self, log_weights: Tensor) -> Tensor:
        """Of the weights over chains, shape ``(*R, N)``; averaged before the logarithm, not after."""
        apart = self.by_chain(log_weights)
        return bound_from_sums(log_sums(apart), len(apart))

    def chains(
        self, num_chains: int, moves: Moves, generator, posterior_draws: Tensor | None = None
    ) -> Iterator[Annealed]:
        """Chains from draws of the start, or back from a draw of each point's posterior, all from the same."""
        x = self._repeated(self.x, num_chains)
        with self.model.asked():
            log_start, draw = self._start_at(x)
            z = draw(generator) if posterior_draws is None else self._repeated(posterior_draws, num_chains)
        back = posterior_draws is not None
        joint = partial(self.model.joint_log_prob, x=x)
        chains = anneal(log_start, joint, z, moves, back=back, generator=generator)
        while True:
            with self.model.asked():
                annealed = next(chains, None)
            if annealed is None:
                return
            yield annealed

    def _start_at(self, x: Tensor) -> tuple[Callable[[Tensor], Tensor], Callable[..., Tensor]]:
        """The log density that chains start with, and draws of it."""
        model = self.model
        shape = (*x.shape[:-1], model.latent_features)

        def noise(generator):
            return torch.randn(shape, generator=generator, dtype=x.dtype, device=x.device)

        if self.start == "prior":
            return lambda z: model.prior_log_prob(z, x), lambda generator: model.prior_transform(noise(generator), x)
        return model.posterior_density(x), lambda generator: model.draw_posterior(x, noise(generator))[0]

    def _repeated(self, values: Tensor, num_chains: int) -> Tensor:
        return values.repeat(*[1] * (values.ndim - 2), num_chains, 1)

    def by_chain(self, rows: Tensor, axis: int = 1) -> Tensor:
        """From ``(*R, C N)`` to ``(C, *R, N)``; with 2 as the axis from ``(*R, C N, K)`` to ``(C, *R, N, K)``."""
        return rows.unflatten(-axis, (-1, self.x.shape[-2])).movedim(-axis - 1, 0)


def _spaced(lengths: tuple[np.ndarray, np.ndarray], num_temperatures: int) -> list[float]:
    """Temperatures with as much variation from each to the next."""
    places, length = lengths
    even = np.linspace(0, length[-1], num_temperatures + 1)
    return [0.0, *np.interp(even, length, places)[1:-1].tolist(), 1.0]
