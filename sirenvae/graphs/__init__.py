"""Bayesian networks, their inverses and the checks on them. No torch here."""

from sirenvae.graphs.catalogue.generated import generate_network
from sirenvae.graphs.catalogue.named import about_network, load_network, network_names
from sirenvae.graphs.catalogue.nonlinear import tanh_network
from sirenvae.graphs.catalogue.plated import plated_network
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian
from sirenvae.graphs.edits import change_network, changes_between
from sirenvae.graphs.files import network_to_json, parse_network, read_network
from sirenvae.graphs.inversion import Inverse, PruningStep, change_inverse, eliminate, invert, with_extra_edges
from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.judging.comparison import InverseDifference, compare_inverses, toggled
from sirenvae.graphs.judging.gap import posterior_gap
from sirenvae.graphs.judging.proofs import (
    Independence,
    InverseReport,
    independence,
    is_faithful,
    is_minimal,
    is_natural,
    report,
)
from sirenvae.graphs.judging.structure import (
    MarkovBlanket,
    largest_table,
    longest_path,
    markov_blanket,
    treewidth_bound,
)
from sirenvae.graphs.linear_gaussian import observed_entropy
from sirenvae.graphs.moral import moralizing_edges
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.plates import Plate, SharedFactor, shared_factors
from sirenvae.graphs.tables import ConditionalTable
from sirenvae.graphs.telling.factors import elimination_factors
from sirenvae.graphs.telling.race import Racer, race
from sirenvae.graphs.telling.replay import graphs_at, step_to_graphml, step_to_json
from sirenvae.graphs.telling.words import explain, explain_answer, explain_difference

__all__ = [
    "BayesianNetwork",
    "Conditional",
    "ConditionalTable",
    "EliminationStep",
    "Independence",
    "Inverse",
    "InverseDifference",
    "InverseReport",
    "LinearGaussian",
    "MarkovBlanket",
    "Plate",
    "ProductGaussian",
    "PruningStep",
    "Racer",
    "SharedFactor",
    "TanhGaussian",
    "about_network",
    "change_inverse",
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
    "largest_table",
    "load_network",
    "longest_path",
    "markov_blanket",
    "moralizing_edges",
    "network_names",
    "network_to_json",
    "observed_entropy",
    "parse_network",
    "plated_network",
    "posterior_gap",
    "race",
    "read_network",
    "report",
    "shared_factors",
    "step_to_graphml",
    "step_to_json",
    "tanh_network",
    "toggled",
    "treewidth_bound",
    "with_extra_edges",
]
