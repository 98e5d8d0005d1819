"""Parents that elimination leaves behind and that nobody needs: where a latent has no observed descendant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import networkx as nx

from sirenvae.graphs.inversion.inverse import PruningStep
from sirenvae.graphs.network import BayesianNetwork, Variable
from sirenvae.graphs.separation import border


def prune(network: BayesianNetwork, parents: Mapping[Variable, tuple[Variable, ...]]) -> Iterator[PruningStep]:
    """Find the parents of a faithful inverse that are redundant, one at a time.

    Only where some latent has no observed descendant can there be any, and only next to it; the search is exact.

    Arguments:
        network: The network that was inverted.
        parents: The parents of each eliminated variable.

    Yields:
        One step per redundant parent; the separating set is what remains of the child's parents.
    """
    barren = barren_latents(network)
    if not barren:
        return
    doubtful = set().union(*(part for part in nx.weakly_connected_components(network.dag) if part & barren))
    for child, candidates in parents.items():
        if child not in doubtful:
            continue
        kept = set(candidates)
        while redundant := kept - border(network.dag, child, set(), kept):
            parent = network.in_declared_order(redundant)[0]
            kept.remove(parent)
            yield PruningStep(child, parent, network.in_declared_order(kept))


def barren_latents(network: BayesianNetwork) -> set[Variable]:
    """The latents without an observed descendant."""
    seen: set[Variable] = set()
    waiting = list(network.observed)
    while waiting:
        for parent in network.dag.pred[waiting.pop()]:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return set(network.latents) - seen
