"""What a factor of an inference network may be, as distributions of torch's kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal, TransformedDistribution
from torch.distributions.transforms import AffineTransform

from sirenvae.errors import InputError
from sirenvae.flows.spline import RationalQuadraticSpline
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

    def roles(self) -> str:
        """Of each of the P parameters: ``l`` for a location, ``s`` for the log of a scale, ``-`` for another one."""
        return "ls"


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

    def roles(self) -> str:
        """As for :class:`GaussianFamily`."""
        return "".join(role * self.num_components for role in "-ls")


@dataclass(frozen=True)
class FlowFamily:
    """A flow of one variable: shift and scale, then a monotone spline, carry it to a standard normal one.

    Source:
        Durkan et al., Neural Spline Flows (2019).
    """

    num_bins: int = 8

    @property
    def num_parameters(self) -> int:
        """A shift, the log of a scale, and those of the spline."""
        return 3 * self.num_bins + 1

    def factor(self, parameters: Tensor) -> Distribution:
        """Shape ``(*, P)`` to a distribution of batch shape ``(*)``."""
        return FlowFactor(parameters)

    def sample(self, parameters: Tensor, generator: torch.Generator | None) -> Tensor:
        """A draw of each factor, shape ``(*)``."""
        shape, like = parameters.shape[:-1], parameters
        noise = torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        return FlowFactor(parameters).from_noise(noise)

    def first(self) -> Tensor:
        """Parameters to start from, shape ``(P,)``: the standard normal distribution."""
        return torch.zeros(self.num_parameters)

    def roles(self) -> str:
        """As for :class:`GaussianFamily`."""
        return "ls" + "-" * (self.num_parameters - 2)


class FlowFactor(TransformedDistribution):
    """What a shift, a scale and a spline carry to a standard normal variable.

    Arguments:
        parameters: Shape ``(*, P)``: shift, log scale, then those of a spline.
    """

    def __init__(self, parameters: Tensor):
        shift, log_scale = parameters[..., 0], parameters[..., 1]
        self.spline, self.shift, self.log_scale = RationalQuadraticSpline(parameters[..., 2:]), shift, log_scale
        base = Normal(torch.zeros_like(shift), torch.ones_like(shift), validate_args=False)
        parts = [self.spline.inv, AffineTransform(shift, log_scale.exp())]
        super().__init__(base, parts, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density, nats; as the parent's, with one look at the spline instead of two."""
        noise, log_slope = self.spline.forward_and_log_slope((value - self.shift) * (-self.log_scale).exp())
        return self.base_dist.log_prob(noise) + log_slope - self.log_scale

    def from_noise(self, noise: Tensor) -> Tensor:
        """Carry standard normal noise to a draw."""
        return self.shift + self.log_scale.exp() * self.spline.inverse_and_log_slope(noise)[0]


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

    def roles(self) -> str:
        """As for :class:`GaussianFamily`."""
        return "-" * self.num_parameters


FAMILIES = {"gaussian": GaussianFamily, "mixture": MixtureFamily, "flow": FlowFamily}
_SIZED = {"mixture": "components", "flow": "bins"}


def family_named(name: str):
    """A family by its name: one of :data:`FAMILIES`, where it has a size also with another one, as in ``"mixture-5"``.

    Raises:
        InputError: If there is no such family, or its size is below 2.

    Example:
        >>> family_named("mixture"), family_named("mixture-5"), family_named("flow-12")
        (MixtureFamily(num_components=3), MixtureFamily(num_components=5), FlowFamily(num_bins=12))
    """
    kind, dash, size = name.partition("-")
    if kind not in FAMILIES or (dash and kind not in _SIZED):
        raise InputError(f"The family {name!r} does not exist; it is one of {', '.join(FAMILIES)}.")
    if not dash:
        return FAMILIES[kind]()
    if not size.isdecimal() or int(size) < 2:
        raise InputError(f"A {kind} has at least 2 {_SIZED[kind]}, written as {kind}-5, but {name!r} came.")
    return FAMILIES[kind](int(size))


def family_over(network: BayesianNetwork, name: str | None, variables: Sequence) -> tuple:
    """The family of the factors of some variables of a network, and its name; by default the simplest one.

    Raises:
        InputError: If there is no such family, or it is not for variables of this kind.
    """
    if not network.is_discrete:
        name = name or "gaussian"
        return family_named(name), name
    if name not in (None, CATEGORICAL):
        raise InputError(f"The variables of {network.name} have states, so no factor is of the family {name!r}.")
    return CategoricalFamily(tuple(len(network.states[v]) for v in variables)), CATEGORICAL
