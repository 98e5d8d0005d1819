"""The amortized posterior of given points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.errors import InputError


@dataclass(frozen=True)
class AmortizedPosterior:
    """q(z | x) of N points: what a model's encoder says of their latents, in the model's own latent units.

    Attributes:
        x: The standardized points, shape ``(*R, N, D)``.
        draw: Takes them and a generator; gives latents ``(*R, N, K)`` and their log density.
        density: Takes latents and the points; gives the log density ``(*R, N)``.
    """

    x: Tensor
    draw: Callable[[Tensor, torch.Generator | None], tuple[Tensor, Tensor]]
    density: Callable[[Tensor, Tensor], Tensor]

    def rsample(self, num_samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Draws that carry gradients, shape ``(num_samples, *R, N, K)``.

        Raises:
            InputError: If `num_samples` is below 1.
        """
        if num_samples < 1:
            raise InputError(f"The number of samples is at least 1, but {num_samples} came.")
        return torch.stack([self.draw(self.x, generator)[0] for _ in range(num_samples)])

    def sample(self, num_samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Draws without a graph; otherwise as :meth:`rsample`."""
        with torch.no_grad():
            return self.rsample(num_samples, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of latents ``(*R, N, K)``, shape ``(*R, N)``, in nats."""
        return self.density(z, self.x)

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
