"""What every VAE of this package can do, from three parts that each of them supplies."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

import torch
from torch import Tensor
from torch.distributions import Distribution

from sirenvae import objectives
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.network import check_real
from sirenvae.models.likelihoods import Likelihood
from sirenvae.models.point_model import PointModel, check_count
from sirenvae.models.points import Points
from sirenvae.models.posterior import AmortizedPosterior
from sirenvae.models.shrinkage import noise_to_signal
from sirenvae.objectives.iwae import add_sums, bound_from_sums, ess_from_sums, log_sums
from sirenvae.threads import side_by_side


class LatentVariableModel(PointModel):
    """p(x, z) with an amortized posterior q(z | x), for one model or for replicas of it at once.

    Everything public takes and returns raw units, and raw values are float64; inside, data are standardized by
    :meth:`standardize`, where they have units. With replicas R every result has the leading shape R, and data are
    ``(N, D)``, the same for all, or ``(*R, N, D)``: tensors, arrays, nested lists, or a data frame with a column for
    each observed variable.

    A question changes nothing: bounds, draws and reconstructions are computed in evaluation mode, whatever mode the
    model is in, and record no graph, unless :meth:`elbo` or :meth:`iwae_bound` are asked for one.

    Subclasses say how to draw from the posterior, what the prior density is, and how to draw from the prior.

    Arguments:
        names: Of the D observed variables, in the order of the columns.
        latent_features: K.
        decoder: p(x | z); its inputs are the latents, then the observed variables when it has K + D inputs.
        replicas: Leading shape R.
        network: The Bayesian network whose latents and observed variables are modelled, if there is one.

    Attributes:
        settings: The further arguments that the model was built with, as plain values, so that it can be built again.
        posterior_parts: Names of the modules that belong to the posterior alone.
    """

    settings: dict
    posterior_parts: tuple[str, ...]

    def __init__(
        self,
        names: Sequence,
        latent_features: int,
        decoder: Likelihood,
        replicas: tuple[int, ...],
        network: BayesianNetwork | None = None,
    ):
        super().__init__(names, replicas)
        if network is not None:
            check_real(network, f"A {type(self).__name__}")
        self.network = network
        self.latent_features, self.observed_features = latent_features, len(self.names)
        self.num_variables = self.latent_features + self.observed_features
        self.num_units = 2 * self.latent_features + self.observed_features
        self.decoder = decoder
        self._decodes_observed = decoder.linear.mask.shape[1] > latent_features

    @property
    @abstractmethod
    def structure(self) -> str:
        """The name of the dependency structure."""

    @abstractmethod
    def draw_posterior(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Carry standard normal noise ``(*R, N, K)`` to z ~ q(z | x) for standardized x; z and log q(z | x)."""

    @abstractmethod
    def posterior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        """log q(z | x) for standardized x, shape ``(*R, N)``."""

    def posterior_density(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        """log q(z | x) as a function of z, for points that stay the same: what depends on them alone is done once."""
        return partial(self.posterior_log_prob, x=x)

    @abstractmethod
    def prior_distribution(self, x: Tensor) -> Distribution:
        """p(z), given the observed parents of latents where there are any, for N standardized points x.

        Its values have the shape ``(*R, N, K)``.
        """

    def prior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        """log p(z) at N standardized points, shape ``(*R, N)``."""
        return self.prior_distribution(x).log_prob(z)

    @abstractmethod
    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        """Carry standard normal noise ``(*R, N, K)`` to a draw of the prior."""

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.network, replicas=replicas, **self.settings)

    @property
    def has_units(self) -> bool:
        """Whether the observed variables are quantities with units: what the decoder says of them."""
        return self.decoder.has_units

    def check(self, points: Tensor) -> None:
        self.decoder.check(points)

    def prepare(self, x: Points | Sequence[Points], recipes: Sequence) -> None:
        """Take the units of the observed variables from training data, and the decoder's floor from the recipes."""
        super().prepare(x, recipes)
        self.begin_phase(0, recipes)

    def begin_phase(self, index: int, recipes: Sequence) -> None:
        """Take the decoder's floor from the recipes."""
        if hasattr(self.decoder, "noise_floor"):
            floor = self.decoder.noise_floor
            floor.copy_(floor.new_tensor([recipe.noise_floor for recipe in recipes]).view_as(floor))

    def noise(self, num_steps: int, num_points: int, generator: torch.Generator) -> Tensor:
        """Standard normal, shape ``(num_steps, num_points, K)``."""
        shape = (num_steps, self.latent_features, num_points)  # units first, as the kernels want it
        return torch.randn(shape, generator=generator, dtype=self.dtype, device=self.device).mT

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """The negative one-sample ELBO of points in standard units."""
        return -self.standard_elbo(batch, noise, kl_weight)

    def noise_to_signal(self, rows: Tensor) -> float:
        return noise_to_signal(rows) if self.decoder.has_units else 0.0

    def elbo(
        self,
        x: Points,
        num_samples: int = 1,
        kl_weight: float = 1.0,
        generator: torch.Generator | None = None,
        *,
        graph: bool = False,
    ) -> Tensor:
        """Estimate the evidence lower bound of each point.

        Arguments:
            x: Points in raw units, shape ``(N, D)`` or ``(*R, N, D)``.
            num_samples: Draws of z that are averaged.
            kl_weight: Weight of log p(z) - log q(z | x); less than 1 to warm up.
            generator: Source of randomness; ``None`` is torch's own.
            graph: Whether to record the graph that a gradient needs.

        Returns:
            Shape ``(*R, N)``, in nats.

        Raises:
            InputError: If the points do not have D columns or are not finite, or `num_samples` is below 1.
        """
        check_count(num_samples)
        x = self.standardized(x)
        with self.asked(graph):
            draws = (self.standard_elbo(x, self._latent_noise(x, generator), kl_weight) for _ in range(num_samples))
            return sum(draws) / num_samples - self.units.log_volume()

    def standard_elbo(self, x: Tensor, noise: Tensor, kl_weight: float | Tensor = 1.0) -> Tensor:
        """One-sample ELBO of points in standard units, shape ``(*R, N)``: what training maximizes.

        Arguments:
            x: Points, shape ``(*R, N, D)``.
            noise: Standard normal, shape ``(*R, N, K)``.
            kl_weight: One for all, or shape ``(*R, 1)``.
        """
        return objectives.elbo(*self._log_densities(x, noise), kl_weight)

    def iwae_bound(
        self, x: Points, num_samples: int = 500, generator: torch.Generator | None = None, *, graph: bool = False
    ) -> Tensor:
        """Estimate the importance-weighted bound of each point, in pieces that fit the cache.

        Arguments:
            x: Points in raw units, shape ``(N, D)`` or ``(*R, N, D)``.
            num_samples: K, draws per point.
            generator: Source of randomness; ``None`` is torch's own.
            graph: Whether to record the graph that a gradient needs; it takes memory for every draw.

        Returns:
            Shape ``(*R, N)``, in nats; in expectation between the ELBO and log p(x).

        Raises:
            InputError: If the points do not have D columns or are not finite, or `num_samples` is below 1.
        """
        return self.iwae_bound_and_ess(x, num_samples, generator, graph=graph)[0]

    def iwae_bound_and_ess(
        self, x: Points, num_samples: int = 500, generator: torch.Generator | None = None, *, graph: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The importance-weighted bound of each point, and how many of the draws count in it.

        Arguments:
            x, num_samples, generator, graph: As for :meth:`iwae_bound`.

        Returns:
            bound: Shape ``(*R, N)``, in nats.
            ess: The effective sample size of :func:`sirenvae.objectives.effective_sample_size`, shape ``(*R, N)``,
                between 1 and `num_samples`; a small one says that the bound is far below log p(x).

        Raises:
            InputError: As :meth:`iwae_bound`.
        """
        check_count(num_samples)
        x = self.standardized(x)
        at_once = max(1, self.rows_at_once // math.prod(self.replicas))
        with self.asked(graph) as num_workers:
            parts = x.split(at_once, dim=-2)
            pieces = [self._all_sums(part, num_samples, at_once, generator, num_workers) for part in parts]
            sums = torch.cat(pieces, dim=-1)
            return bound_from_sums(sums, num_samples) - self.units.log_volume(), ess_from_sums(sums)

    def sample(self, num_samples: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw observed values from the model.

        Arguments:
            num_samples: How many, at least 1.
            generator: Source of randomness; ``None`` is torch's own.

        Returns:
            Shape ``(*R, num_samples, D)``, in raw units.

        Raises:
            InputError: If `num_samples` is below 1.
        """
        return self.units.raw(self._draw(num_samples, generator)[0])

    def sample_both(self, num_samples: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Draw observed values as :meth:`sample` does, and the latents that belong to them.

        Returns:
            x: Shape ``(*R, num_samples, D)``, in raw units.
            z: Shape ``(*R, num_samples, K)``, in the model's own latent units.
        """
        x, noise = self._draw(num_samples, generator)
        with self.asked():
            return self.units.raw(x), self.prior_transform(noise, x)

    def _draw(self, num_samples: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Draws of x in standard units, and the noise that becomes their latents."""
        check_count(num_samples)
        noise_z = self._noise(self.latent_features, num_samples, generator)
        noise_x = self._noise(self.observed_features, num_samples, generator)
        with self.asked():
            x = torch.zeros_like(noise_x)
            for _ in range(max(1, self.network.observed_depth if self.network else 1)):
                z = self.prior_transform(noise_z, x)
                x = self.decoder.draw(self._decoder_inputs(z, x), noise_x).to(noise_x.dtype)
        return x, noise_z

    def reconstruct(self, x: Points, num_samples: int = 32, generator: torch.Generator | None = None) -> Tensor:
        """The decoder's mean, averaged over draws of z ~ q(z | x).

        Arguments:
            x, num_samples, generator: As for :meth:`elbo`.

        Returns:
            Shape ``(*R, N, D)``, in raw units.

        Raises:
            InputError: As :meth:`elbo`.
        """
        check_count(num_samples)
        x = self.standardized(x)
        mean = 0.0
        with self.asked():
            for _ in range(num_samples):
                z, _ = self.draw_posterior(x, self._latent_noise(x, generator))
                mean = mean + self.decoder(self._decoder_inputs(z, x)) / num_samples
        return self.units.raw(mean)

    def posterior(self, x: Points) -> AmortizedPosterior:
        """The amortized posterior q(z | x) of each point, a distribution; x in raw units."""

        def draw(x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
            with self.asked(graph=True):
                return self.draw_posterior(x, self._latent_noise(x, generator))

        def density(z: Tensor, x: Tensor) -> Tensor:
            with self.asked(graph=True):
                return self.posterior_log_prob(z, x)

        return AmortizedPosterior(self.standardized(x), self.latent_features, draw, density)

    def _all_sums(self, x: Tensor, num_samples: int, at_once: int, generator, num_workers: int) -> Tensor:
        """The :func:`~sirenvae.objectives.iwae.log_sums` of each standardized point, shape ``(2, *R, N)``."""
        num_points = x.shape[-2]
        per_pass = max(1, at_once // num_points)
        counts = (min(per_pass, num_samples - start) for start in range(0, num_samples, per_pass))
        noises = (self._noise(self.latent_features, count * num_points, generator) for count in counts)
        shares = x.chunk(num_workers, dim=-2)  # of the points, so that no more rows are under way than with one worker
        tasks = (
            partial(self._log_weight_sums, share, own)
            for noise in noises
            for share, own in zip(shares, noise.unflatten(-2, (-1, num_points)).chunk(num_workers, -2), strict=True)
        )
        found = side_by_side(tasks, num_workers)
        return torch.cat([add_sums(found[i :: len(shares)]) for i in range(len(shares))], dim=-1)

    def _log_weight_sums(self, x: Tensor, noise: Tensor) -> Tensor:
        """The sums over S draws for each point; noise ``(*R, S, N, K)``."""
        draws, num_points = noise.shape[-3:-1]
        repeated = x.repeat(*[1] * len(self.replicas), draws, 1)
        log_weights = self.standard_elbo(repeated, noise.flatten(-3, -2))
        return log_sums(log_weights.unflatten(-1, (draws, num_points)).movedim(-2, 0))

    def joint_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        """log p(x, z) of latents ``(*R, N, K)`` and standardized points ``(*R, N, D)``: shape ``(*R, N)``, nats."""
        return self.decoder.log_prob(x, self._decoder_inputs(z, x)) + self.prior_log_prob(z, x)

    def _log_densities(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x | z), log p(z), log q(z | x) at one draw of z per point; x standardized."""
        z, log_posterior = self.draw_posterior(x, noise)
        log_likelihood = self.decoder.log_prob(x, self._decoder_inputs(z, x))
        return log_likelihood, self.prior_log_prob(z, x), log_posterior

    def _decoder_inputs(self, z: Tensor, x: Tensor) -> Tensor:
        return torch.cat([z, x], dim=-1) if self._decodes_observed else z

    def _latent_noise(self, x: Tensor, generator) -> Tensor:
        return self._noise(self.latent_features, x.shape[-2], generator)

    def _noise(self, features: int, num_points: int, generator) -> Tensor:
        shape = (*self.replicas, num_points, features)
        return torch.randn(shape, generator=generator, dtype=self.dtype, device=self.device)
