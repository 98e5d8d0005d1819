"""Reference learners against finite differences, autograd, exact truths and independent implementations."""

from __future__ import annotations

import sys

import networkx as nx
import numpy as np
import pytest
import torch
from random_networks import random_network
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

import sirenvae as sv
from sirenvae.errors import InputError
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.truth.linear_likelihood import ObservedLikelihood, maximize
from sirenvae.truth.references import (
    REFERENCES,
    LinearNetworkReference,
    _folds,
    _held_out_nll,
    _moments,
    _ridge_and_floor,
    fit_reference,
)

LINEAR = ("linear_gaussian_bn", "linear_gaussian_bn_ridge")
# Observed roots, observed inner variables, a barren latent, all in one.
MIXED = random_network(9, seed=3, observed={0, 2, 3, 5, 7})


def small_network() -> sv.BayesianNetwork:
    """Two latents in a chain, two leaves under one of them and three under the other."""
    edges = {"a": {}, "b": {"a": 0.8}, "u": {"a": 1.2}, "v": {"a": -0.7}}
    edges |= {"w": {"b": 1.0}, "x": {"b": 0.6}, "y": {"b": -1.1}}
    dag = nx.DiGraph()
    dag.add_nodes_from(edges)
    dag.add_edges_from((p, v) for v, parents in edges.items() for p in parents)
    conditionals = {v: sv.LinearGaussian(2.0, parents, 0.5) for v, parents in edges.items()}
    return sv.BayesianNetwork(dag, None, conditionals, name="small")


def two_factors(num_leaves: int) -> sv.BayesianNetwork:
    """Two latents, each a parent of every leaf."""
    dag = nx.DiGraph([(factor, f"x{i}") for factor in "ab" for i in range(num_leaves)])
    rng = np.random.default_rng(0)
    conditionals = {v: sv.LinearGaussian(0, {p: rng.normal() for p in dag.predecessors(v)}, 0.5) for v in dag}
    return sv.BayesianNetwork(dag, None, conditionals)


def covariance_of(network: sv.BayesianNetwork) -> np.ndarray:
    seen = columns(network, network.observed)
    return joint_moments(network)[1][np.ix_(seen, seen)]


def parameters_of(network: sv.BayesianNetwork) -> np.ndarray:
    """The network's own numbers, latents in units of their noise."""
    unit = {v: 1.0 if v in network.observed else network.conditionals[v].variance ** 0.5 for v in network.variables}
    edges = ObservedLikelihood(network).edges
    slopes = [network.conditionals[child].coefficients[parent] * unit[parent] / unit[child] for parent, child in edges]
    return np.array([*slopes, *(np.log(network.conditionals[v].variance) for v in network.observed)])


def excess(network: sv.BayesianNetwork, reference) -> float:
    x, _ = sv.sample_network(network, 2000, seed=77)
    return (sv.true_log_prob(network, x) - reference.log_prob(x)).mean().item()


@pytest.mark.parametrize("network", [small_network(), MIXED, random_network(12, seed=5)])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_gradient_is_that_of_finite_differences(network, ridge):
    likelihood, rng = ObservedLikelihood(network), np.random.default_rng(0)
    noise = rng.normal(size=(30, len(network.observed)))
    data = noise.T @ noise / 30
    point = likelihood.random_start(rng) + 0.1 * rng.normal(size=len(likelihood.random_start(rng)))
    error = check_grad(
        lambda p: likelihood.value_and_gradient(p, data, ridge)[0],
        lambda p: likelihood.value_and_gradient(p, data, ridge)[1],
        point,
        epsilon=1e-6,
    )
    assert error < 1e-4 * np.linalg.norm(likelihood.value_and_gradient(point, data, ridge)[1])


def test_gradient_is_that_of_autograd():
    likelihood, rng = ObservedLikelihood(MIXED), np.random.default_rng(1)
    noise = rng.normal(size=(30, len(MIXED.observed)))
    data = noise.T @ noise / 30
    point = likelihood.random_start(rng)
    parameters = torch.tensor(point, requires_grad=True)
    size, num_edges, ridge = len(MIXED.variables), len(likelihood.edges), 0.2
    rows, cols = zip(*((MIXED.position[c], MIXED.position[p]) for p, c in likelihood.edges), strict=True)
    slopes = torch.zeros(size, size, dtype=torch.float64).index_put(
        (torch.tensor(rows), torch.tensor(cols)), parameters[:num_edges]
    )
    seen = torch.tensor(columns(MIXED, MIXED.observed))
    noise = torch.ones(size, dtype=torch.float64).index_put((seen,), parameters[num_edges:].exp())
    effect = torch.linalg.inv(torch.eye(size, dtype=torch.float64) - slopes)[seen]
    model = (effect * noise) @ effect.T
    value = 0.5 * (torch.logdet(model) + torch.trace(torch.linalg.solve(model, torch.tensor(data))))
    value = value + 0.5 * ridge * (parameters[:num_edges] ** 2).sum()
    value.backward()
    found, gradient = likelihood.value_and_gradient(point, data, ridge)
    assert found == pytest.approx(value.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, parameters.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("network", [small_network(), MIXED, sv.load_network("arth150")])
def test_the_truth_is_a_fixed_point(network):
    likelihood, truth, data = ObservedLikelihood(network), parameters_of(network), covariance_of(network)
    np.testing.assert_allclose(likelihood.covariance(truth), data, rtol=1e-10, atol=1e-12)
    _, gradient = likelihood.value_and_gradient(truth, data)
    assert abs(gradient).max() < 1e-9
    np.testing.assert_allclose(maximize(likelihood, data, truth).parameters, truth, atol=1e-9)


def test_a_random_start_finds_the_truth_in_exact_moments():
    network = sv.load_network("ecoli70")
    likelihood, data = ObservedLikelihood(network), covariance_of(network)
    scale = np.sqrt(np.diagonal(data))
    standard = data / np.outer(scale, scale)
    best = likelihood.value_and_gradient(parameters_of(network), data)[0] - np.log(scale).sum()
    rng = np.random.default_rng(0)
    values = [maximize(likelihood, standard, likelihood.random_start(rng)).value for _ in range(3)]
    assert min(values) == pytest.approx(best, abs=2e-3)
    assert min(values) > best - 1e-9


def test_floor_and_ridge_are_kept():
    likelihood, rng = ObservedLikelihood(small_network()), np.random.default_rng(0)
    data = np.corrcoef(rng.normal(size=(6, 5)), rowvar=False)
    start = likelihood.random_start(rng)
    free = maximize(likelihood, data, start, ridge=0.01, floor=0.2).parameters
    tight = maximize(likelihood, data, start, ridge=1.0, floor=0.2).parameters
    num_edges = len(likelihood.edges)
    assert np.exp(free[num_edges:]).min() == pytest.approx(0.2)
    assert np.linalg.norm(tight[:num_edges]) < 0.5 * np.linalg.norm(free[:num_edges])


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("network", [small_network(), MIXED])
def test_likelihood_is_that_of_the_fitted_network(name, network):
    x, _ = sv.sample_network(network, 60, seed=0)
    reference = fit_reference(name, network, 100 + 7 * x)
    fresh = 100 + 7 * sv.sample_network(network, 50, seed=1)[0]
    assert isinstance(reference, LinearNetworkReference)
    torch.testing.assert_close(sv.true_log_prob(reference.network, fresh), reference.log_prob(fresh), rtol=0, atol=1e-8)


def test_standard_units_describe_the_same_density():
    x, _ = sv.sample_network(MIXED, 60, seed=0)
    reference = fit_reference("linear_gaussian_bn", MIXED, 100 + 7 * x)
    seen, size = columns(MIXED, MIXED.observed), len(MIXED.variables)
    total_effect = np.linalg.inv(np.eye(size) - reference.slopes.numpy())
    effect = (total_effect * reference.deviations.numpy())[seen]
    scale = reference.scale.numpy()
    mean = reference.location.numpy() + scale * (total_effect @ reference.intercepts.numpy())[seen]
    np.testing.assert_allclose(mean, reference.mean, rtol=1e-12)
    np.testing.assert_allclose(effect @ effect.T * np.outer(scale, scale), reference.covariance, rtol=1e-8)
    latents = columns(MIXED, MIXED.latents)
    assert (reference.deviations[latents] == 1).all()


@pytest.mark.parametrize("name", REFERENCES)
def test_log_prob_is_that_of_scipy(name):
    network = small_network()
    x, _ = sv.sample_network(network, 40, seed=2)
    reference = fit_reference(name, network, x.numpy())
    expected = multivariate_normal(reference.mean.numpy(), reference.covariance.numpy()).logpdf(x.numpy())
    np.testing.assert_allclose(reference.log_prob(x), expected, atol=1e-9)
    assert reference.log_prob(x[0]).shape == ()


@pytest.mark.parametrize("name", REFERENCES)
def test_units_do_not_matter(name):
    network = small_network()
    x, _ = sv.sample_network(network, 40, seed=2)
    units = torch.tensor([1e-3, 5.0, 1e4, 1.0, 30.0], dtype=torch.float64)
    plain, scaled = fit_reference(name, network, x), fit_reference(name, network, 3 + x * units)
    difference = plain.log_prob(x) - scaled.log_prob(3 + x * units) - units.log().sum()
    assert difference.abs().max() < 1e-3


@pytest.mark.parametrize("name", LINEAR)
def test_recovers_the_truth_from_many_points(name):
    network = small_network()
    x, _ = sv.sample_network(network, 100 * len(network.variables), seed=4)
    assert excess(network, fit_reference(name, network, x)) < 0.05


def test_from_few_points_knowing_the_structure_pays():
    network = sv.load_network("ecoli70")
    x, _ = sv.sample_network(network, 2 * len(network.variables), seed=4)
    found = {name: excess(network, fit_reference(name, network, x)) for name in REFERENCES}
    assert found["linear_gaussian_bn_ridge"] < found["linear_gaussian_bn"] < 0.9
    assert all(0.9 < found[name] < 1.7 for name in ("factor_analysis", "ledoit_wolf"))
    assert found["independent_gaussians"] > 6


def test_independent_gaussians_and_ledoit_wolf_in_closed_form():
    from sklearn.covariance import ledoit_wolf

    network = small_network()
    x = sv.sample_network(network, 40, seed=2)[0].numpy()
    independent = fit_reference("independent_gaussians", network, x)
    np.testing.assert_allclose(independent.covariance, np.diag(x.var(axis=0)), rtol=1e-12)
    standard, scale = (x - x.mean(axis=0)) / x.std(axis=0), x.std(axis=0)
    expected = ledoit_wolf(standard)[0] * np.outer(scale, scale)
    np.testing.assert_allclose(fit_reference("ledoit_wolf", network, x).covariance, expected, rtol=1e-10)


def test_factor_analysis_finds_the_number_of_factors_and_is_that_of_the_points():
    from sklearn.decomposition import FactorAnalysis

    network = two_factors(num_leaves=8)
    x, _ = sv.sample_network(network, 500, seed=0)
    reference = fit_reference("factor_analysis", network, x)
    assert reference.settings == {"num_factors": 2}
    direct = FactorAnalysis(2, tol=1e-8, max_iter=10_000, svd_method="lapack").fit(x.numpy())
    np.testing.assert_allclose(reference.covariance, direct.get_covariance(), atol=0.02)


def test_folds_share_out_every_point_once():
    x = np.random.default_rng(0).normal(size=(23, 2))
    folds = _folds(x, seed=0)
    assert sum(held_out.count for _, held_out in folds) == 23
    assert all(kept.count + held_out.count == 23 for kept, held_out in folds)
    np.testing.assert_allclose(sum(held_out.count * held_out.mean for _, held_out in folds), x.sum(axis=0))


def test_held_out_score_is_that_of_scipy():
    x = np.random.default_rng(0).normal(size=(23, 2))
    mean, covariance = np.array([0.3, -1.0]), np.array([[2.0, 0.4], [0.4, 0.5]])
    expected = -multivariate_normal(mean, covariance).logpdf(x).sum() - 23 * np.log(2 * np.pi)
    assert _held_out_nll(mean, covariance, _moments(x)) == pytest.approx(expected)


def test_the_chosen_ridge_and_floor_are_the_best_of_a_search_from_random_starts():
    network = small_network()
    likelihood, rng = ObservedLikelihood(network), np.random.default_rng(9)
    x = sv.sample_network(network, 20, seed=2)[0].numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    starts = [likelihood.random_start(rng) for _ in range(3)]

    def score(ridge: float, floor: float) -> float:
        total = 0.0
        for kept, held_out in _folds(x, seed=0):
            found = [maximize(likelihood, kept.covariance, start, ridge / kept.count, floor) for start in starts]
            best = min(found, key=lambda maximum: maximum.value).parameters
            total += _held_out_nll(kept.mean, likelihood.covariance(best), held_out)
        return total

    scores = {(ridge, floor): score(ridge, floor) for ridge in (1.0, 2.0, 4.0, 8.0, 16.0) for floor in (0.01, 0.1, 0.2)}
    assert _ridge_and_floor(likelihood, x, seed=0) == min(scores, key=scores.get)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_seed_decides_everything(name):
    network = small_network()
    x, _ = sv.sample_network(network, 30, seed=2)
    first, second = (fit_reference(name, network, x, seed=5) for _ in range(2))
    assert torch.equal(first.covariance, second.covariance)


def test_very_few_points_still_give_a_density():
    network = two_factors(num_leaves=8)
    x, _ = sv.sample_network(network, 5, seed=0)
    for name in REFERENCES:
        assert fit_reference(name, network, x).log_prob(x).isfinite().all(), name


def test_a_network_without_edges_or_with_unseen_latents():
    dag = nx.DiGraph()
    dag.add_nodes_from("abc")
    network = sv.BayesianNetwork(dag, {"a", "b"})
    x = np.random.default_rng(0).normal(size=(30, 2))
    reference = fit_reference("linear_gaussian_bn", network, x)
    np.testing.assert_allclose(reference.covariance, np.diag(x.var(axis=0)), rtol=1e-3)
    root_only = sv.BayesianNetwork(nx.DiGraph([("a", "b"), ("a", "c")]), {"a"})
    assert (fit_reference("linear_gaussian_bn", root_only, x[:, :1]).slopes == 0).all()


def spoiled(x: torch.Tensor, kind: str) -> torch.Tensor:
    x = x.clone()
    if kind == "nan":
        x[3, 1] = torch.nan
    if kind == "constant":
        x[:, 2] = 7.3
    return {"few": x[:1], "columns": x[:, :4], "flat": x[0]}.get(kind, x)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("nan", "NaN or infinite in row 3"),
        ("constant", "w is constant"),
        ("few", "at least"),
        ("columns", r"\(N, 5\)"),
        ("flat", r"\(N, 5\)"),
    ],
)
def test_bad_data_are_refused(name, kind, words):
    network = small_network()
    x, _ = sv.sample_network(network, 20, seed=0)
    with pytest.raises(InputError, match=words):
        fit_reference(name, network, spoiled(x, kind))


def test_fewer_points_than_folds_and_other_bad_calls_are_refused():
    network = small_network()
    x, _ = sv.sample_network(network, 4, seed=0)
    for name in ("factor_analysis", "linear_gaussian_bn_ridge"):
        with pytest.raises(InputError, match="at least 5 points, but 4"):
            fit_reference(name, network, x)
    with pytest.raises(InputError, match="no reference 'lasso'"):
        fit_reference("lasso", network, x)
    with pytest.raises(InputError, match=r"shape \(\*, 5\)"):
        fit_reference("independent_gaussians", network, x).log_prob(x[:, :3])


@pytest.mark.parametrize(
    ("name", "package"), [("ledoit_wolf", "sklearn.covariance"), ("linear_gaussian_bn", "scipy.optimize")]
)
def test_missing_package_is_named(name, package, monkeypatch):
    monkeypatch.delitem(sys.modules, "sirenvae.truth.linear_likelihood")
    monkeypatch.setitem(sys.modules, package, None)
    x, _ = sv.sample_network(small_network(), 20, seed=0)
    with pytest.raises(InputError, match=rf"{name} needs {package}; pip install 'sirenvae\[references\]'"):
        sv.fit_reference(name, small_network(), x)
    assert sv.fit_reference("independent_gaussians", small_network(), x).log_prob(x).isfinite().all()
