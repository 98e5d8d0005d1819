"""What becomes of an inverse when a variable changes its role."""

from __future__ import annotations

from dataclasses import dataclass

from sirenvae.errors import InputError
from sirenvae.graphs.inversion import Inverse
from sirenvae.graphs.network import BayesianNetwork, Variable

Edge = tuple[Variable, Variable]


@dataclass(frozen=True)
class InverseDifference:
    """What one inverse has and another has not; edges parent -> child.

    Attributes:
        gone: Edges of the first alone.
        new: Edges of the second alone.
        turned: Edges of the second that the first has the other way round; they are in neither of the above.
        num_kept: Edges of both.
    """

    gone: tuple[Edge, ...]
    new: tuple[Edge, ...]
    turned: tuple[Edge, ...]
    num_kept: int


def compare_inverses(before: Inverse, after: Inverse) -> InverseDifference:
    """Compare two inverses of the same variables, for example before and after one of them was observed.

    Arguments:
        before, after: The inverses.

    Returns:
        Their difference, edges in the order of the graphs.

    Raises:
        InputError: If they are not of the same variables.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> difference = compare_inverses(invert(net), invert(toggled(net, "G")))
        >>> difference.num_kept, difference.turned
        (8, (('G', 'L'),))
    """
    if set(before.dag) != set(after.dag):
        raise InputError(
            f"Two inverses of the same variables are compared, but one has {len(before.dag)} variables and the other "
            f"{len(after.dag)}, not all the same."
        )
    first, second = set(before.dag.edges), set(after.dag.edges)
    turned = {(b, a) for a, b in first - second} & (second - first)
    return InverseDifference(
        tuple(edge for edge in before.dag.edges if edge not in second and edge[::-1] not in turned),
        tuple(edge for edge in after.dag.edges if edge not in first and edge not in turned),
        tuple(edge for edge in after.dag.edges if edge in turned),
        len(first & second),
    )


def toggled(network: BayesianNetwork, variable: Variable) -> BayesianNetwork:
    """The same network in which one variable has the other role: observed instead of latent, or latent instead.

    Raises:
        InputError: If the variable is unknown, or no latent or no observed variable would be left.
    """
    return network.with_observed(set(network.observed) ^ {variable})
