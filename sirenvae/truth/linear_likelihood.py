"""The exact likelihood of the observed variables of a linear-Gaussian network, with its gradient, for fitting it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dtrtri
from scipy.optimize import minimize

from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.inversion import barren_latents
from sirenvae.graphs.linear_gaussian import columns


class ObservedLikelihood:
    r"""The likelihood of centred observed data as a function of a network's slopes and observed variances.

    .. math::
        v = B v + \varepsilon, \quad \varepsilon \sim N(0, \Omega), \quad
        \Sigma = A_o \Omega A_o^\top, \quad A = (I - B)^{-1}

    Row set o holds the observed variables. A latent's scale cannot be seen in the data, so the noise variance of every
    latent is 1.

    Arguments:
        network: The structure; conditionals are not used. V variables, D of them observed, E edges.

    Attributes:
        edges: The E edges (parent, child) in the order of the parameters.

    The parameters are one vector of shape ``(E + D,)``: a slope per edge, then the log noise variance of each observed
    variable in declared order.
    """

    def __init__(self, network: BayesianNetwork):
        self.network = network
        self.edges = tuple(network.dag.edges)
        # In topological order I - B is lower triangular, which is quick to invert.
        place = {v: i for i, v in enumerate(network.topological_order)}
        self._parents = np.array([place[parent] for parent, _ in self.edges], dtype=int)
        self._children = np.array([place[child] for _, child in self.edges], dtype=int)
        self._observed = np.array([place[v] for v in network.observed])
        barren = barren_latents(network)
        self._seen_edges = np.array([child not in barren for _, child in self.edges], dtype=bool)

    def random_start(self, rng: np.random.Generator) -> np.ndarray:
        """Random slopes and observed variances of a half; edges no observed variable can feel keep slope zero."""
        slopes = rng.normal(scale=0.5, size=len(self.edges)) * self._seen_edges
        return np.concatenate([slopes, np.full(len(self._observed), np.log(0.5))])

    def covariance(self, parameters: np.ndarray) -> np.ndarray:
        """The covariance of the observed variables, shape ``(D, D)``, columns in declared order."""
        return self._forward(parameters)[2]

    def value_and_gradient(
        self, parameters: np.ndarray, covariance: np.ndarray, ridge: float = 0.0
    ) -> tuple[float, np.ndarray]:
        r"""The mean negative log-likelihood per point without its constant, plus a ridge on the slopes.

        .. math::
            f = \tfrac12 \left(\log\det\Sigma + \mathrm{tr}(\Sigma^{-1} S)\right) + \tfrac{\text{ridge}}{2} \sum_e b_e^2

        With :math:`M = \tfrac12 A_o^\top (\Sigma^{-1} - \Sigma^{-1} S \Sigma^{-1}) A_o` the gradient is
        :math:`\partial f/\partial B = 2 M \Omega A^\top` and :math:`\partial f/\partial \omega_i = M_{ii}`.

        Arguments:
            parameters: Shape ``(E + D,)``.
            covariance: S, that of the data about the model's mean, divided by the number of points, shape ``(D, D)``.
            ridge: Weight of the penalty per point.

        Returns:
            The value in nats, and its gradient, shape ``(E + D,)``.
        """
        total_effect, noise, model_covariance = self._forward(parameters)
        factor, failed = dpotrf(model_covariance, lower=1)
        if failed:
            return np.inf, np.zeros_like(parameters)
        lower, _ = dpotri(factor, lower=1)
        precision = lower + np.tril(lower, -1).T
        weighted = precision @ covariance
        value = np.log(np.diagonal(factor)).sum() + 0.5 * np.trace(weighted)
        effect = total_effect[self._observed]
        inner = effect.T @ (0.5 * (precision - weighted @ precision)) @ effect
        to_slopes = 2 * ((inner * noise)[self._children] * total_effect[self._parents]).sum(axis=1)
        to_log_variances = (np.diagonal(inner) * noise)[self._observed]
        slopes = parameters[: len(self.edges)]
        gradient = np.concatenate([to_slopes + ridge * slopes, to_log_variances])
        return value + 0.5 * ridge * slopes @ slopes, gradient

    def _forward(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The matrix A ``(V, V)`` and noise variances ``(V,)`` in topological order, and the covariance ``(D, D)``."""
        size = len(self.network.variables)
        system, noise = np.eye(size, order="F"), np.ones(size)
        system[self._children, self._parents] = -parameters[: len(self.edges)]
        noise[self._observed] = np.exp(parameters[len(self.edges) :])
        total_effect, _ = dtrtri(system, lower=1, unitdiag=1)
        effect = total_effect[self._observed]
        return total_effect, noise, (effect * noise) @ effect.T

    def in_declared_order(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The slopes B, shape ``(V, V)``, rows children, and the noise standard deviations, shape ``(V,)``."""
        place, size = self.network.position, len(self.network.variables)
        slopes, deviations = np.zeros((size, size)), np.ones(size)
        for (parent, child), slope in zip(self.edges, parameters, strict=False):
            slopes[place[child], place[parent]] = slope
        deviations[columns(self.network, self.network.observed)] = np.exp(0.5 * parameters[len(self.edges) :])
        return slopes, deviations


@dataclass(frozen=True)
class Maximum:
    """Where the optimizer stopped.

    Attributes:
        parameters: Shape ``(E + D,)``.
        value: The penalized mean negative log-likelihood there, in nats.
        converged: Whether it stopped because it could not improve, not at the limit of iterations.
    """

    parameters: np.ndarray
    value: float
    converged: bool


def maximize(
    likelihood: ObservedLikelihood,
    covariance: np.ndarray,
    start: np.ndarray,
    ridge: float = 0.0,
    floor: float = 1e-4,
    tolerance: float = 1e-8,
    max_iterations: int = 5000,
) -> Maximum:
    """Climb the likelihood from one start by L-BFGS.

    Arguments:
        likelihood: Of the structure.
        covariance: That of the data, in standard units, shape ``(D, D)``.
        start: Parameters, shape ``(E + D,)``.
        ridge: Weight of the penalty per point.
        floor: Least noise variance of an observed variable, in the units of `covariance`.
        tolerance: Stop when a step improves the value by less than this share of it.
        max_iterations: Stop here at the latest.

    Returns:
        A local maximum, or the last point before the limit.
    """
    num_edges = len(likelihood.edges)
    lowest = np.log(floor)
    start = np.concatenate([start[:num_edges], np.maximum(start[num_edges:], lowest)])
    found = minimize(
        likelihood.value_and_gradient,
        start,
        args=(covariance, ridge),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * num_edges + [(lowest, None)] * (len(start) - num_edges),
        options=dict(maxiter=max_iterations, maxfun=3 * max_iterations, ftol=tolerance, gtol=1e-6, maxcor=20),
    )
    return Maximum(found.x, float(found.fun), found.status != 1)
