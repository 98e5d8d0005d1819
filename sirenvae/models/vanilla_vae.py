"""The vanilla VAE: standard normal prior, diagonal Gaussian posterior, dense networks.

Source:
    Kingma & Welling, Auto-Encoding Variational Bayes (2014); Rezende et al. (2014).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from sirenvae.errors import InputError
from sirenvae.flows import standard_normal_log_prob
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.likelihoods import LIKELIHOODS
from sirenvae.nets.masked_linear import MaskedLinear


class VanillaVAE(LatentVariableModel):
    """A VAE that knows only how many latents and observed variables there are.

    Arguments:
        network: A Bayesian network, of which the numbers and the names are taken; or ``None``.
        num_observed, num_latents: D and K, where there is no network.
        likelihood: ``"gaussian"``, or ``"bernoulli"`` for bits.
        encoder_features: Hidden units of the encoder; by default 2 K + D, as many as a SIReN-VAE's posterior.
        decoder_features: Hidden units of the decoder; by default two for each output.
        replicas: Leading shape R of all weights, for training several at once.

    Raises:
        InputError: If neither a network nor both numbers are given, or there is no such likelihood.

    Example:
        >>> import torch
        >>> VanillaVAE(num_observed=64, num_latents=8, likelihood="bernoulli").elbo(torch.ones(3, 64)).shape
        torch.Size([3])

    Source:
        Kingma & Welling, Auto-Encoding Variational Bayes (2014); the baseline of Mouton & Kroon, SIReN-VAE (2022),
        section 3, whose networks are like its decoder's. The linear parts and the encoder's width are ours.
    """

    posterior_parts = ("hidden", "linear", "output")
    decay_strength = 5.0  # found as that of the SIReN-VAE's structures

    def __init__(
        self,
        network: BayesianNetwork | None = None,
        *,
        num_observed: int | None = None,
        num_latents: int | None = None,
        likelihood: str = "gaussian",
        encoder_features: int | None = None,
        decoder_features: int | None = None,
        replicas: tuple[int, ...] = (),
    ):
        if likelihood not in LIKELIHOODS:
            raise InputError(f"There is no likelihood {likelihood!r}; there are {', '.join(LIKELIHOODS)}.")
        self_made = {"num_observed": num_observed, "num_latents": num_latents}
        names, num_latents = _sizes(network, num_observed, num_latents)
        num_observed = len(names)
        width = 2 * num_latents + num_observed if encoder_features is None else encoder_features
        everything = torch.ones(num_observed, num_latents, dtype=torch.bool)
        decoder = LIKELIHOODS[likelihood](everything, decoder_features, replicas)
        super().__init__(names, num_latents, decoder, replicas, network)
        self.settings = {"encoder_features": encoder_features, "decoder_features": decoder_features}
        self.settings |= {} if likelihood == "gaussian" else {"likelihood": likelihood}
        self.settings |= {} if network else self_made
        self.hidden = MaskedLinear(torch.ones(width, num_observed, dtype=torch.bool), replicas)
        self.linear = MaskedLinear(
            torch.ones(2 * num_latents, num_observed, dtype=torch.bool), replicas, gain=0.1, bias=False
        )
        self.output = MaskedLinear(torch.ones(2 * num_latents, width, dtype=torch.bool), replicas, gain=0.1)

    @property
    def structure(self) -> str:
        """Always ``"vanilla_vae"``."""
        return "vanilla_vae"

    def draw_posterior(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_scale = self._encode(x)
        return mean + log_scale.exp() * noise, standard_normal_log_prob(noise) - log_scale.sum(dim=-1)

    def posterior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        return self.posterior_density(x)(z)

    def posterior_density(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        mean, log_scale = self._encode(x)
        scale, log_volume = log_scale.exp(), log_scale.sum(dim=-1)
        return lambda z: standard_normal_log_prob((z - mean) / scale) - log_volume

    def prior_distribution(self, x: Tensor) -> Distribution:
        """Standard normal, whatever x is."""
        zeros = x.new_zeros(*x.shape[:-1], self.latent_features)
        return Independent(Normal(zeros, torch.ones_like(zeros), validate_args=False), 1)

    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        return noise

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        both = self.linear(x) + self.output(nn.functional.silu(self.hidden(x)))
        return both.chunk(2, dim=-1)


def _sizes(network: BayesianNetwork | None, num_observed: int | None, num_latents: int | None) -> tuple[tuple, int]:
    """Names of the observed variables, and the number of latents."""
    given = num_observed is not None, num_latents is not None
    if network is not None and not any(given):
        return network.observed, len(network.latents)
    if network is not None or not all(given) or num_observed < 1 or num_latents < 1:
        came = f"network={network!r}, num_observed={num_observed}, num_latents={num_latents}"
        raise InputError(f"A VAE needs either a network or two numbers, both at least 1, but {came} came.")
    return tuple(f"x{i}" for i in range(num_observed)), num_latents
