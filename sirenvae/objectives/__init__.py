"""What is maximized and reported, each formula once: log densities in, nats out."""

from sirenvae.objectives.elbo import elbo
from sirenvae.objectives.iwae import effective_sample_size, iwae_bound

__all__ = ["effective_sample_size", "elbo", "iwae_bound"]
