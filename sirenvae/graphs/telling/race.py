"""All rules of inversion on one network, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from sirenvae.graphs.inversion import Inverse, PruningStep, invert
from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.judging.proofs import is_faithful, is_minimal, is_natural
from sirenvae.graphs.network import BayesianNetwork

RACERS = (
    ("nami", "topological"),
    ("nami", "reverse"),
    ("stuhlmueller", "topological"),
    ("mean_field", "topological"),
    ("fully_connected", "topological"),
)


@dataclass(frozen=True)
class Racer:
    """What one rule made of a network.

    Attributes:
        method, order: The rule, see :func:`sirenvae.invert`.
        num_edges: Edges of the inverse.
        largest_parent_set: Parents of the latent that has most.
        num_fill_edges: Edges that elimination added; ``None`` for rules that do not eliminate.
        running_edges: Edges of the inverse after 0, 1, 2, ... steps.
        faithful, natural: See :func:`sirenvae.is_faithful` and :func:`sirenvae.is_natural`; ``None`` if not asked for.
        minimal: See :func:`sirenvae.is_minimal`; ``None`` also for an inverse that is not faithful.
        seconds: What the inversion took.
    """

    method: str
    order: str
    num_edges: int
    largest_parent_set: int
    num_fill_edges: int | None
    running_edges: tuple[int, ...]
    faithful: bool | None
    minimal: bool | None
    natural: bool | None
    seconds: float


def race(
    network: BayesianNetwork, racers: Iterable[tuple[str, str]] = RACERS, *, judged: bool = True
) -> Iterator[Racer]:
    """Invert a network by every rule.

    Arguments:
        network: The network.
        racers: Pairs of method and order.
        judged: Whether to check faithful, minimal and natural; of a thousand variables that takes seconds.

    Yields:
        One racer for each rule.

    Example:
        >>> from sirenvae.graphs.catalogue.named import load_network
        >>> [racer.num_edges for racer in race(load_network("binary-tree-4"))][:2]
        [35, 30]
    """
    for method, order in racers:
        start = time.perf_counter()
        inverse = invert(network, order, method=method)
        seconds = time.perf_counter() - start
        yield _racer(network, inverse, judged, seconds)


def running_edges(inverse: Inverse) -> tuple[int, ...]:
    """How many edges the inverse has after 0, 1, 2, ... steps: a latent brings its parents, a dropped parent goes."""
    prunings = [step for step in inverse.steps if isinstance(step, PruningStep)]
    gains = [inverse.dag.in_degree(v) for v in inverse.elimination_order]
    for step in prunings:  # the latent had this parent when it was eliminated
        gains[inverse.elimination_order.index(step.child)] += 1
    return tuple(accumulate([*gains, *[-1] * len(prunings)], initial=0))


def _racer(network: BayesianNetwork, inverse: Inverse, judged: bool, seconds: float) -> Racer:
    fills = [len(step.fill_edges) for step in inverse.steps if isinstance(step, EliminationStep)]
    faithful = is_faithful(network, inverse) if judged else None
    return Racer(
        inverse.method,
        inverse.order,
        inverse.dag.number_of_edges(),
        max(inverse.dag.in_degree(v) for v in inverse.elimination_order),
        sum(fills) if inverse.steps else None,
        running_edges(inverse),
        faithful,
        is_minimal(network, inverse) if faithful else None,
        is_natural(network, inverse) if judged else None,
        seconds,
    )
