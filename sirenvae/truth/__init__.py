"""What models are measured against: exact evidence and posterior, and classical learners."""

from sirenvae.models.simulator import network_simulator
from sirenvae.truth.elimination import true_log_evidence, true_marginals
from sirenvae.truth.evidence import sample_network, true_log_prob, true_log_prob_and_error, true_posterior
from sirenvae.truth.references import REFERENCES, LinearNetworkReference, Reference, fit_reference

__all__ = [
    "REFERENCES",
    "LinearNetworkReference",
    "Reference",
    "fit_reference",
    "network_simulator",
    "sample_network",
    "true_log_evidence",
    "true_log_prob",
    "true_log_prob_and_error",
    "true_marginals",
    "true_posterior",
]
