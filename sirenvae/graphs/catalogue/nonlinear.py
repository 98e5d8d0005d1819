"""Networks that are not normal: a linear-Gaussian network with every mean bent, and a small arithmetic circuit."""

from __future__ import annotations

import networkx as nx
import numpy as np

from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian, Variable
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.graphs.network import BayesianNetwork

GAIN, SHIFT = 2.0, 0.8
_NUM_DRAWS, _MOST_NUMBERS = 100_000, 20_000_000


def tanh_network(linear: BayesianNetwork, name: str) -> BayesianNetwork:
    r"""The same graph and roots, but every other variable saturates in its parents.

    .. math::
        v_i \mid \mathrm{pa}(v_i) \sim N\left(\mu_i + \tau_i\, \mathrm{std}[\tanh(2 t_i + 0.8)],\ \sigma_i^2\right)

    Here :math:`t_i` is the predictor that :math:`v_i` has in the linear network, a weighted sum of its parents; it and
    std[.] are both standardized: less the mean and over the standard deviation that they have in the *new* network.
    :math:`\mu_i` is the linear network's mean of :math:`v_i`, :math:`\tau_i^2` the part of its variance that the
    parents explain and :math:`\sigma_i^2` the rest. So every variable keeps its mean, its variance and its share of
    explained variance.

    The moments are taken over 100,000 draws (fewer beyond 200 variables) of a frozen stream and kept to twelve digits,
    since processors round sums in their own ways: the numbers are the same everywhere, and means and deviations are
    kept to about 0.3 % of a standard deviation.

    Arguments:
        linear: A network with linear-Gaussian conditionals.
        name: Of the new network.

    Returns:
        The new network, with the same observed variables.

    Raises:
        InputError: If a conditional is missing or not linear Gaussian.
    """
    mean, covariance, _ = joint_moments(linear)
    stream = np.random.RandomState(0)  # the one stream of numpy that never changes
    num_draws = min(_NUM_DRAWS, _MOST_NUMBERS // len(linear.variables))
    values: dict[Variable, np.ndarray] = {}
    conditionals: dict[Variable, Conditional] = {}
    for v in linear.topological_order:
        row = linear.position[v]
        explained = max(float(covariance[row, row] - linear.conditionals[v].variance), 0.0)
        conditionals[v] = _bent(linear.conditionals[v], values, float(mean[row]), explained)
        noise = stream.standard_normal(num_draws)
        values[v] = conditionals[v].mean(values) + np.sqrt(conditionals[v].variance) * noise
    return BayesianNetwork(linear.dag, linear.observed, conditionals, name=name)


def _bent(linear: LinearGaussian, values: dict, mean: float, explained: float) -> Conditional:
    """The conditional that saturates, given draws of the parents, its mean and the variance that they explain."""
    predictor = np.asarray(linear.predictor(values))
    if not predictor.std() > 0:
        return linear
    scale = GAIN / float(predictor.std())
    offset = SHIFT - scale * float(predictor.mean())
    link = np.tanh(scale * predictor + offset)
    amplitude = np.sqrt(explained) / float(link.std())
    slopes = {parent: _kept(scale * slope) for parent, slope in linear.coefficients.items()}
    intercept = _kept(mean - amplitude * float(link.mean()))
    return TanhGaussian(intercept, slopes, linear.variance, _kept(amplitude), _kept(offset))


def _kept(number: float) -> float:
    """To twelve significant digits."""
    return float(f"{number:.12g}")


def circuit(name: str = "circuit") -> BayesianNetwork:
    """A small arithmetic circuit: two inputs are added and multiplied, and what comes out is amplified and read.

    The sum saturates at two levels, the product of inputs is skewed, and a gain multiplies the saturated sum by a third
    input, which makes heavy tails. The numbers are ours; circuits of this kind are a common test of structured flows.
    """
    table: dict[str, Conditional] = {
        "a": LinearGaussian(0.5, {}, 0.4),
        "b": LinearGaussian(-0.5, {}, 0.4),
        "c": LinearGaussian(0.0, {}, 1.0),
        "sum": TanhGaussian(0.0, {"a": 1.5, "b": 1.5}, 0.3, amplitude=1.8, offset=0.0),
        "product": ProductGaussian(0.0, {"a": 1.5, "b": 1.0}, 0.3),
        "gain": ProductGaussian(0.0, {"sum": 1.0, "c": 1.0}, 0.3),
        "x1": LinearGaussian(0.0, {"product": 1.0, "sum": 0.5}, 0.2),
        "x2": LinearGaussian(0.0, {"gain": 1.0, "sum": 0.5}, 0.2),
        "x3": TanhGaussian(0.0, {"product": 1.5}, 0.1, amplitude=1.5, offset=1.0),
        "x4": LinearGaussian(0.0, {"c": 0.8}, 0.3),
    }
    dag = nx.DiGraph()
    dag.add_nodes_from(table)
    dag.add_edges_from((parent, v) for v, conditional in table.items() for parent in conditional.coefficients)
    return BayesianNetwork(dag, None, table, name=name)
