"""Train the posterior of a model alone, the rest of it fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.models.base import LatentVariableModel
from sirenvae.models.point_model import check_count
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Source
from sirenvae.objectives import iwae_bound


class PosteriorRefit(Fittable):
    """A model of which :func:`sirenvae.fit` moves the posterior only: units, prior and decoder stay as they are.

    Plenty of fresh points show how good a posterior of this kind can be for this likelihood: rows of x, a table or a
    simulator such as ``sv.network_simulator(network, latents=False)``.

    Arguments:
        model: Trained in place.
        num_draws: K, of z for each point in the importance-weighted bound that is maximized; of one it is the ELBO.

    Raises:
        InputError: If `num_draws` is below 1.

    Source:
        Burda et al., Importance Weighted Autoencoders (2016), for the bound.
    """

    def __init__(self, model: LatentVariableModel, num_draws: int = 1):
        check_count(num_draws)
        super().__init__(model.replicas)
        self.model, self.num_draws = model, num_draws
        self.num_variables, self.decay_strength = model.num_variables, model.decay_strength
        self.num_units = num_draws * model.num_units

    def prepare(self, x, recipes: Sequence) -> None:
        """Nothing: the model has its units."""

    def sources(self, x) -> list[Source]:
        """Points in the model's standard units, as the model has them."""
        return self.model.sources(x)

    def trainable(self) -> dict[str, nn.Parameter]:
        parts = tuple(f"model.{part}." for part in self.model.posterior_parts)
        return {name: value for name, value in self.named_parameters() if name.startswith(parts)}

    def noise(self, num_steps: int, num_points: int, generator: torch.Generator) -> Tensor:
        """Standard normal, shape ``(num_steps, num_points, num_draws times the latents)``."""
        noise = self.model.noise(num_steps, num_points * self.num_draws, generator)
        return noise.reshape(num_steps, num_points, -1)

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """The negative importance-weighted bound."""
        by_draw = noise.unflatten(-1, (self.num_draws, -1)).transpose(-3, -2).flatten(-3, -2)
        repeated = batch.repeat(*[1] * len(self.replicas), self.num_draws, 1)
        log_weights = self.model.standard_elbo(repeated, by_draw, kl_weight)
        return -iwae_bound(log_weights.unflatten(-1, (self.num_draws, -1)).movedim(-2, 0))

    def log_volume(self) -> Tensor:
        return self.model.log_volume()

    def noise_to_signal(self, rows: Tensor) -> float:
        return self.model.noise_to_signal(rows)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.model.rebuilt(replicas), self.num_draws)
