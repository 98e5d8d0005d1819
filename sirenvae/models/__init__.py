"""Latent-variable models, and the exact truth they are measured against."""

from sirenvae.models.siren_vae import SIReNVAE
from sirenvae.models.structures import STRUCTURES, Structure, structure_of
from sirenvae.models.truth import sample_network, true_log_prob, true_log_prob_and_error, true_posterior
from sirenvae.models.vanilla_vae import VanillaVAE

__all__ = [
    "STRUCTURES",
    "SIReNVAE",
    "Structure",
    "VanillaVAE",
    "sample_network",
    "structure_of",
    "true_log_prob",
    "true_log_prob_and_error",
    "true_posterior",
]
