"""sirenvae: Bayesian networks, their inverses, graphical residual flows and the VAEs built from them."""

from sirenvae.errors import InputError
from sirenvae.graphs import *  # noqa: F403
