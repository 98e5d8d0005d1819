"""The log evidence of a nonlinear network by importance sampling, for networks too entangled for sums over grids.

The latents are drawn one after the other, parents first, each from its conditional times what its children's data say.
Messages of data go from the leaves to the roots on one-dimensional grids: a child sees its parents only through one
number, its predictor. In a tree the messages are exact and every weight is the evidence itself; elsewhere a child's
other parents are replaced by a linear regression on what is known, and the weights make up for it.

Source:
    Guarniero, Johansen & Lee, The iterated auxiliary particle filter (2017), for proposals twisted by messages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, ProductGaussian
from sirenvae.graphs.conditionals import Conditional, Variable

NUM_SAMPLES = 256
_NUM_PILOTS = 20_000  # draws of the network that regressions and grids are fitted to
_NODES = 121  # of a message
_MARGIN = 0.3  # of the pilots' range, by which a message's grid goes beyond it
_NUM_PLACES = 33  # at which a proposal is evaluated
_REACH = 6.0  # standard deviations of noise that a proposal covers
_DEFENSIVE = 0.02  # share of the prior in every proposal, which bounds the weights
_CHUNK = 1_000_000  # places that are held at once


@dataclass(frozen=True, eq=False)
class _Message:
    """What the data below a child say about its predictor u: a log factor on a uniform grid, for each of N points.

    Attributes:
        table: Shape ``(N, _NODES)``.
        start, step: Of the grid of u.
    """

    table: np.ndarray
    start: float
    step: float

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Interpolate at u, shape ``(N, ...)``; beyond the grid the ends go on."""
        place = np.clip((u - self.start) / self.step, 0, _NODES - 1.001)
        index = place.astype(np.int64)
        place -= index
        index += _leading(np.arange(len(u)) * _NODES, u.ndim)
        flat = self.table.reshape(-1)
        low = flat[index]
        index += 1
        return low + place * (flat[index] - low)

    def blurred(self, spread: float) -> _Message:
        """What is known of u + e, where e is normal with this standard deviation."""
        if spread < 0.3 * self.step:
            return self
        nodes = np.arange(_NODES) * self.step
        return _Message(_blur(self.table, _kernel(nodes, nodes, spread)), self.start, self.step)


class _View(NamedTuple):
    """A child's predictor as a linear function of what is known, and the standard deviation of what is not."""

    slopes: dict[Variable, float]
    constant: float
    spread: float


class Sampler:
    """Proposals for the latents of a network given data.

    Arguments:
        network: A network with conditionals of which each sees its parents through a sum.

    Raises:
        InputError: If a conditional multiplies several parents.
    """

    def __init__(self, network: BayesianNetwork):
        for v, conditional in network.conditionals.items():
            if isinstance(conditional, ProductGaussian) and len(conditional.coefficients) > 1:
                raise InputError(
                    f"{network.name} is too entangled for sums over grids, and {v} multiplies its parents, which the "
                    "importance sampler cannot follow: observe more variables, or use fewer edges."
                )
        self.network = network
        self._observed = set(network.observed)
        self._below = {v: nx.descendants(network.dag, v) | {v} for v in network.variables}
        self._pilots = _pilots(network)
        stacked = np.stack([self._pilots[v] for v in network.variables])
        self._mean, self._covariance = stacked.mean(axis=1), np.cov(stacked)
        self._views: dict[tuple, _View] = {}

    def log_weights(self, x: np.ndarray, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Draw latents and return log p(x, z) / q(z | x), shape ``(N, num_samples)``, for x of shape ``(N, D)``."""
        data = dict(zip(self.network.observed, x.T, strict=True))
        messages = self._messages(data, len(x))
        values = {v: column[:, None] for v, column in data.items()}
        log_weights = np.zeros((len(x), num_samples))
        drawn: dict[Variable, np.ndarray] = {}
        for v in self.network.topological_order:
            conditional = self.network.conditionals[v]
            deviation = math.sqrt(conditional.variance)
            mean = np.broadcast_to(conditional.mean(values), log_weights.shape)
            if v in self._observed:
                log_weights += _log_standard_normal((values[v] - mean) / deviation) - math.log(deviation)
                continue
            candidates = {p: column[..., None] for p, column in drawn.items()}
            candidates[v] = mean[..., None] + deviation * _PLACES
            children = [child for child in self.network.dag.successors(v) if child in messages]
            log_factor = sum(self._ask(messages[child], child, candidates, data) for child in children)
            noise, log_density = _draw_noise(np.broadcast_to(log_factor, candidates[v].shape), rng)
            log_weights += _log_standard_normal(noise) - log_density
            drawn[v] = values[v] = mean + deviation * noise
        return log_weights

    def _messages(self, data: Mapping[Variable, np.ndarray], num_points: int) -> dict[Variable, _Message]:
        """The message of each variable that has parents and data at or below it, leaves first."""
        messages: dict[Variable, _Message] = {}
        for v in reversed(self.network.topological_order):
            conditional = self.network.conditionals[v]
            if not (self._below[v] & self._observed and conditional.coefficients):
                continue
            grid = _grid(conditional.predictor(self._pilots), _NODES)
            means, deviation = conditional.link(grid), math.sqrt(conditional.variance)
            if v in self._observed:
                table = -0.5 * ((data[v][:, None] - means) / deviation) ** 2
            else:
                nodes = _grid(self._pilots[v], 2 * _NODES)
                place = {v: np.broadcast_to(nodes, (num_points, len(nodes)))}
                children = [child for child in self.network.dag.successors(v) if child in messages]
                below = sum(self._ask(messages[child], child, place, data) for child in children)
                table = _blur(below, _kernel(nodes, means, deviation))
            messages[v] = _Message(table, grid[0], grid[1] - grid[0])
        return messages

    def _ask(self, message: _Message, child: Variable, latents: Mapping, data: Mapping) -> np.ndarray:
        """The log factor of a child at known latents, arrays of shape ``(N, ...)``, the last of them the largest."""
        view = self._view(child, tuple(latents))
        largest = next(reversed(latents.values()))
        known = {v: _leading(column, largest.ndim) for v, column in data.items()} | dict(latents)
        u = view.constant + sum(slope * known[v] for v, slope in view.slopes.items())
        return message.blurred(view.spread)(np.broadcast_to(u, largest.shape))

    def _view(self, child: Variable, known: Sequence[Variable]) -> _View:
        """Replace the parents that are not known by their regression on what is, the data below the child left out."""
        key = (child, *known)
        if key not in self._views:
            coefficients = self.network.conditionals[child].coefficients
            unknown = [p for p in coefficients if p not in self._observed and p not in known]
            features = [*known, *(v for v in self.network.observed if v not in self._below[child])]
            slopes = {p: slope for p, slope in coefficients.items() if p not in unknown}
            weights = np.array([coefficients[p] for p in unknown])
            found, constant, spread = self._regress(unknown, weights, features)
            for v, slope in zip(features, found, strict=True):
                slopes[v] = slopes.get(v, 0.0) + slope
            self._views[key] = _View({v: slope for v, slope in slopes.items() if slope}, constant, spread)
        return self._views[key]

    def _regress(self, unknown: Sequence, weights: np.ndarray, features: Sequence) -> tuple[np.ndarray, float, float]:
        """Slopes, constant and residual standard deviation of a weighted sum of variables, by the pilots' moments."""
        if not unknown:
            return np.zeros(len(features)), 0.0, 0.0
        rows, columns = ([self.network.position[v] for v in group] for group in (unknown, features))
        joint = self._covariance[np.ix_(columns, rows)] @ weights
        ridge = 1e-9 * np.diag(np.diagonal(self._covariance)[columns])
        slopes = np.linalg.solve(self._covariance[np.ix_(columns, columns)] + ridge, joint)
        variance = weights @ self._covariance[np.ix_(rows, rows)] @ weights - slopes @ joint
        return slopes, weights @ self._mean[rows] - slopes @ self._mean[columns], math.sqrt(max(variance, 0.0))


def importance_log_prob(
    network: BayesianNetwork, x: np.ndarray, num_samples: int = NUM_SAMPLES, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Estimate the log evidence and say how far off it may be.

    With weights w of mean :math:`\bar w` and relative variance :math:`r = \mathrm{Var}(w) / (n \bar w^2)`, the estimate
    is :math:`\log \bar w + r / 2`, whose second term takes off the bias of the logarithm, and its standard error
    :math:`\sqrt{r}`. The errors of different points are independent.

    Arguments:
        network: A network with conditionals.
        x: Observed values, shape ``(N, D)``, raw units. Points that the network itself would hardly produce, with noise
            beyond 6 standard deviations, are not covered.
        num_samples: Draws for each point, at least 2.
        seed: Of the random stream.

    Returns:
        log_prob: Shape ``(N,)``, nats.
        standard_error: Shape ``(N,)``, nats.

    Raises:
        InputError: If a conditional multiplies several parents, or `num_samples` is below 2.
    """
    if num_samples < 2:
        raise InputError(f"Importance sampling needs at least 2 samples, but {num_samples} came.")
    sampler, rng = Sampler(network), np.random.default_rng(seed)
    size = max(1, _CHUNK // (num_samples * _NUM_PLACES))
    log_prob, relative_variance = np.zeros(len(x)), np.zeros(len(x))
    for start in range(0, len(x), size):
        here = slice(start, start + size)
        log_weights = sampler.log_weights(x[here], num_samples, rng)
        top = log_weights.max(axis=1)
        weights = np.exp(log_weights - top[:, None])
        mean = weights.mean(axis=1)
        relative_variance[here] = weights.var(axis=1, ddof=1) / (num_samples * mean**2)
        log_prob[here] = top + np.log(mean) + relative_variance[here] / 2
    return log_prob, np.sqrt(relative_variance)


_PLACES = np.linspace(-_REACH, _REACH, _NUM_PLACES)
_PRIOR = np.exp(-0.5 * _PLACES**2) / np.exp(-0.5 * _PLACES**2).sum()


def _draw_noise(log_factor: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw standard noise from the prior times a factor, with a density that is linear between the places.

    Arguments:
        log_factor: At the places, shape ``(*, _NUM_PLACES)``.

    Returns:
        noise: Shape ``(*)``.
        log_density: Shape ``(*)``, of the noise under this proposal.
    """
    height = np.exp(log_factor - log_factor.max(axis=-1, keepdims=True))
    height *= _PRIOR
    height *= (1 - _DEFENSIVE) / height.sum(axis=-1, keepdims=True)
    height += _DEFENSIVE * _PRIOR
    total = (height[..., 1:] + height[..., :-1]).cumsum(axis=-1)
    cell = (total[..., :-1] < rng.random((*total.shape[:-1], 1)) * total[..., -1:]).sum(axis=-1)[..., None]
    left, right = (np.take_along_axis(height, cell + side, axis=-1)[..., 0] for side in (0, 1))
    level = rng.random(left.shape)
    across = np.sqrt(left**2 + level * (right**2 - left**2))  # the height where the noise falls
    width = _PLACES[1] - _PLACES[0]
    noise = _PLACES[cell[..., 0]] + width * level * (left + right) / (left + across)
    return noise, np.log(2 * across / (width * total[..., -1]))


def _pilots(network: BayesianNetwork) -> dict[Variable, np.ndarray]:
    rng, values = np.random.default_rng(0), {}
    for v in network.topological_order:
        conditional: Conditional = network.conditionals[v]
        values[v] = conditional.mean(values) + math.sqrt(conditional.variance) * rng.standard_normal(_NUM_PILOTS)
    return values


def _grid(pilots: np.ndarray, size: int) -> np.ndarray:
    margin = _MARGIN * np.ptp(pilots) + 1e-9
    return np.linspace(pilots.min() - margin, pilots.max() + margin, size)


def _kernel(nodes: np.ndarray, means: np.ndarray, deviation: float) -> np.ndarray:
    """Columns of normal weights over the nodes, one for each mean."""
    log_weights = -0.5 * ((nodes[:, None] - means) / deviation) ** 2
    weights = np.exp(log_weights - log_weights.max(axis=0))
    return weights / weights.sum(axis=0)


def _blur(log_table: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    top = log_table.max(axis=1, keepdims=True)
    return np.log(np.exp(log_table - top) @ kernel + 1e-300) + top


def _leading(column: np.ndarray, num_axes: int) -> np.ndarray:
    """Shape ``(N,)`` to ``(N, 1, ..., 1)``."""
    return column.reshape(-1, *[1] * (num_axes - 1))


def _log_standard_normal(values: np.ndarray) -> np.ndarray:
    return -0.5 * values**2 - 0.5 * math.log(2 * math.pi)
