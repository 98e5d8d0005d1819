"""Exact answers of a discrete network: marginals given any evidence, and how probable the evidence is.

Variables are eliminated by pgmpy, which is imported when it is first asked.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.quoting import listed, shown
from sirenvae.models.states import check_states

Evidence = Mapping[Variable, "str | int"]


def true_marginals(network: BayesianNetwork, evidence: Evidence | None = None) -> dict[Variable, Categorical]:
    """The exact distribution of every variable that is not in the evidence, given the evidence.

    Arguments:
        network: A discrete network.
        evidence: For some variables the state that each is in, by its name or its number. Any variables: which of them
            the network calls observed is not heeded.

    Returns:
        By variable, in declared order; ``probs`` are in the order of ``network.states``, float64.

    Raises:
        InputError: If the network has no tables, there is no such variable or state, the evidence has probability 0 or
            leaves no variable, or pgmpy is missing.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> true_marginals(load_network("asia"), {"xray": "yes"})["lung"].probs
        tensor([0.4887, 0.5113], dtype=torch.float64)

    Source:
        Zhang & Poole, A simple approach to Bayesian network computations (1994); pgmpy's contraction of tensors.
    """
    known = network.state_numbers(evidence or {})
    hidden = [v for v in network.variables if v not in known]
    if not hidden:
        raise InputError(f"The evidence has all variables of {network.name}, so nothing is left to ask.")
    found = {v: _joint_with(network, v, known) for v in hidden}
    if not found[hidden[0]].sum() > 0:
        words = listed((f"{shown(v)} = {shown(network.states[v][number])}" for v, number in known.items()), 40)
        raise InputError(f"The evidence {words} has probability 0 in {network.name}, so nothing follows from it.")
    return {v: Categorical(logits=torch.from_numpy(joint).log(), validate_args=False) for v, joint in found.items()}


def true_log_evidence(network: BayesianNetwork, evidence: Evidence) -> float:
    """The log probability of evidence in a discrete network, in nats; minus infinity where it cannot be.

    Arguments:
        network, evidence: As for :func:`true_marginals`; the evidence may have all variables.

    Raises:
        InputError: If the network has no tables, there is no such variable or state, or pgmpy is missing.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> round(true_log_evidence(load_network("asia"), {"asia": "yes", "smoke": "no"}), 4)  # log(.01 * .5)
        -5.2983
    """
    known = network.state_numbers(evidence)
    hidden = next((v for v in network.variables if v not in known), None)
    if hidden is None:
        tables = ((v, network.conditionals[v].given(known)) for v in network.variables)
        probability = math.prod(float(row[known[v]]) for v, row in tables)
    else:
        probability = float(_joint_with(network, hidden, known).sum())
    return math.log(probability) if probability > 0 else -math.inf


def log_evidence_of_points(network: BayesianNetwork, x: Tensor) -> Tensor:
    """The log evidence of state numbers of the observed variables: ``(*, D)`` to ``(*)``, float64, nats."""
    check_states(network, x, network.observed)
    rows, where = torch.unique(x.reshape(-1, x.shape[-1]).long(), dim=0, return_inverse=True)
    found = [true_log_evidence(network, dict(zip(network.observed, row, strict=True))) for row in rows.tolist()]
    return torch.tensor(found, dtype=torch.float64)[where].reshape(x.shape[:-1])


def _joint_with(network: BayesianNetwork, variable: Variable, known: Mapping[Variable, int]) -> np.ndarray:
    """p(v, evidence) for each state of v, shape ``(S,)``."""
    place, known = network.position, {str(network.position[u]): number for u, number in known.items()}
    factor = _eliminator(network).query([str(place[variable])], known, show_progress=False)
    return np.asarray(factor.values, dtype=np.float64)


@lru_cache(maxsize=8)
def _eliminator(network: BayesianNetwork):
    """pgmpy's, over factors instead of conditionals: so its answers are not normalized, and hold the evidence too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what pgmpy imports
        try:
            from pgmpy.factors.discrete import TabularCPD
            from pgmpy.inference import VariableElimination
            from pgmpy.models import DiscreteBayesianNetwork
        except ModuleNotFoundError as error:
            words = "pip install 'sirenvae[discrete]' brings it"
            raise InputError(f"Exact marginals need {error.name}; {words}.") from error
        name = {v: str(place) for v, place in network.position.items()}
        theirs = DiscreteBayesianNetwork()
        theirs.add_nodes_from(name.values())
        theirs.add_edges_from((name[a], name[b]) for a, b in network.dag.edges)
        for v, table in network.conditionals.items():
            numbers = table.probabilities.reshape(-1, len(table.states)).T
            sizes = list(table.probabilities.shape[:-1])
            theirs.add_cpds(TabularCPD(name[v], len(table.states), numbers, [name[p] for p in table.parents], sizes))
        return VariableElimination(theirs.to_markov_model())
