"""Edges that an inverse does not need: what they cost is a question of the experiments."""

from __future__ import annotations

import random
from dataclasses import replace

from sirenvae.errors import InputError
from sirenvae.graphs.inversion.inverse import Inverse
from sirenvae.graphs.network import BayesianNetwork


def with_extra_edges(network: BayesianNetwork, inverse: Inverse, num_edges: int, seed: int) -> Inverse:
    """An inverse with further edges at random places, which keeps its elimination order and so has no cycle.

    Arguments:
        network: Its network.
        inverse: Of which all latents were eliminated.
        num_edges: How many more; into a latent, from an observed variable or from a latent that was eliminated later.
        seed: Of the places. The first edges of a seed are the same whatever `num_edges` is.

    Returns:
        The inverse; faithful if it was, for it claims less.

    Raises:
        InputError: If there is no room for so many.

    Source:
        Webb et al., Faithful Inversion of Generative Models (2018), section 4.1 and Figure 8; where the edges go is
        drawn here.
    """
    eliminated = [v for v in inverse.elimination_order if v in set(network.latents)]
    free = [
        (parent, child)
        for place, child in enumerate(eliminated)
        for parent in (*eliminated[place + 1 :], *network.observed)
        if not inverse.dag.has_edge(parent, child)
    ]
    if num_edges > len(free):
        raise InputError(f"The inverse has room for {len(free)} more edges, but {num_edges} were asked for.")
    random.Random(seed).shuffle(free)
    dag = inverse.dag.copy()
    dag.add_edges_from(free[:num_edges])
    return replace(inverse, dag=dag, steps=[])
