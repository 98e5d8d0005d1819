"""Importance sampling with a learnt proposal: evidence with its error, how many draws count, weighted draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Categorical

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.inference_network import InferenceNetwork
from sirenvae.models.points import Points, as_points
from sirenvae.objectives.iwae import bound_from_sums, ess_from_sums, log_sums
from sirenvae.truth.distributions import joint_log_prob

_ROWS_AT_ONCE = 50_000  # More would need gigabytes where there are many latents.


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Draws of q(z | x), each with the weight that makes them draws of p(z | x).

    Attributes:
        log_evidence: Estimate of log p(x), shape ``(N,)``, nats. Its expectation is too low, by about half the square
            of the error.
        standard_error: Of `log_evidence`, shape ``(N,)``, nats; only to be believed while many draws count.
        effective_sample_size: Between 1 and S, shape ``(N,)``.
        z: Shape ``(S, N, K)``, raw units.
        log_weights: log p(x, z) - log q(z | x), shape ``(S, N)``.
        num_states: Of each latent, where `z` are numbers of states.
    """

    log_evidence: Tensor
    standard_error: Tensor
    effective_sample_size: Tensor
    z: Tensor
    log_weights: Tensor
    num_states: tuple[int, ...] | None = None

    def mean(self) -> Tensor:
        """The mean of the posterior, shape ``(N, K)``.

        Raises:
            InputError: If latents have states.
        """
        self._check_numbers("mean")
        return (torch.softmax(self.log_weights, dim=0).unsqueeze(-1) * self.z).sum(dim=0)

    def marginals(self) -> Categorical:
        """The posterior of each latent alone; batch shape ``(N, K)``, over as many states as the largest has.

        Raises:
            InputError: If latents have no states.
        """
        if self.num_states is None:
            raise InputError("The latents are numbers, not states; mean() and quantile() describe them.")
        weights = torch.softmax(self.log_weights, dim=0)
        shares = [(weights.unsqueeze(-1) * (self.z == state)).sum(dim=0) for state in range(max(self.num_states))]
        return Categorical(probs=torch.stack(shares, dim=-1), validate_args=False)

    def quantile(self, level: float) -> Tensor:
        """Where the weighted draws reach a share of the posterior's mass, shape ``(N, K)``.

        Raises:
            InputError: If the level is not between 0 and 1, or latents have states.
        """
        self._check_numbers("quantile")
        if not 0 < level < 1:
            raise InputError(f"The level of a quantile lies between 0 and 1, but {level} came.")
        values, order = self.z.sort(dim=0)
        weights = torch.softmax(self.log_weights, dim=0).unsqueeze(-1).expand_as(self.z).gather(0, order)
        reached = (weights.cumsum(dim=0) < level).sum(dim=0, keepdim=True).clamp_max(len(self.z) - 1)
        return values.gather(0, reached).squeeze(0)

    def _check_numbers(self, what: str) -> None:
        if self.num_states is not None:
            raise InputError(f"The latents have states, which have no {what}; marginals() says how probable each is.")


@torch.no_grad()
def importance(
    network: BayesianNetwork,
    q: InferenceNetwork,
    x: Points,
    num_samples: int = 1000,
    generator: torch.Generator | None = None,
) -> WeightedDraws:
    r"""Correct an inference network by importance sampling.

    .. math::
        \log p(x) \approx \log \frac1S \sum_s w_s, \qquad w_s = \frac{p(x, z_s)}{q(z_s \mid x)}, \quad z_s \sim q,

    with the standard error :math:`\sqrt{1 / \mathrm{ESS} - 1 / S}` to first order.

    Arguments:
        network: A network with conditionals.
        q: Without replicas.
        x: Observed values, shape ``(N, D)``, raw units.
        num_samples: S, at least 2.
        generator: Source of randomness; ``None`` is torch's own.

    Raises:
        InputError: If the inference network is of other variables or has replicas, or there are too few samples.

    Source:
        Kloek & van Dijk, Bayesian Estimates of Equation System Parameters (1978); Kong, A Note on Importance Sampling
        Using Standardized Weights (1992), for the effective sample size.
    """
    if num_samples < 2:
        raise InputError(f"An error needs at least 2 samples, but {num_samples} came.")
    q.check_single(network)
    points = as_points(x, network.observed).cpu()
    pieces = points.split(max(1, _ROWS_AT_ONCE // num_samples))
    parts = [_weighed(network, q, piece, num_samples, generator) for piece in pieces]
    z, log_weights = (torch.cat(values, dim=1) for values in zip(*parts, strict=True))
    if (impossible := (log_weights == -torch.inf).all(dim=0)).any():
        raise InputError(
            f"Point {int(impossible.nonzero()[0])} (counted from 0) has probability 0 in {network.name}, or so little "
            f"that none of {num_samples:,} draws explains it."
        )
    sums = log_sums(log_weights)
    size = ess_from_sums(sums)
    error = (1 / size - 1 / num_samples).clamp_min(0).sqrt()
    states = tuple(len(network.states[v]) for v in network.latents) if network.is_discrete else None
    return WeightedDraws(bound_from_sums(sums, num_samples), error, size, z, log_weights, states)


def _weighed(
    network: BayesianNetwork, q: InferenceNetwork, points: Tensor, num_samples: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Draws ``(S, N, K)`` and their log weights ``(S, N)``."""
    proposal = q(points)
    z = proposal.sample((num_samples,), generator)
    return z.cpu(), joint_log_prob(network, points, z) - proposal.log_prob(z).cpu()
