"""sirenvae: Bayesian networks, their inverses, graphical residual flows and the VAEs built from them.

What needs torch is imported when it is first asked for, so that a page which only draws graphs starts quickly.
"""

from importlib import import_module

from sirenvae.errors import InputError
from sirenvae.graphs import *  # noqa: F403
from sirenvae.graphs import __all__ as _graph_names

_LAZY = {
    "ConvergenceError": "sirenvae.flows",
    "GraphicalResidualFlow": "sirenvae.flows",
    "Reference": "sirenvae.models",
    "SIReNVAE": "sirenvae.models",
    "VanillaVAE": "sirenvae.models",
    "fit_reference": "sirenvae.models",
    "sample_network": "sirenvae.models",
    "true_log_prob": "sirenvae.models",
    "true_log_prob_and_error": "sirenvae.models",
    "true_posterior": "sirenvae.models",
    "Recipe": "sirenvae.recipes",
    "Selection": "sirenvae.selection",
    "reference_results": "sirenvae.experiments.reference_results",
    "fit": "sirenvae.training",
    "load_model": "sirenvae.checkpoints",
    "resume_fit": "sirenvae.checkpoints",
    "save_fit": "sirenvae.checkpoints",
    "save_model": "sirenvae.checkpoints",
}

__all__ = ["InputError", *_graph_names, *_LAZY]


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'sirenvae' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__():
    return sorted(__all__)
