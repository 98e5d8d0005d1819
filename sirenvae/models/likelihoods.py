"""p(x | z): masked networks whose outputs see only their parents, and what they say of x."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal

from sirenvae.errors import InputError
from sirenvae.flows.distribution import standard_normal_log_prob
from sirenvae.nets.masked_linear import MaskedLinear
from sirenvae.nets.set_rule import decoder_masks


class Likelihood(nn.Module, ABC):
    r"""A masked linear part plus a masked network, and a distribution around it.

    .. math::
        f_i(v) = a_i^\top v_{\mathrm{pa}(i)} + g_i(v_{\mathrm{pa}(i)})

    Arguments:
        adjacency: Bool, shape ``(D, M)``: which of M inputs each output sees.
        hidden_features: Hidden units; by default two for each output.
        replicas: Leading shape R.

    Attributes:
        has_units: Whether x is a quantity with a unit, so that it is standardized and its density depends on the unit.
    """

    has_units: bool

    def __init__(self, adjacency: Tensor, hidden_features: int | None = None, replicas: tuple[int, ...] = ()):
        super().__init__()
        hidden_features = 2 * len(adjacency) if hidden_features is None else hidden_features
        first, second = decoder_masks(adjacency, hidden_features)
        self.linear = MaskedLinear(adjacency, replicas, bias=False)
        self.hidden = MaskedLinear(first, replicas)
        self.output = MaskedLinear(second, replicas, gain=0.1)

    def natural(self, inputs: Tensor) -> Tensor:
        """f, shape ``(*R, N, D)``, for inputs ``(*R, N, M)``."""
        return self.linear(inputs) + self.output(nn.functional.silu(self.hidden(inputs)))

    @abstractmethod
    def distribution(self, inputs: Tensor) -> Distribution:
        """p(x | z): batch shape ``(*R, N)``, event shape ``(D,)``."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Means, shape ``(*R, N, D)``, for inputs ``(*R, N, M)``."""
        return self.distribution(inputs).mean

    def log_prob(self, x: Tensor, inputs: Tensor) -> Tensor:
        """Log density of x, shape ``(*R, N)``, in nats."""
        return self.distribution(inputs).log_prob(x)

    @abstractmethod
    def draw(self, inputs: Tensor, noise: Tensor) -> Tensor:
        """x for standard normal noise, both of shape ``(*R, N, D)``."""

    def check(self, x: Tensor) -> None:
        """Reject training data that this says nothing of.

        Raises:
            InputError: If a value cannot occur.
        """


class GaussianLikelihood(Likelihood):
    r"""Independent normals whose deviation is one constant per output.

    .. math::
        x_i \sim N\left(f_i(v),\ \text{floor}^2 + e^{2 s_i}\right)

    The floor keeps the deviation from collapsing while the posterior is still poor.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), eq. (4), whose network puts out log sigma too; a constant is ours, and so are
        the linear part and the floor.
    """

    has_units = True

    def __init__(self, adjacency: Tensor, hidden_features: int | None = None, replicas: tuple[int, ...] = ()):
        super().__init__(adjacency, hidden_features, replicas)
        self.log_scale = nn.Parameter(torch.full((*replicas, 1, len(adjacency)), -0.5))
        self.register_buffer("noise_floor", torch.full((*replicas, 1, 1), 0.1))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.natural(inputs)

    def scale(self) -> Tensor:
        """Standard deviations, shape ``(*R, 1, D)``."""
        return torch.sqrt(self.noise_floor.square() + torch.exp(2 * self.log_scale))

    def distribution(self, inputs: Tensor) -> Distribution:
        return Independent(Normal(self(inputs), self.scale(), validate_args=False), 1)

    def log_prob(self, x: Tensor, inputs: Tensor) -> Tensor:
        scale = self.scale()  # torch's normal would take its logarithm for every point
        return standard_normal_log_prob((x - self(inputs)) / scale) - scale.log().sum(dim=-1)

    def draw(self, inputs: Tensor, noise: Tensor) -> Tensor:
        return self(inputs) + self.scale() * noise


class BernoulliLikelihood(Likelihood):
    r"""Independent bits: :math:`P(x_i = 1) = \sigma(f_i(v))`.

    Source:
        Kingma & Welling, Auto-Encoding Variational Bayes (2014), appendix C.1.
    """

    has_units = False

    def distribution(self, inputs: Tensor) -> Distribution:
        return Independent(Bernoulli(logits=self.natural(inputs), validate_args=False), 1)

    def draw(self, inputs: Tensor, noise: Tensor) -> Tensor:
        uniform = torch.special.ndtr(noise)
        return (uniform < torch.sigmoid(self.natural(inputs))).to(noise.dtype)

    def check(self, x: Tensor) -> None:
        other = x[(x != 0) & (x != 1)]
        if other.numel():
            raise InputError(
                f"Bits are 0 or 1, but {other[0].item():g} came; binarize the data first, for instance by x > 0.5."
            )


LIKELIHOODS = {"gaussian": GaussianLikelihood, "bernoulli": BernoulliLikelihood}
