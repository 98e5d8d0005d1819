"""Bayesian networks, their inverses and the checks on them. No torch here."""

from sirenvae.graphs.files import network_to_json, parse_network, read_network
from sirenvae.graphs.inversion import EliminationStep, Inverse, eliminate, explain, invert, moralizing_edges
from sirenvae.graphs.linear_gaussian import observed_entropy
from sirenvae.graphs.named import about_network, load_network, network_names
from sirenvae.graphs.network import BayesianNetwork, LinearGaussian
from sirenvae.graphs.separation import is_faithful, is_minimal, is_natural

__all__ = [
    "BayesianNetwork",
    "EliminationStep",
    "Inverse",
    "LinearGaussian",
    "about_network",
    "eliminate",
    "explain",
    "invert",
    "is_faithful",
    "is_minimal",
    "is_natural",
    "load_network",
    "moralizing_edges",
    "network_names",
    "network_to_json",
    "observed_entropy",
    "parse_network",
    "read_network",
]
