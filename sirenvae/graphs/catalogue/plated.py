"""Networks with plates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import networkx as nx

from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.plates import Plate, unrolled_edges

_MOST_DATA = 1000


def plated_network(
    variables: Iterable[str],
    edges: Iterable[tuple[str, str]],
    plates: Sequence[Plate],
    observed: Iterable[str] | None = None,
    name: str = "network",
) -> BayesianNetwork:
    """A network that is written with plates, unrolled.

    Arguments:
        variables: Templates and variables in no plate, in declared order.
        edges: Between them, see :func:`~sirenvae.graphs.plates.unrolled_edges`.
        plates: Whose members are among `variables`.
        observed: Templates and variables; ``None`` means the leaves.
        name: What to call it.

    Raises:
        InputError: As :class:`BayesianNetwork`.
    """
    home = {member: plate for plate in plates for member in plate.members}
    dag = nx.DiGraph()
    dag.add_nodes_from(copy for v in variables for copy in (home[v].copies(v) if v in home else (v,)))
    dag.add_edges_from(unrolled_edges(edges, plates))
    seen = None if observed is None else [c for v in observed for c in (home[v].copies(v) if v in home else (v,))]
    return BayesianNetwork(dag, seen, name=name, plates=tuple(plates))


def gaussian_mixture_network(num_data: int) -> BayesianNetwork:
    """The structure of a Bayesian mixture: what data share is above, a component for each datum in the plate.

    All parameters of the components are one variable, theta. It is declared before phi, so that of two that are equally
    cheap to eliminate theta goes first, and the inverse has q(phi | x) q(theta | x, phi) as in the paper.

    Source:
        Webb et al., Faithful Inversion (2018), section 3.3.
    """
    edges = [("phi", "z"), ("theta", "x"), ("z", "x")]
    plate = Plate("data", num_data, ("z", "x"))
    return plated_network(("theta", "phi", "z", "x"), edges, [plate], name=f"gaussian-mixture-{num_data}")


def mixture_size(name: str) -> int | None:
    """N of the name ``gaussian-mixture-N``, or ``None`` for other names."""
    match = re.fullmatch(r"gaussian-mixture-(\d{1,4})", name)
    size = int(match[1]) if match else 0
    return size if 2 <= size <= _MOST_DATA else None
