"""The amortized posterior of given points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from sirenvae.models.base import LatentVariableModel


@dataclass(frozen=True)
class AmortizedPosterior:
    """q(z | x) of N points: what a model's encoder says of their latents, in the model's own latent units.

    Attributes:
        model: The model that was asked.
        x: The standardized points, shape ``(*R, N, D)``.
    """

    model: LatentVariableModel
    x: Tensor

    def rsample(self, num_samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Draws that carry gradients, shape ``(num_samples, *R, N, K)``."""
        return torch.stack([self.model.draw_posterior(self.x, generator)[0] for _ in range(num_samples)])

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of latents ``(*R, N, K)``, shape ``(*R, N)``, in nats."""
        return self.model.posterior_log_prob(z, self.x)

    def moments(self, num_samples: int = 1000, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Mean ``(*R, N, K)`` and covariance ``(*R, N, K, K)``, estimated from draws."""
        with torch.no_grad():
            draws = self.rsample(num_samples, generator)
        mean = draws.mean(dim=0)
        centred = (draws - mean).movedim(0, -2)
        return mean, centred.mT @ centred / (num_samples - 1)
