"""Reference learners: classical estimates of the density of the observed variables, to stand beside the VAEs.

Source:
    Ledoit & Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004), for the shrinkage;
    factor analysis is that of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, LinearGaussian
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.network import check_real
from sirenvae.models.points import Points, as_points
from sirenvae.models.units import location_and_scale

if TYPE_CHECKING:
    from sirenvae.truth.linear_likelihood import ObservedLikelihood

REFERENCES = (
    "independent_gaussians",
    "ledoit_wolf",
    "factor_analysis",
    "linear_gaussian_bn",
    "linear_gaussian_bn_ridge",
)
NUM_FOLDS = 5
NUM_STARTS = 3
_CROSS_VALIDATED = ("factor_analysis", "linear_gaussian_bn_ridge")
_FLOOR = 1e-4  # Of the observed noise variances without cross-validation: only keeps the likelihood bounded.
_RIDGES = (1.0, 2.0, 4.0, 8.0, 16.0)
_FLOORS = (0.01, 0.1, 0.2)
_PATIENCE = 3  # Numbers of factors without improvement before the search ends.


@dataclass(frozen=True, eq=False)
class Reference:
    """A fitted Gaussian density of the observed variables.

    Attributes:
        name: One of :data:`REFERENCES`.
        variables: The D observed variables, in the network's declared order.
        mean: Shape ``(D,)``, raw units.
        covariance: Shape ``(D, D)``, raw units.
        settings: What cross-validation chose, by name.
    """

    name: str
    variables: tuple[Variable, ...]
    mean: Tensor
    covariance: Tensor
    settings: dict[str, float]

    def log_prob(self, x: Points) -> Tensor:
        """The log density of points.

        Arguments:
            x: Observed values, shape ``(*, D)``, raw units.

        Returns:
            Shape ``(*)``, in nats.

        Raises:
            InputError: If the points do not have D columns or are not finite.
        """
        normal = torch.distributions.MultivariateNormal(self.mean, self.covariance, validate_args=False)
        return normal.log_prob(as_points(x, self.variables, min_axes=1).cpu())


@dataclass(frozen=True, eq=False)
class LinearNetworkReference(Reference):
    """A linear-Gaussian network of known structure, fitted by the exact likelihood of the observed variables.

    In standard units an observed variable is ``(x - location) / scale`` and a latent has noise variance 1, since its
    own scale cannot be seen in the data; there ``v = slopes @ v + intercepts + deviations * e`` with standard normal e.

    Attributes:
        network: The fitted network in raw units; its latents keep their standard units.
        slopes: Shape ``(V, V)``, rows children, columns parents, all V variables in declared order, standard units.
        intercepts, deviations: Shape ``(V,)``, standard units.
        location, scale: Shape ``(D,)``, raw units.
        converged: Whether the optimizer stopped because it could not improve, not at its limit of steps.
    """

    network: BayesianNetwork
    slopes: Tensor
    intercepts: Tensor
    deviations: Tensor
    location: Tensor
    scale: Tensor
    converged: bool


class _Moments(NamedTuple):
    """Mean ``(D,)``, covariance ``(D, D)`` divided by the number of points, and that number."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def fit_reference(name: str, network: BayesianNetwork, x: Points, seed: int = 0) -> Reference:
    """Learn the density of the observed variables from data.

    Arguments:
        name: One of :data:`REFERENCES`. ``"linear_gaussian_bn"`` is plain maximum likelihood;
            ``"linear_gaussian_bn_ridge"`` adds a ridge on the slopes and a floor on the noise variances of the
            observed variables. These, and the number of factors of ``"factor_analysis"``, are chosen by 5-fold
            cross-validation of the exact likelihood.
        network: The structure, and the order of the columns. Its conditionals are not used.
        x: Training data, shape ``(N, D)``, raw units.
        seed: Of the folds and the random starts.

    Returns:
        The fitted density; a :class:`LinearNetworkReference` for the last two names.

    Raises:
        InputError: If there is no such reference, the network's variables have states, or the data are not ``(N, D)``
            with enough points, finite, and without constant columns; or if scipy or scikit-learn is missing, without
            which only ``"independent_gaussians"`` can be learned.
    """
    learners: dict[str, Callable] = {
        "independent_gaussians": _independent_gaussians,
        "ledoit_wolf": _ledoit_wolf,
        "factor_analysis": _factor_analysis,
    }
    if name not in REFERENCES:
        raise InputError(f"There is no reference {name!r}; there are {', '.join(REFERENCES)}.")
    check_real(network, f"The reference {name}")
    x = _checked(network, x, at_least=NUM_FOLDS if name in _CROSS_VALIDATED else 2)
    location, scale = (value.squeeze(0).numpy() for value in location_and_scale(x, network.observed, correction=0))
    standard = (x.numpy() - location) / scale
    try:
        with _one_thread() if name != "independent_gaussians" else nullcontext():
            if name in learners:
                covariance, settings = learners[name](standard, seed)
                return Reference(name, network.observed, *_raw(location, scale, covariance), settings)
            return _linear_network(name, network, standard, location, scale, seed)
    except ModuleNotFoundError as error:
        raise InputError(f"{name} needs {error.name}; pip install 'sirenvae[references]' installs it.") from error


def _one_thread() -> AbstractContextManager:
    """Linear algebra on one thread: matrices of this size gain nothing from more, and cells side by side lose much."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def _checked(network: BayesianNetwork, x: Points, at_least: int) -> Tensor:
    x = as_points(x, network.observed).cpu()
    if x.ndim != 2:
        raise InputError(f"Data of shape (N, {len(network.observed)}) are expected, but {tuple(x.shape)} came.")
    if len(x) < at_least:
        raise InputError(f"This learner needs at least {at_least} points, but {len(x)} came.")
    return x


def _raw(location: np.ndarray, scale: np.ndarray, covariance: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(location), torch.from_numpy(covariance * np.outer(scale, scale))


def _moments(x: np.ndarray) -> _Moments:
    mean = x.mean(axis=0)
    return _Moments(mean, (x - mean).T @ (x - mean) / len(x), len(x))


def _folds(x: np.ndarray, seed: int) -> list[tuple[_Moments, _Moments]]:
    """Moments of the kept and of the held-out points of each fold."""
    fold = np.random.default_rng(seed).permutation(len(x)) % NUM_FOLDS
    return [(_moments(x[fold != k]), _moments(x[fold == k])) for k in range(NUM_FOLDS)]


def _held_out_nll(mean: np.ndarray, covariance: np.ndarray, held_out: _Moments) -> float:
    """The total negative log-likelihood of the held-out points without its constant, in nats."""
    shift = held_out.mean - mean
    scatter = held_out.covariance + np.outer(shift, shift)
    _, log_det = np.linalg.slogdet(covariance)
    return 0.5 * held_out.count * (log_det + np.trace(np.linalg.solve(covariance, scatter)))


def _independent_gaussians(x: np.ndarray, seed: int) -> tuple[np.ndarray, dict]:
    return np.eye(x.shape[1]), {}


def _ledoit_wolf(x: np.ndarray, seed: int) -> tuple[np.ndarray, dict]:
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf(assume_centered=True).fit(x)
    return fitted.covariance_, {"shrinkage": float(fitted.shrinkage_)}


def _factor_analysis(x: np.ndarray, seed: int) -> tuple[np.ndarray, dict]:
    """Choose the number of factors by cross-validation, fewest first, until more have not helped a few times."""
    folds = _folds(x, seed)
    scores: dict[int, float] = {}
    for num_factors in _numbers_of_factors(x.shape[1]):
        scores[num_factors] = sum(
            _held_out_nll(kept.mean, _factor_covariance(kept.covariance, num_factors), held_out)
            for kept, held_out in folds
        )
        best = min(scores, key=scores.get)
        if list(scores).index(best) < len(scores) - _PATIENCE:
            break
    return _factor_covariance(_moments(x).covariance, best), {"num_factors": best}


def _numbers_of_factors(size: int) -> list[int]:
    """Candidates up to Ledermann's bound, past which factors and noise outnumber the entries of a covariance."""
    bound = int((2 * size + 1 - np.sqrt(8 * size + 1)) / 2)
    return [k for k in (*range(7), *range(8, 16, 2), *range(16, 32, 4), *range(32, 2000, 16)) if k <= bound]


def _factor_covariance(covariance: np.ndarray, num_factors: int) -> np.ndarray:
    """The covariance of factor analysis with so many factors, by maximum likelihood, shape ``(D, D)``."""
    if num_factors == 0:
        return np.diag(np.diagonal(covariance).clip(min=1e-12))
    from scipy.linalg import helmert
    from sklearn.decomposition import FactorAnalysis

    # D + 1 points with exactly this covariance stand for the data: the cost does not grow with their number.
    num_points = len(covariance) + 1
    values, vectors = np.linalg.eigh(covariance)
    points = np.sqrt(num_points) * helmert(num_points).T @ (vectors * np.sqrt(values.clip(min=0))).T
    learner = FactorAnalysis(num_factors, tol=1e-5 * num_points, max_iter=10_000, svd_method="lapack")
    return learner.fit(points).get_covariance()


def _linear_network(
    name: str, network: BayesianNetwork, x: np.ndarray, location: np.ndarray, scale: np.ndarray, seed: int
) -> LinearNetworkReference:
    from sirenvae.truth.linear_likelihood import ObservedLikelihood, maximize

    likelihood = ObservedLikelihood(network)
    ridge, floor = _ridge_and_floor(likelihood, x, seed) if name == "linear_gaussian_bn_ridge" else (0.0, _FLOOR)
    rng = np.random.default_rng(seed)
    starts = [likelihood.random_start(rng) for _ in range(NUM_STARTS)]
    covariance = _moments(x).covariance
    maxima = [maximize(likelihood, covariance, start, ridge / len(x), floor) for start in starts]
    best = min(maxima, key=lambda maximum: maximum.value)
    slopes, deviations = likelihood.in_declared_order(best.parameters)
    mean, raw_covariance = _raw(location, scale, likelihood.covariance(best.parameters))
    return LinearNetworkReference(
        name=name,
        variables=network.observed,
        mean=mean,
        covariance=raw_covariance,
        settings={"ridge": ridge, "floor": floor},
        network=_raw_network(network, slopes, deviations, location, scale),
        slopes=torch.from_numpy(slopes),
        intercepts=torch.zeros(len(slopes), dtype=torch.float64),
        deviations=torch.from_numpy(deviations),
        location=torch.from_numpy(location),
        scale=torch.from_numpy(scale),
        converged=best.converged,
    )


def _ridge_and_floor(likelihood: ObservedLikelihood, x: np.ndarray, seed: int) -> tuple[float, float]:
    """Choose the ridge (a prior precision of the slopes) and the floor (a share of each variance of the data)."""
    from sirenvae.truth.linear_likelihood import maximize

    rng = np.random.default_rng(seed)
    scores = np.zeros((len(_FLOORS), len(_RIDGES)))
    for kept, held_out in _folds(x, seed):
        # A close first fit: otherwise settings later on the path would win by more steps, not by being better.
        first = likelihood.random_start(rng)
        first = maximize(likelihood, kept.covariance, first, _RIDGES[0] / kept.count, _FLOORS[0]).parameters
        for i, floor in enumerate(_FLOORS):
            parameters = first
            # From weak to strong: slopes that a strong ridge has made zero would stay there.
            for j, ridge in enumerate(_RIDGES):
                parameters = maximize(
                    likelihood, kept.covariance, parameters, ridge / kept.count, floor, tolerance=1e-7
                ).parameters
                scores[i, j] += _held_out_nll(kept.mean, likelihood.covariance(parameters), held_out)
    i, j = np.unravel_index(scores.argmin(), scores.shape)
    return _RIDGES[j], _FLOORS[i]


def _raw_network(
    network: BayesianNetwork, slopes: np.ndarray, deviations: np.ndarray, location: np.ndarray, scale: np.ndarray
) -> BayesianNetwork:
    """The network with the given numbers, observed variables in raw units and latents in their own."""
    where = dict(zip(network.observed, zip(location, scale, strict=True), strict=True))
    conditionals = {}
    for v in network.variables:
        row = network.position[v]
        shift, unit = where.get(v, (0.0, 1.0))
        coefficients = {
            p: float(slopes[row, network.position[p]] * unit / where.get(p, (0.0, 1.0))[1]) for p in network.parents(v)
        }
        intercept = shift - sum(slope * where.get(p, (0.0, 1.0))[0] for p, slope in coefficients.items())
        conditionals[v] = LinearGaussian(float(intercept), coefficients, float((unit * deviations[row]) ** 2))
    return BayesianNetwork(network.dag, network.observed, conditionals, name=network.name)
