"""The vanilla VAE: standard normal prior, diagonal Gaussian posterior, dense networks.

Source:
    Kingma & Welling, Auto-Encoding Variational Bayes (2014); Rezende et al. (2014).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sirenvae.flows import standard_normal_log_prob
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.decoder import GaussianDecoder
from sirenvae.nets.masked_linear import MaskedLinear


class VanillaVAE(LatentVariableModel):
    """A VAE that knows of the network only how many latents and observed variables it has.

    Arguments:
        network: The Bayesian network.
        encoder_features: Hidden units of the encoder; by default 2 K + D, as many as a SIReN-VAE's posterior.
        decoder_features: Hidden units of the decoder; by default two for each output.
        replicas: Leading shape R of all weights, for training several at once.

    Source:
        Kingma & Welling, Auto-Encoding Variational Bayes (2014); the baseline of Mouton & Kroon, SIReN-VAE (2022),
        section 3, whose networks are like its decoder's. The linear parts and the encoder's width are ours.
    """

    def __init__(
        self,
        network: BayesianNetwork,
        *,
        encoder_features: int | None = None,
        decoder_features: int | None = None,
        replicas: tuple[int, ...] = (),
    ):
        num_latents, num_observed = len(network.latents), len(network.observed)
        width = 2 * num_latents + num_observed if encoder_features is None else encoder_features
        everything = torch.ones(num_observed, num_latents, dtype=torch.bool)
        super().__init__(network, GaussianDecoder(everything, decoder_features, replicas), replicas)
        self.settings = {"encoder_features": encoder_features, "decoder_features": decoder_features}
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
        mean, log_scale = self._encode(x)
        return standard_normal_log_prob((z - mean) / log_scale.exp()) - log_scale.sum(dim=-1)

    def prior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        return standard_normal_log_prob(z)

    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        return noise

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        both = self.linear(x) + self.output(nn.functional.silu(self.hidden(x)))
        return both.chunk(2, dim=-1)
