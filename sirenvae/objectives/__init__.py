"""What is maximized and reported, each formula once: log densities in, nats out."""

from sirenvae.objectives.ais import anneal
from sirenvae.objectives.elbo import elbo
from sirenvae.objectives.iwae import effective_sample_size, iwae_bound

__all__ = ["anneal", "effective_sample_size", "elbo", "iwae_bound"]
