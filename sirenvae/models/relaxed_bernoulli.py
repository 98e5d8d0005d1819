"""The relaxed Bernoulli VAE: bits as latents, relaxed so that gradients pass through them.

Source:
    Maddison, Mnih & Teh, The Concrete Distribution (2017); Jang, Gu & Poole, Categorical Reparameterization with
    Gumbel-Softmax (2017); Webb et al., Faithful Inversion of Generative Models (2018), section 3.1 and Figure 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Self

import networkx as nx
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.likelihoods import BernoulliLikelihood
from sirenvae.models.relaxed_bits import BitsInOrder, RelaxedBit, logistic
from sirenvae.nets.ordered_net import OrderedNet, ordered_width_for

ENCODERS = ("faithful", "mean_field")
_CAPACITY = 20_000  # active weights of an encoder
_DECODER_FEATURES = 200


class RelaxedBernoulliVAE(LatentVariableModel):
    r"""A VAE whose latents are relaxed bits and whose observed values are bits.

    .. math::
        p(z) = \prod_k \mathrm{RelaxedBernoulli}(z_k; \alpha_k, \lambda_p), \qquad
        q(z \mid x) = \prod_k \mathrm{RelaxedBernoulli}(z_k; \alpha_k(x, z_{<k}), \lambda_q)

    Latents are handed out and taken as *logits*, any real number, in which densities are finite; :meth:`relaxed_bits`
    gives the values between 0 and 1 that the decoder sees.

    Every latent is a parent of every pixel, so any faithful inverse joins all latents: NaMI finds the same one in both
    orders (:meth:`bayesian_network`). Both encoders have one hidden layer, and connections past it from all that a
    latent may look at.

    Arguments:
        num_pixels: D.
        num_latents: K.
        encoder: ``"faithful"``, a MADE in which a latent sees x and the latents before it, or ``"mean_field"``.
        capacity: Most active weights of the encoder, from which its width is solved; or one for each replica.
        decoder_features: Hidden units of the decoder.
        prior_temperature, posterior_temperature: Lambda of prior and posterior.
        replicas: Leading shape R of all weights, for training several at once.

    Attributes:
        num_active: Active weights of the encoder, biases left out; a list with one number for each replica where their
            capacities differ.

    Raises:
        InputError: If a number is below 1, a temperature not positive, there is no such encoder, or the capacity is too
            small for it.

    Example:
        >>> model = RelaxedBernoulliVAE(64, num_latents=5, capacity=2000)
        >>> model.elbo(torch.ones(3, 64)).shape, model.num_active
        (torch.Size([3]), 1986)

    Source:
        Webb et al. (2018), section 3.1; the temperatures 1/2 and 2/3 are those of Maddison et al. (2017), section 5.
        The sizes of the networks are ours, and so are the connections past hidden layers.
    """

    posterior_parts = ("encoder",)

    def __init__(
        self,
        num_pixels: int,
        num_latents: int = 30,
        encoder: str = "faithful",
        *,
        capacity: int | Sequence[int] = _CAPACITY,
        decoder_features: int = _DECODER_FEATURES,
        prior_temperature: float = 1 / 2,
        posterior_temperature: float = 2 / 3,
        replicas: tuple[int, ...] = (),
    ):
        _check_counts(num_pixels=num_pixels, num_latents=num_latents, decoder_features=decoder_features)
        _check_temperatures(prior=prior_temperature, posterior=posterior_temperature)
        if encoder not in ENCODERS:
            raise InputError(f"The encoder {encoder!r} does not exist; it is one of {', '.join(ENCODERS)}.")
        decoder = BernoulliLikelihood(torch.ones(num_pixels, num_latents).bool(), decoder_features, replicas)
        super().__init__([f"x{i}" for i in range(num_pixels)], num_latents, decoder, replicas)
        self.settings = {
            "num_pixels": num_pixels,
            "num_latents": num_latents,
            "encoder": encoder,
            "capacity": capacity if isinstance(capacity, int) else list(capacity),
            "decoder_features": decoder_features,
            "prior_temperature": prior_temperature,
            "posterior_temperature": posterior_temperature,
        }
        ordered = encoder == "faithful"
        if isinstance(capacity, int):
            widths = ordered_width_for(num_latents, num_pixels, capacity, ordered)
        else:
            _check_number(capacity, replicas)
            widths = [ordered_width_for(num_latents, num_pixels, one, ordered) for one in capacity]
        self.encoder = OrderedNet(num_latents, num_pixels, widths, ordered, replicas)
        self.prior_logits = nn.Parameter(torch.zeros(*replicas, 1, num_latents))
        self.num_units += self.encoder.hidden_features + decoder_features

    @property
    def structure(self) -> str:
        """The encoder's name."""
        return self.settings["encoder"]

    @property
    def num_active(self) -> int | list[int]:
        """See above."""
        counts = self.encoder.num_active()
        return counts[0] if len(set(counts)) == 1 else counts

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        capacity = self.settings["capacity"]  # which units a replica keeps is copied with its weights
        most = capacity if isinstance(capacity, int) else max(capacity)
        return type(self)(replicas=replicas, **self.settings | {"capacity": most})

    def at_temperature(self, temperature: float) -> Self:
        """The same model with the same weights, whose posterior has another temperature.

        Raises:
            InputError: If it is not positive.
        """
        settings = self.settings | {"posterior_temperature": temperature}
        model = type(self)(replicas=self.replicas, **settings).to(self.device, self.dtype)
        model.load_state_dict(self.state_dict())
        return model.train(self.training)

    def relaxed_bits(self, z: Tensor) -> Tensor:
        """Latents between 0 and 1, as the decoder sees them, of their logits; the same shape."""
        return torch.sigmoid(z)

    def bayesian_network(self) -> BayesianNetwork:
        """What the model says of independence: latents ``z0`` to ``zK-1``, each a parent of every pixel."""
        latents = [f"z{k}" for k in range(self.latent_features)]
        dag = nx.DiGraph((z, x) for z in latents for x in self.names)
        return BayesianNetwork(dag, observed=self.names, name="relaxed Bernoulli VAE")

    def draw_posterior(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        noise = logistic(noise)
        z = (self._drawn_logits(x, noise) + noise) / self.settings["posterior_temperature"]
        # The density of a draw at its own place depends on the noise alone.
        density = RelaxedBit(self._temperature("posterior", noise), logits=torch.zeros_like(noise), validate_args=False)
        return z, density.log_prob(noise / self.settings["posterior_temperature"]).sum(dim=-1)

    def posterior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        return self.posterior_density(x)(z)

    def posterior_density(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        logits, temperature = self.encoder.beside(x), self._temperature("posterior", x)

        def density(z: Tensor) -> Tensor:
            bits = RelaxedBit(temperature, logits=logits(self.relaxed_bits(z)), validate_args=False)
            return bits.log_prob(z).sum(dim=-1)

        return density

    def prior_distribution(self, x: Tensor) -> Distribution:
        """The same for all points: logits of relaxed bits, shape ``(*R, N, K)``."""
        logits = self.prior_logits.expand(*x.shape[:-1], self.latent_features)
        return Independent(RelaxedBit(self._temperature("prior", x), logits=logits, validate_args=False), 1)

    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        return (self.prior_logits + logistic(noise)) / self.settings["prior_temperature"]

    def _decoder_inputs(self, z: Tensor, x: Tensor) -> Tensor:
        return self.relaxed_bits(z)

    def _temperature(self, of: str, like: Tensor) -> Tensor:
        return like.new_tensor(self.settings[f"{of}_temperature"])

    def _drawn_logits(self, x: Tensor, noise: Tensor) -> Tensor:
        """Logits of the posterior's bits, each drawn before those that look at it, shape ``(*R, N, K)``."""
        if self.structure == "mean_field":
            return self.encoder.beside(x)(noise)
        units, outputs = self.encoder.of_context(x)
        to_hidden, to_output, past = self.encoder.weights()
        temperature = self.settings["posterior_temperature"]
        return BitsInOrder.apply(units, outputs, noise, to_hidden, to_output, past, self.encoder.ends, temperature)


def _check_number(capacities: Sequence[int], replicas: tuple[int, ...]) -> None:
    if len(capacities) != torch.Size(replicas).numel():
        raise InputError(f"There are replicas {replicas}, but {len(capacities)} capacities came, not one for each.")


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise InputError(
                f"The {name.replace('num_', 'number of ').replace('_', ' ')} is at least 1, but {count} came."
            )


def _check_temperatures(**temperatures: float) -> None:
    for name, value in temperatures.items():
        if not 0 < value < math.inf:
            raise InputError(f"The temperature of the {name} must be positive and finite, but {value} came.")
