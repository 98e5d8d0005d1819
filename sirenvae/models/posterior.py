"""The amortized posterior of given points, as a distribution of torch's kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from sirenvae.errors import InputError


class AmortizedPosterior(Distribution):
    """q(z | x) of N points: what a model's encoder says of their latents, in the model's own latent units.

    Its batch shape is ``(*R, N)``, its event shape ``(K,)``. Beside what torch's distributions take, draws take a
    generator.

    Arguments:
        x: The standardized points, shape ``(*R, N, D)``.
        latent_features: K.
        draw: Takes them and a generator; gives latents ``(*R, N, K)`` and their log density.
        density: Takes latents and the points; gives the log density ``(*R, N)``.
    """

    arg_constraints: ClassVar = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        x: Tensor,
        latent_features: int,
        draw: Callable[[Tensor, torch.Generator | None], tuple[Tensor, Tensor]],
        density: Callable[[Tensor, Tensor], Tensor],
    ):
        self._x, self._draw, self._density = x, draw, density
        super().__init__(x.shape[:-1], torch.Size([latent_features]), validate_args=False)

    def rsample(self, sample_shape=(), generator: torch.Generator | None = None) -> Tensor:
        """Draws that carry gradients.

        Arguments:
            sample_shape: S, as torch has it; a number is a shape of one axis.
            generator: Source of randomness; ``None`` is torch's own.

        Returns:
            Shape ``(*S, *R, N, K)``.

        Raises:
            InputError: If there are no samples in this shape.
        """
        shape = torch.Size([sample_shape] if isinstance(sample_shape, int) else sample_shape)
        if any(size < 1 for size in shape):
            raise InputError(f"The number of samples is at least 1, but {sample_shape} came.")
        draws = [self._draw(self._x, generator)[0] for _ in range(shape.numel())]
        return torch.stack(draws).reshape(self._extended_shape(shape))

    def sample(self, sample_shape=(), generator: torch.Generator | None = None) -> Tensor:
        """Draws without a graph; otherwise as :meth:`rsample`."""
        with torch.no_grad():
            return self.rsample(sample_shape, generator)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of latents ``(*S, *R, N, K)``, shape ``(*S, *R, N)``, in nats."""
        shape = self.batch_shape + self.event_shape
        if value.shape[value.ndim - len(shape) :] != shape:
            raise InputError(f"Latents have shape (*, {', '.join(map(str, shape))}), but {tuple(value.shape)} came.")
        rows = value.reshape(-1, *shape)
        return torch.stack([self._density(z, self._x) for z in rows]).reshape(value.shape[:-1])

    def moments(self, num_samples: int = 1000, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Mean ``(*R, N, K)`` and covariance ``(*R, N, K, K)``, estimated from draws.

        Raises:
            InputError: If `num_samples` is below 2.
        """
        if num_samples < 2:
            raise InputError(f"A covariance needs at least 2 samples, but {num_samples} came.")
        draws = self.sample(num_samples, generator)
        mean = draws.mean(dim=0)
        centred = (draws - mean).movedim(0, -2)
        return mean, centred.mT @ centred / (num_samples - 1)
