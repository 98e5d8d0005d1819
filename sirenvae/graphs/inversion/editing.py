"""An inverse of one's own: edges taken away from another one or added to it."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.edits import ARROW, change_network
from sirenvae.graphs.inversion.inverse import Inverse
from sirenvae.graphs.network import BayesianNetwork, Variable

OWN = "own"  # the method of an inverse that was changed by hand
_VERBS = ("add", "remove")


def change_inverse(network: BayesianNetwork, inverse: Inverse, changes: Iterable[str]) -> Inverse:
    """An inverse after some changes to its edges, made one after the other.

    Whether it is faithful then is another question, see :func:`sirenvae.is_faithful` and
    :func:`sirenvae.posterior_gap`.

    Arguments:
        network: The network that was inverted.
        inverse: Its inverse; it stays as it is.
        changes: Each ``"add X > Y"`` or ``"remove X > Y"``, where Y is a latent.

    Returns:
        A new inverse, without steps; one without changes is returned as it is.

    Raises:
        InputError: If a change has another form, names what is not there, adds what is there, leads into an observed
            variable, or if the changes close a directed cycle.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> changed = change_inverse(net, invert(net), ["remove G > I", "add L > D"])
        >>> sorted(changed.dag.pred["D"]), sorted(changed.dag.pred["I"])
        (['G', 'I', 'L'], ['S'])
    """
    changes = list(changes)
    if not changes:
        return inverse
    for change in changes:
        if not change.startswith(_VERBS) or ARROW not in change:
            raise InputError(f"The change {change!r} came; 'add X > Y' or 'remove X > Y' was expected.")
        child = next((v for v in network.observed if change.endswith(f"{ARROW}{v}")), None)
        if child is not None and change.startswith("add"):
            raise InputError(f"An edge of an inverse leads into a latent, but {child} is observed.")
    graph = BayesianNetwork(inverse.dag, network.observed, name=f"the inverse of {network.name}")
    dag = change_network(graph, changes).dag
    return Inverse(dag, _eliminated(network, inverse, dag), [], inverse.order, OWN)


def _eliminated(network: BayesianNetwork, inverse: Inverse, dag: nx.DiGraph) -> list[Variable]:
    """The eliminated variables in an order whose reverse is topological: as near to that before as the edges let it."""
    place = {v: -i for i, v in enumerate(inverse.elimination_order)}
    key = {v: (place.get(v, 1), network.position[v]) for v in network.variables}
    ordered = nx.lexicographical_topological_sort(dag, key=key.__getitem__)
    return [v for v in ordered if v in place][::-1]
