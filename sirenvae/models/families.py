"""What a factor of an inference network may be, as distributions of torch's kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork

CATEGORICAL = "categorical"


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


@dataclass(frozen=True)
class CategoricalFamily:
    """A probability for each state: logits, of which each variable has as many as states, the others never.

    Arguments:
        num_states: Of each variable.
    """

    num_states: tuple[int, ...]

    @property
    def num_parameters(self) -> int:
        """The most states that a variable has."""
        return max(self.num_states)

    def factor(self, parameters: Tensor) -> Distribution:
        """Shape ``(*, K, P)`` to a distribution of batch shape ``(*, K)``."""
        return Categorical(logits=parameters, validate_args=False)

    def sample(self, parameters: Tensor, generator: torch.Generator | None) -> Tensor:
        """The number of a state for each factor, shape ``(*)``."""
        weights = parameters.softmax(dim=-1)
        chosen = torch.multinomial(weights.flatten(0, -2), 1, generator=generator)
        return chosen.view(weights.shape[:-1]).to(parameters.dtype)

    def first(self) -> Tensor:
        """Parameters to start from, shape ``(K, P)``: all states alike, minus infinity where there is none."""
        there = torch.arange(self.num_parameters) < torch.tensor(self.num_states).unsqueeze(-1)
        return torch.where(there, 0.0, -torch.inf)


FAMILIES = {"gaussian": GaussianFamily, "mixture": MixtureFamily}


def family_name(network: BayesianNetwork, name: str | None) -> str:
    """The family of factors over the variables of a network, by default the simplest one.

    Raises:
        InputError: If there is no such family, or it is not for variables of this kind.
    """
    if network.is_discrete:
        if name not in (None, CATEGORICAL):
            raise InputError(f"The variables of {network.name} have states, so no factor is of the family {name!r}.")
        return CATEGORICAL
    name = name or "gaussian"
    if name not in FAMILIES:
        raise InputError(f"The family {name!r} does not exist; it is one of {', '.join(FAMILIES)}.")
    return name


def family_of(network: BayesianNetwork, name: str, variables: Sequence):
    """The family of that name for the factors of some variables."""
    if name == CATEGORICAL:
        return CategoricalFamily(tuple(len(network.states[v]) for v in variables))
    return FAMILIES[name]()
