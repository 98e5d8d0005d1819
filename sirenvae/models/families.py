"""What a factor of an inference network may be, as distributions of torch's kind."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal


@dataclass(frozen=True)
class GaussianFamily:
    """A normal distribution: a mean and the log of a standard deviation."""

    num_parameters = 2

    def factor(self, parameters: Tensor) -> Distribution:
        """Shape ``(*, P)`` to a distribution of batch shape ``(*)``."""
        mean, log_scale = parameters.unbind(-1)
        return Normal(mean, log_scale.exp(), validate_args=False)

    def sample(self, parameters: Tensor, generator: torch.Generator | None) -> Tensor:
        """A draw of each factor, shape ``(*)``."""
        mean, log_scale = parameters.unbind(-1)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + log_scale.exp() * noise

    def first(self) -> Tensor:
        """Parameters to start from, shape ``(P,)``: the standard normal distribution."""
        return torch.zeros(self.num_parameters)


@dataclass(frozen=True)
class MixtureFamily:
    """A mixture of normal distributions: for each component a logit, a mean, the log of a standard deviation."""

    num_components: int = 3

    @property
    def num_parameters(self) -> int:
        """Three for each component."""
        return 3 * self.num_components

    def factor(self, parameters: Tensor) -> Distribution:
        """Shape ``(*, P)`` to a distribution of batch shape ``(*)``."""
        logits, means, log_scales = parameters.unflatten(-1, (3, self.num_components)).unbind(-2)
        components = Normal(means, log_scales.exp(), validate_args=False)
        return MixtureSameFamily(Categorical(logits=logits, validate_args=False), components, validate_args=False)

    def sample(self, parameters: Tensor, generator: torch.Generator | None) -> Tensor:
        """A draw of each factor, shape ``(*)``."""
        logits, *moments = parameters.unflatten(-1, (3, self.num_components)).unbind(-2)
        weights = logits.softmax(dim=-1)
        chosen = torch.multinomial(weights.flatten(0, -2), 1, generator=generator).view(*weights.shape[:-1], 1)
        own = torch.cat([moment.gather(-1, chosen) for moment in moments], dim=-1)
        return GaussianFamily().sample(own, generator)

    def first(self) -> Tensor:
        """Parameters to start from, shape ``(P,)``: components side by side, so that they can tell who is who."""
        means = torch.linspace(-1.0, 1.0, self.num_components)
        return torch.cat([torch.zeros_like(means), means, torch.full_like(means, -0.3)])


FAMILIES = {"gaussian": GaussianFamily, "mixture": MixtureFamily}
