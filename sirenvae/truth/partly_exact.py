"""A SIReN-VAE some of whose parts are not learned but the true ones: prior, decoder, or both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, ProductGaussian, TanhGaussian
from sirenvae.graphs.conditionals import Variable
from sirenvae.models.siren_vae import SIReNVAE
from sirenvae.models.units import KeepsDigits
from sirenvae.truth.evidence import sample_network

PARTS = ("prior", "decoder")
_NUM_DRAWS = 10_000  # that a latent's unit is taken from; any unit would do, one near 1 is easy to learn in


class PartlyExactVAE(SIReNVAE):
    """A SIReN-VAE of the true structure whose prior, decoder or both are those of the network, without parameters.

    Where one part is exact the others have to take its latents as they are. The model's latents are the network's,
    less their mean and over their standard deviation. A decoder beside the exact prior starts at the linear regression
    of the observed variables on their parents: which way round a latent is would else be found at random, while the
    prior's weight is small, and the exact prior cannot follow.

    Arguments:
        network: A network with conditionals.
        exact: Some of :data:`PARTS`.
        linear: Whether what is learned of prior and posterior has linear parts, see :class:`SIReNVAE`.
        replicas: Leading shape R of all weights.

    Raises:
        InputError: If there is no such part, or the network has no conditionals.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> model = PartlyExactVAE(load_network("fork"), exact=("prior", "decoder"))
        >>> sorted({name.partition(".")[0] for name, _ in model.named_parameters()})
        ['encoder', 'posterior_affine']
    """

    def __init__(
        self,
        network: BayesianNetwork,
        exact: Iterable[str] = PARTS,
        *,
        linear: bool = True,
        replicas: tuple[int, ...] = (),
    ):
        super().__init__(network, linear=linear, replicas=replicas)
        self.exact = tuple(exact)
        self.settings = {"exact": self.exact, "linear": linear}
        unknown = [part for part in self.exact if part not in PARTS]
        if unknown:
            raise InputError(f"There is no exact {unknown[0]}; the parts are {', '.join(PARTS)}.")
        self.joint_units = JointUnits(network, replicas)
        if "prior" in self.exact:
            self.prior, self.prior_affine = ExactConditionals(network, network.latents, self.joint_units), None
        if "decoder" in self.exact:
            self.decoder = ExactDecoder(network, self.joint_units)
        elif "prior" in self.exact:
            self._start_at_regression()

    @torch.no_grad()
    def _start_at_regression(self) -> None:
        weight, seen = self.decoder.linear.weight, self.decoder.linear.mask.bool()
        x, z = (
            (values - values.mean(dim=0)) / values.std(dim=0) for values in sample_network(self.network, _NUM_DRAWS)
        )
        parents = torch.cat([z, x], dim=-1)
        for i, row in enumerate(seen):
            chosen = row.nonzero().flatten()
            if len(chosen):
                weight[..., i, chosen] = torch.linalg.lstsq(parents[:, chosen], x[:, i]).solution.to(weight)

    def standardize(self, x) -> None:
        super().standardize(x)
        self.joint_units.location[..., self.latent_features :] = self.location
        self.joint_units.scale[..., self.latent_features :] = self.scale

    def prior_distribution(self, x: Tensor) -> Distribution:
        return _ExactPrior(self, x) if "prior" in self.exact else super().prior_distribution(x)

    def prior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        if "prior" not in self.exact:
            return super().prior_log_prob(z, x)
        return self.prior.log_prob(torch.cat([z, x], dim=-1))

    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        if "prior" not in self.exact:
            return super().prior_transform(noise, x)
        z = torch.zeros_like(noise)
        for _ in self.network.latents:  # at least one more latent has all its parents drawn after each round
            z = (self.prior(torch.cat([z, x], dim=-1)) + self.prior.scale() * noise).to(noise.dtype)
        return z


class _ExactPrior(Distribution):
    """The network's p(z), given the observed parents of latents, in the model's units."""

    arg_constraints: ClassVar = {}
    has_rsample = True

    def __init__(self, model: PartlyExactVAE, x: Tensor):
        self._model, self._x = model, x
        super().__init__(x.shape[:-1], torch.Size([model.latent_features]), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of latents ``(*R, N, K)``, shape ``(*R, N)``, in nats per standard unit."""
        return self._model.prior_log_prob(value, self._x)

    def rsample(self, sample_shape=()) -> Tensor:
        """Draws, shape ``(*S, *R, N, K)``."""
        shape = self._extended_shape(torch.Size(sample_shape))
        noise = torch.randn(shape, dtype=self._x.dtype, device=self._x.device)
        rows = noise.reshape(-1, *self.batch_shape, *self.event_shape)
        return torch.stack([self._model.prior_transform(row, self._x) for row in rows]).reshape(shape)


class JointUnits(KeepsDigits):
    """What the standard units of latents and observed variables are in the network's raw ones.

    Those of the latents are taken from draws of the network, those of the observed variables are set later.

    Arguments:
        network: A network with conditionals.
        replicas: Leading shape R.

    Attributes:
        location, scale: Shape ``(*R, 1, K + D)``, latents first.
    """

    def __init__(self, network: BayesianNetwork, replicas: tuple[int, ...] = ()):
        super().__init__()
        _, z = sample_network(network, _NUM_DRAWS)
        num_observed, shape = len(network.observed), (*replicas, 1, len(network.variables))
        location = torch.cat([z.mean(dim=0), z.new_zeros(num_observed)])
        scale = torch.cat([z.std(dim=0), z.new_ones(num_observed)])
        self.register_buffer("location", location.expand(shape).clone())
        self.register_buffer("scale", scale.expand(shape).clone())


class ExactConditionals(KeepsDigits):
    """The network's own density of some of its variables given their parents, without parameters.

    It computes in float64, since between standard and raw units digits would be lost, and answers in the precision of
    what came.

    Arguments:
        network: A network with conditionals.
        variables: All its latents or all its observed variables.
        units: Of everything that comes and goes here.
    """

    def __init__(self, network: BayesianNetwork, variables: Sequence[Variable], units: JointUnits):
        super().__init__()
        self.units = units
        self._columns = slice(0, len(variables)) if variables == network.latents else slice(-len(variables), None)
        conditionals = [network.conditionals[v] for v in variables]
        place = {v: i for i, v in enumerate((*network.latents, *network.observed))}
        slopes = np.zeros((len(variables), len(place)))
        for row, conditional in zip(slopes, conditionals, strict=True):
            for parent, slope in conditional.coefficients.items():
                row[place[parent]] = slope
        tanh = [isinstance(c, TanhGaussian) for c in conditionals]
        self._constant("slopes", slopes)
        self._constant("intercept", [c.intercept for c in conditionals])
        self._constant("deviation", [math.sqrt(c.variance) for c in conditionals])
        self._constant("saturates", tanh, torch.bool)
        self._constant("amplitude", [c.amplitude if t else 0.0 for c, t in zip(conditionals, tanh, strict=True)])
        self._constant("offset", [c.offset if t else 0.0 for c, t in zip(conditionals, tanh, strict=True)])
        self._products = {
            i: sorted(place[parent] for parent in c.coefficients)  # one whose factor is zero counts too
            for i, c in enumerate(conditionals)
            if isinstance(c, ProductGaussian)
        }

    def _constant(self, name: str, values, dtype: torch.dtype | None = None) -> None:
        """A buffer that is no part of the state: the network has it."""
        values = torch.as_tensor(np.asarray(values), dtype=dtype or torch.float64)
        self.register_buffer(name, values, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Means given the parents in values, shape ``(*R, N, K + D)``, latents first; as many columns as variables."""
        raw = values.double() * self.units.scale + self.units.location
        predictor = raw @ self.slopes.mT
        if self._products:
            predictor = predictor.clone()
        for i, parents in self._products.items():
            predictor[..., i] = (self.slopes[i, parents] * raw[..., parents]).prod(dim=-1)
        bent = torch.where(self.saturates, self.amplitude * torch.tanh(self.offset + predictor), predictor)
        location, scale = (unit[..., self._columns] for unit in (self.units.location, self.units.scale))
        return ((self.intercept + bent - location) / scale).to(values.dtype)

    def scale(self) -> Tensor:
        """Standard deviations of the noise, shape ``(*R, 1, variables)``."""
        return self.deviation / self.units.scale[..., self._columns]

    def log_prob(self, values: Tensor) -> Tensor:
        """Log density of the variables given their parents, shape ``(*R, N)``, in nats per standard unit."""
        scale = self.scale()
        deviation = (values[..., self._columns] - self(values)) / scale
        log_prob = (-0.5 * deviation.square() - scale.log() - 0.5 * math.log(2 * math.pi)).sum(dim=-1)
        return log_prob.to(values.dtype)


class ExactDecoder(nn.Module):
    """The network's p(x | z) in the place of a :class:`~sirenvae.models.likelihoods.GaussianLikelihood`.

    Arguments:
        network: A network with conditionals.
        units: Of z and x.
    """

    has_units = True

    def __init__(self, network: BayesianNetwork, units: JointUnits):
        super().__init__()
        self._conditionals = ExactConditionals(network, network.observed, units)
        self._num_latents, self._num_observed = len(network.latents), len(network.observed)
        self.register_buffer("noise_floor", torch.zeros_like(units.location[..., :1]))  # set by training, not used

    def forward(self, inputs: Tensor) -> Tensor:
        """Means, shape ``(*R, N, D)``, for z or for z and x."""
        missing = self._num_latents + self._num_observed - inputs.shape[-1]
        return self._conditionals(nn.functional.pad(inputs, (0, missing)))

    def scale(self) -> Tensor:
        """Standard deviations, shape ``(*R, 1, D)``."""
        return self._conditionals.scale()

    def log_prob(self, x: Tensor, inputs: Tensor) -> Tensor:
        """Log density of x, shape ``(*R, N)``, in nats."""
        return self._conditionals.log_prob(torch.cat([inputs[..., : self._num_latents], x], dim=-1))

    def draw(self, inputs: Tensor, noise: Tensor) -> Tensor:
        """x for standard normal noise, both of shape ``(*R, N, D)``."""
        return self(inputs) + self.scale() * noise

    def check(self, x: Tensor) -> None:
        """Any numbers may be drawn from normals."""
