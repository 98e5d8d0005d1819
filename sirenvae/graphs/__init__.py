"""Bayesian networks, their inverses and the checks on them. No torch here."""

from sirenvae.graphs.comparison import InverseDifference, compare_inverses, toggled
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian
from sirenvae.graphs.edits import change_network, changes_between
from sirenvae.graphs.elimination import EliminationStep
from sirenvae.graphs.factors import elimination_factors
from sirenvae.graphs.files import network_to_json, parse_network, read_network
from sirenvae.graphs.gap import posterior_gap
from sirenvae.graphs.generate import generate_network
from sirenvae.graphs.inversion import Inverse, PruningStep, eliminate, invert, moralizing_edges
from sirenvae.graphs.linear_gaussian import observed_entropy
from sirenvae.graphs.named import about_network, load_network, network_names
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.nonlinear import tanh_network
from sirenvae.graphs.proofs import (
    Independence,
    InverseReport,
    independence,
    is_faithful,
    is_minimal,
    is_natural,
    report,
)
from sirenvae.graphs.race import Racer, race
from sirenvae.graphs.replay import graphs_at, step_to_graphml, step_to_json
from sirenvae.graphs.structure import MarkovBlanket, longest_path, markov_blanket, treewidth_bound
from sirenvae.graphs.words import explain, explain_answer, explain_difference

__all__ = [
    "BayesianNetwork",
    "Conditional",
    "EliminationStep",
    "Independence",
    "Inverse",
    "InverseDifference",
    "InverseReport",
    "LinearGaussian",
    "MarkovBlanket",
    "ProductGaussian",
    "PruningStep",
    "Racer",
    "TanhGaussian",
    "about_network",
    "change_network",
    "changes_between",
    "compare_inverses",
    "eliminate",
    "elimination_factors",
    "explain",
    "explain_answer",
    "explain_difference",
    "generate_network",
    "graphs_at",
    "independence",
    "invert",
    "is_faithful",
    "is_minimal",
    "is_natural",
    "load_network",
    "longest_path",
    "markov_blanket",
    "moralizing_edges",
    "network_names",
    "network_to_json",
    "observed_entropy",
    "parse_network",
    "posterior_gap",
    "race",
    "read_network",
    "report",
    "step_to_graphml",
    "step_to_json",
    "tanh_network",
    "toggled",
    "treewidth_bound",
]
