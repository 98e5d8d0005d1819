"""A Bayesian mixture of normal distributions in one dimension: weights, means and precisions have priors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations

import torch
from torch import Tensor
from torch.distributions import Dirichlet

from sirenvae.errors import InputError


@dataclass(frozen=True)
class GaussianMixture:
    r"""N data from K normal components.

    .. math::
        \phi \sim \mathrm{Dirichlet}(\alpha), \quad \mu_k \sim N(0, s^2), \quad \tau_k \sim \mathrm{Gamma}(a, b), \quad
        z_i \sim \phi, \quad x_i \mid z_i = k \sim N(\mu_k, 1 / \tau_k)

    What a set has once, weights, means and precisions, is a point g of 3 K - 1 free coordinates: log ratios of the
    weights to the last one, means, log precisions. Components have no names: every g is one of K! that mean the same.

    Attributes:
        num_components: K.
        concentration: Of the weights, the same for each.
        mean_scale: Standard deviation of the means.
        shape, rate: Of the precisions.

    Example:
        >>> model = GaussianMixture()
        >>> x, z, g = model.draw(4, 50, torch.Generator().manual_seed(0))
        >>> x.shape, z.shape, g.shape, model.log_joint(g, x).shape
        (torch.Size([4, 50]), torch.Size([4, 50]), torch.Size([4, 8]), torch.Size([4]))

    Source:
        Webb et al., Faithful Inversion (2018), section 3.3; the paper does not print its priors, these are ours.
    """

    num_components: int = 3
    concentration: float = 3.0
    mean_scale: float = 3.0
    shape: float = 3.0
    rate: float = 1.0

    def __post_init__(self):
        if self.num_components < 2:
            raise InputError(f"A mixture has at least 2 components, but {self.num_components} came.")
        for name in ("concentration", "mean_scale", "shape", "rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(
                    f"The {name.replace('_', ' ')} is positive and finite, but {getattr(self, name)} came."
                )

    @property
    def num_weights(self) -> int:
        """Coordinates of phi; they come first."""
        return self.num_components - 1

    @property
    def num_coordinates(self) -> int:
        """Of phi and theta together."""
        return 3 * self.num_components - 1

    def draw(self, num_sets: int, num_data: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Sets of data with what they come from.

        Returns:
            x: Data, shape ``(S, N)``, float64.
            z: Their components, shape ``(S, N)``, int64.
            g: Coordinates, shape ``(S, 3 K - 1)``, float64.
        """
        shape, like = (num_sets, self.num_components), dict(dtype=torch.float64)
        mean = self.mean_scale * torch.randn(shape, generator=generator, **like)
        precision = torch._standard_gamma(torch.full(shape, self.shape, **like), generator=generator) / self.rate
        parts = torch._standard_gamma(torch.full(shape, self.concentration, **like), generator=generator)
        weights = parts / parts.sum(dim=-1, keepdim=True)
        z = torch.multinomial(weights, num_data, replacement=True, generator=generator)
        noise = torch.randn(num_sets, num_data, generator=generator, **like)
        x = mean.gather(-1, z) + noise / precision.gather(-1, z).sqrt()
        return x, z, self.coordinates(weights.log(), mean, precision.log())

    def coordinates(self, log_weights: Tensor, mean: Tensor, log_precision: Tensor) -> Tensor:
        """The point g of parameters, each ``(*, K)``; shape ``(*, 3 K - 1)``."""
        return torch.cat([log_weights[..., :-1] - log_weights[..., -1:], mean, log_precision], dim=-1)

    def parameters(self, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, means and log precisions, each ``(*, K)``."""
        k = self.num_components
        ratios, mean, log_precision = g.split([k - 1, k, k], dim=-1)
        return torch.cat([ratios, torch.zeros_like(mean[..., :1])], dim=-1).log_softmax(dim=-1), mean, log_precision

    @property
    def orders(self) -> list[tuple[int, ...]]:
        """All K! ways to number the components, the first as they are."""
        return list(permutations(range(self.num_components)))

    def renamed(self, g: Tensor) -> Tensor:
        """All points that mean the same, first g itself; shape ``(K!, *, 3 K - 1)``."""
        parameters = self.parameters(g)
        return torch.stack(
            [self.coordinates(*(value[..., list(order)] for value in parameters)) for order in self.orders]
        )

    def log_prior(self, g: Tensor) -> Tensor:
        """Log density of the coordinates, shape ``(*)``, nats."""
        k, (log_weights, mean, log_precision) = self.num_components, self.parameters(g)
        alpha = self.concentration
        weights = math.lgamma(k * alpha) - k * math.lgamma(alpha) + alpha * log_weights.sum(dim=-1)
        means = -0.5 * (mean / self.mean_scale).square() - math.log(self.mean_scale) - 0.5 * math.log(2 * math.pi)
        precisions = self.shape * (log_precision + math.log(self.rate)) - self.rate * log_precision.exp()
        return weights + (means + precisions - math.lgamma(self.shape)).sum(dim=-1)

    def log_terms(self, g: Tensor, x: Tensor) -> Tensor:
        """Log of weight times density of data ``(*, N)`` in each component of g ``(*, 3 K - 1)``; ``(*, N, K)``."""
        log_weights, mean, log_precision = (value.unsqueeze(-2) for value in self.parameters(g))
        away = (x.unsqueeze(-1) - mean).square() * log_precision.exp()
        return log_weights + 0.5 * (log_precision - away - math.log(2 * math.pi))

    def log_joint(self, g: Tensor, x: Tensor, z: Tensor | None = None) -> Tensor:
        """log p(g, z, x), or log p(g, x) with the components summed out; shape ``(*)``, nats."""
        terms = self.log_terms(g, x)
        chosen = terms.logsumexp(dim=-1) if z is None else terms.gather(-1, z.unsqueeze(-1)).squeeze(-1)
        return self.log_prior(g) + chosen.sum(dim=-1)

    def complete_moments(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Mean ``(*, K - 1)`` and covariance of the weights' coordinates given how many data each component has."""
        posterior = Dirichlet(counts + self.concentration, validate_args=False).concentration
        mean, spread = torch.digamma(posterior), torch.polygamma(1, posterior)
        covariance = torch.diag_embed(spread[..., :-1]) + spread[..., -1:, None]
        return mean[..., :-1] - mean[..., -1:], covariance
