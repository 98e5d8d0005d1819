"""Latent-variable models, and what they are measured against: the exact truth and reference learners."""

from sirenvae.models.references import REFERENCES, LinearNetworkReference, Reference, fit_reference
from sirenvae.models.siren_vae import SIReNVAE
from sirenvae.models.structures import STRUCTURES, Structure, structure_of
from sirenvae.models.truth import sample_network, true_log_prob, true_log_prob_and_error, true_posterior
from sirenvae.models.vanilla_vae import VanillaVAE

__all__ = [
    "REFERENCES",
    "STRUCTURES",
    "LinearNetworkReference",
    "Reference",
    "SIReNVAE",
    "Structure",
    "VanillaVAE",
    "fit_reference",
    "sample_network",
    "structure_of",
    "true_log_prob",
    "true_log_prob_and_error",
    "true_posterior",
]
