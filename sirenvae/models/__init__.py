"""Models that can be fitted."""

from sirenvae.models.density import FlowDensity
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.inference_network import InferenceNetwork
from sirenvae.models.latent_structure import LatentStructureVAE
from sirenvae.models.marginal_network import MarginalNetwork
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.models.relaxed_bernoulli import RelaxedBernoulliVAE
from sirenvae.models.replicas import Fittable
from sirenvae.models.siren_vae import SIReNVAE
from sirenvae.models.structures import STRUCTURES, Structure, structure_of
from sirenvae.models.vanilla_vae import VanillaVAE

__all__ = [
    "STRUCTURES",
    "Fittable",
    "FlowDensity",
    "GaussianMixture",
    "InferenceNetwork",
    "LatentStructureVAE",
    "MarginalNetwork",
    "MixtureInference",
    "MixtureSets",
    "RelaxedBernoulliVAE",
    "SIReNVAE",
    "Structure",
    "VanillaVAE",
    "structure_of",
]
