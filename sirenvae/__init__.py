"""sirenvae: Bayesian networks, their inverses, graphical residual flows and the VAEs built from them.

What needs torch is imported when it is first asked for, so that a page which only draws graphs starts quickly.
"""

from importlib import import_module

from sirenvae.errors import InputError
from sirenvae.graphs import *  # noqa: F403
from sirenvae.graphs import __all__ as _graph_names

_LAZY = {
    "ConvergenceError": "sirenvae.flows",
    "Chain": "sirenvae.flows",
    "Fittable": "sirenvae.models",
    "FlowDensity": "sirenvae.models",
    "GaussianMixture": "sirenvae.models",
    "GraphicalResidualFlow": "sirenvae.flows",
    "InferenceNetwork": "sirenvae.models",
    "InverseAutoregressive": "sirenvae.flows",
    "LatentStructureVAE": "sirenvae.models",
    "MarginalNetwork": "sirenvae.models",
    "MaskedAffine": "sirenvae.flows",
    "MixtureInference": "sirenvae.models",
    "MixtureSets": "sirenvae.models",
    "Reference": "sirenvae.truth",
    "RelaxedBernoulliVAE": "sirenvae.models",
    "SIReNVAE": "sirenvae.models",
    "VanillaVAE": "sirenvae.models",
    "coverage": "sirenvae.truth.calibration",
    "fit_reference": "sirenvae.truth",
    "adaptive_evidence": "sirenvae.truth.mixtures",
    "ais": "sirenvae.truth.annealed",
    "ais_moves": "sirenvae.truth.annealed",
    "bidirectional": "sirenvae.truth.annealed",
    "importance": "sirenvae.truth.weighted",
    "mixture_importance": "sirenvae.truth.mixtures",
    "least_divergence": "sirenvae.truth.divergence",
    "marginal_divergence": "sirenvae.truth.any_evidence",
    "network_simulator": "sirenvae.truth",
    "posterior_divergence": "sirenvae.truth.divergence",
    "random_evidence": "sirenvae.truth.any_evidence",
    "sample_network": "sirenvae.truth",
    "simulation_ranks": "sirenvae.truth.calibration",
    "true_log_evidence": "sirenvae.truth",
    "true_log_prob": "sirenvae.truth",
    "true_log_prob_and_error": "sirenvae.truth",
    "true_marginals": "sirenvae.truth",
    "true_posterior": "sirenvae.truth",
    "Phases": "sirenvae.training.phases",
    "Recipe": "sirenvae.training.recipes",
    "Selection": "sirenvae.training.selection",
    "reference_results": "sirenvae.experiments.reference_results",
    "fit": "sirenvae.training.fit",
    "load_model": "sirenvae.training.checkpoints",
    "resume_fit": "sirenvae.training.checkpoints",
    "save_fit": "sirenvae.training.checkpoints",
    "save_model": "sirenvae.training.checkpoints",
}

__all__ = ["InputError", *_graph_names, *_LAZY]


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'sirenvae' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__():
    return sorted(__all__)
