"""Examples that show what an inverse gets wrong or gives away."""

from __future__ import annotations

from sirenvae.graphs.inversion import Inverse
from sirenvae.graphs.judging.proofs import Independence, independence, report
from sirenvae.graphs.network import BayesianNetwork


def false_claim(network: BayesianNetwork, inverse: Inverse) -> Independence | None:
    """An independence that the inverse asserts and the network denies: why it is not faithful.

    Of a latent given its parents; few parents and a short path are looked for first.

    Arguments:
        network, inverse: The network and its inverse.

    Returns:
        The claim, with the path in the network that refutes it, or ``None`` if the inverse is faithful.
    """
    for v in sorted(inverse.elimination_order, key=inverse.dag.in_degree):
        parents = set(inverse.dag.pred[v])
        others = [u for u in network.variables if u != v and u not in parents]
        answers = (independence(network, inverse, v, u, parents) for u in others)
        claims = [answer for answer in answers if answer.in_inverse and not answer.in_network]
        if claims:
            return min(claims, key=lambda claim: len(claim.network_path))
    return None


def spare_edge(network: BayesianNetwork, inverse: Inverse) -> Independence | None:
    """A parent (y) that a latent (x) does not need beside its others: why the inverse is not minimal."""
    for v in sorted(inverse.elimination_order, key=inverse.dag.in_degree):
        parents = network.in_declared_order(inverse.dag.pred[v])
        for parent in parents:
            answer = independence(network, inverse, v, parent, set(parents) - {parent})
            if answer.in_network:
                return answer
    return None


def lost_independence(network: BayesianNetwork, inverse: Inverse) -> Independence | None:
    """An independence of the network that the inverse does not assert, the price of turning arrows around.

    Of the local independencies that were found lost, the one with the fewest given variables.
    """
    lost = report(network, inverse).lost
    return min(lost, key=lambda answer: len(answer.given), default=None)
