"""Natural minimal inversion (NaMI) of a Bayesian network, and the choice among it and its rivals.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.inversion.elimination import EliminationStep, eliminations
from sirenvae.graphs.inversion.inverse import METHODS, ORDERS, Inverse
from sirenvae.graphs.inversion.min_fill import HEURISTICS
from sirenvae.graphs.inversion.pruning import prune
from sirenvae.graphs.inversion.rivals import RIVALS, latent_order
from sirenvae.graphs.network import BayesianNetwork, Variable


def eliminate(
    network: BayesianNetwork,
    order: str = "topological",
    *,
    heuristic: str = "min_fill",
    weights: Mapping[Variable, float] | None = None,
    include_observed: bool = False,
) -> Iterator[EliminationStep]:
    """Eliminate the latents one by one from the moral graph, cheapest of the frontier first.

    In topological order a latent enters the frontier when its latent parents are gone, in reverse order when its latent
    children are. To eliminate it means to connect its remaining neighbours and to make them its parents in the inverse.
    Of several that are equally cheap the first in the declared order goes, a choice that the paper leaves open.

    Arguments:
        network: The network to invert.
        order: One of :data:`ORDERS`.
        heuristic: What "cheapest" means: ``"min_fill"`` (fewest added edges), ``"weighted_min_fill"`` (the products of
            the weights at the ends of added edges, summed) or ``"min_degree"`` (fewest neighbours).
        weights: For ``"weighted_min_fill"``: a positive number for every variable, its cardinality or dimension.
        include_observed: Go on with the observed variables by the same rule, which completes p(z | x) p(x).

    Yields:
        One step per eliminated variable, first eliminated first.

    Raises:
        InputError: If the order or heuristic does not exist or a weight is missing.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> [step.eliminated for step in eliminate(load_network("student"))]
        ['D', 'I', 'S', 'G', 'L']

    Source:
        Webb et al. (2018), Algorithm 1: lines 7 and 14 for the frontier, 9 for the choice, 10 and 11 for the step; the
        end of step 3-5 of section 2.2 for going on with the observed variables. The heuristics as in Koller & Friedman,
        Probabilistic Graphical Models (2009); the paper's is min-fill.
    """
    _check_choice("order", order, ORDERS)
    _check_choice("heuristic", heuristic, tuple(HEURISTICS))
    groups = [network.latents, network.observed] if include_observed else [network.latents]
    stages = [_waits_for(network, group, order) for group in groups]
    return eliminations(network, stages, heuristic, weights)


def invert(
    network: BayesianNetwork,
    order: str = "topological",
    *,
    method: str = "nami",
    heuristic: str = "min_fill",
    weights: Mapping[Variable, float] | None = None,
    minimal: bool = True,
    include_observed: bool = False,
) -> Inverse:
    """Invert a network.

    The methods: ``"nami"`` runs :func:`eliminate` to its end. ``"stuhlmueller"`` turns the edges around and adds the
    other parents of a latent's children, but nothing that elimination would. ``"mean_field"`` gives each latent the
    observed variables alone. ``"fully_connected"`` gives it these and all later latents.

    Arguments:
        network: The network to invert.
        order: One of :data:`ORDERS`; which latents come first.
        method: One of :data:`METHODS`.
        heuristic, weights, include_observed: For ``"nami"``, see :func:`eliminate`.
        minimal: Remove the redundant parents that the algorithm as printed leaves where a latent has no observed
            descendant. ``False`` gives the algorithm as printed.

    Returns:
        The inverse, with every step it took.

    Raises:
        InputError: If a choice does not exist, or no latent has a neighbour.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> invert(load_network("student")).dag.number_of_edges()
        12

    Source:
        Webb et al. (2018), Algorithm 1; section 1 and Figure 1b for the heuristic inverse of Stuhlmüller et al.,
        Learning Stochastic Inverses (2013), section 1 for the fully connected inverse of Le et al. (2017), section 3.1
        for mean field. The pruning is ours: that the algorithm's inverses are minimal, as Theorem 1 has it, needs an
        observed descendant of every latent.
    """
    _check_choice("order", order, ORDERS)
    _check_choice("method", method, METHODS)
    if not any(network.dag.pred[v] or network.dag.succ[v] for v in network.latents):
        raise InputError(f"No latent of {network.name} has an edge, so there is nothing to invert.")
    if method != "nami":
        parents = RIVALS[method](network, latent_order(network, order))
        return Inverse(_graph(network, parents), list(parents), [], order, method)
    steps = list(eliminate(network, order, heuristic=heuristic, weights=weights, include_observed=include_observed))
    parents = {step.eliminated: step.parents for step in steps}
    if minimal:
        prunings = list(prune(network, parents))
        for pruning in prunings:
            parents[pruning.child] = pruning.separating_set
        steps += prunings
    return Inverse(_graph(network, parents), list(parents), steps, order)


def _waits_for(network: BayesianNetwork, group: tuple[Variable, ...], order: str) -> dict[Variable, list[Variable]]:
    """For each variable of a group those of the group that must go before it."""
    members = set(group)
    before = network.dag.pred if order == "topological" else network.dag.succ
    return {v: [u for u in before[v] if u in members] for v in group}


def _graph(network: BayesianNetwork, parents: Mapping[Variable, tuple[Variable, ...]]) -> nx.DiGraph:
    dag = nx.DiGraph()
    dag.add_nodes_from(network.variables)
    dag.add_edges_from((parent, child) for child, those in parents.items() for parent in those)
    return nx.freeze(dag)


def _check_choice(what: str, choice: str, allowed: tuple[str, ...]) -> None:
    if choice not in allowed:
        raise InputError(f"The {what} {choice!r} does not exist; it is one of {', '.join(allowed)}.")
