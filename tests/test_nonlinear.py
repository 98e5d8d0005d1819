"""Networks that are not normal: their conditionals, draws and evidence."""

import pickle

import networkx as nx
import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.truth.importance import importance_log_prob
from sirenvae.truth.quadrature import Grids
from sirenvae.truth.references import fit_reference

NONLINEAR = ("circuit", "tree-tanh-4", "ecoli70-tanh")


def network_of(conditionals: dict, observed=None) -> sv.BayesianNetwork:
    dag = nx.DiGraph()
    dag.add_nodes_from(conditionals)
    dag.add_edges_from((parent, v) for v, c in conditionals.items() for parent in c.coefficients)
    return sv.BayesianNetwork(dag, observed, conditionals, name="tiny")


@pytest.fixture
def tiny():
    return network_of(
        {
            "a": sv.LinearGaussian(0.3, {}, 1.0),
            "b": sv.TanhGaussian(0.2, {"a": 1.5}, 0.3, amplitude=1.2, offset=-0.4),
            "x": sv.ProductGaussian(0.5, {"a": 0.7, "b": 1.1}, 0.4),
            "y": sv.TanhGaussian(-0.1, {"b": 2.0}, 0.2, amplitude=-0.8, offset=0.1),
        }
    )


def by_hand(a, b, x, y):
    """The tiny network's joint density, written out."""

    def normal(value, mean, variance):
        return np.exp(-0.5 * (value - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)

    return (
        normal(a, 0.3, 1.0)
        * normal(b, 0.2 + 1.2 * np.tanh(-0.4 + 1.5 * a), 0.3)
        * normal(x, 0.5 + 0.77 * a * b, 0.4)
        * normal(y, -0.1 - 0.8 * np.tanh(0.1 + 2.0 * b), 0.2)
    )


def test_evidence_is_the_integral_over_the_latents(tiny):
    x, _ = sv.sample_network(tiny, 12, seed=3)
    a, b = np.meshgrid(np.linspace(-7, 8, 700), np.linspace(-7, 7, 700), indexing="ij")
    area = (15 / 699) * (14 / 699)
    expected = [np.log(by_hand(a, b, *point).sum() * area) for point in x.numpy()]
    np.testing.assert_allclose(sv.true_log_prob(tiny, x), expected, rtol=0, atol=1e-6)
    shaped = sv.true_log_prob(tiny, x.reshape(3, 4, 2))
    np.testing.assert_allclose(shaped.reshape(12), expected, rtol=0, atol=1e-6)


def test_the_evidence_integrates_to_one(tiny):
    x, y = torch.meshgrid(torch.linspace(-16, 18, 130), torch.linspace(-5, 5, 60), indexing="ij")
    density = sv.true_log_prob(tiny, torch.stack([x, y], dim=-1)).exp()
    assert (density.sum() * (34 / 129) * (10 / 59)).item() == pytest.approx(1, abs=1e-6)
    inner = tiny.with_observed(["b"])  # its child x is latent too, and a is latent above it
    b = torch.linspace(-8, 8, 400)
    assert (sv.true_log_prob(inner, b[:, None]).exp().sum() * (16 / 399)).item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("observed", [["b"], ["a", "y"], ["x"], ["b", "x", "y"]])
def test_any_variables_may_be_observed(tiny, observed):
    """The evidence of a, b, x, y all but one, and of fewer, against sums of the joint density over the others."""
    network = tiny.with_observed(observed)
    values, _ = sv.sample_network(network, 3, seed=1)
    grids = {v: np.linspace(-9, 9, 151) for v in "abxy"}
    for point, found in zip(values.numpy(), sv.true_log_prob(network, values), strict=True):
        seen = dict(zip(network.observed, point, strict=True))
        axes = [np.array([seen[v]]) if v in seen else grids[v] for v in "abxy"]
        cell = (18 / 150) ** (4 - len(observed))
        total = by_hand(*np.meshgrid(*axes, indexing="ij", sparse=True)).sum() * cell
        assert found.item() == pytest.approx(np.log(total), abs=1e-6)


@pytest.mark.parametrize("name", ["circuit", "tree-tanh-4", "tree-tanh-6"])
def test_a_finer_grid_changes_nothing(name):
    network = sv.load_network(name)
    x = sv.sample_network(network, 60, seed=5)[0].numpy()
    coarse, fine = Grids(network), Grids(network, resolution=2 if name == "circuit" else 3)
    assert coarse.feasible
    assert abs(coarse.log_prob(x) - fine.log_prob(x)).max() < 1e-6


def test_points_far_out_have_a_small_density_not_none():
    for name in NONLINEAR:
        network = sv.load_network(name)
        far = sv.true_log_prob(network, torch.full((2, len(network.observed)), 40.0))
        assert torch.isfinite(far).all()
        assert (far < -1000).all()


def test_grids_agree_with_the_closed_form_on_linear_networks():
    for name in ("student", "greenhouse", "binary-tree-4"):
        network = sv.load_network(name)
        x, _ = sv.sample_network(network, 30, seed=2)
        np.testing.assert_allclose(Grids(network).log_prob(x.numpy()), sv.true_log_prob(network, x), rtol=0, atol=1e-9)


def test_a_small_bend_is_nearly_linear_and_none_is_independence():
    linear = sv.load_network("student")
    x, _ = sv.sample_network(linear, 20, seed=2)
    bent, cut, apart = {}, {}, {}
    for v, c in linear.conditionals.items():
        slight = {parent: 1e-4 * slope for parent, slope in c.coefficients.items()}
        bent[v] = sv.TanhGaussian(c.intercept, slight, c.variance, amplitude=1e4, offset=0.0)
        cut[v] = sv.TanhGaussian(c.intercept, dict(c.coefficients), c.variance, amplitude=0.0, offset=0.3)
        apart[v] = sv.LinearGaussian(c.intercept, dict.fromkeys(c.coefficients, 0.0), c.variance)
    for conditionals, expected in ((bent, linear.conditionals), (cut, apart)):
        network = sv.BayesianNetwork(linear.dag, linear.observed, conditionals)
        truth = sv.true_log_prob(sv.BayesianNetwork(linear.dag, linear.observed, expected), x)
        np.testing.assert_allclose(sv.true_log_prob(network, x), truth, rtol=0, atol=1e-6)


def test_importance_sampling_agrees_with_the_closed_form_and_with_grids():
    linear = sv.load_network("ecoli70")
    x, _ = sv.sample_network(linear, 60, seed=4)
    cases = [(linear, x, sv.true_log_prob(linear, x))]
    student = sv.tanh_network(sv.load_network("student"), "student-tanh")
    x, _ = sv.sample_network(student, 300, seed=4)
    cases.append((student, x, sv.true_log_prob(student, x)))
    tree = sv.load_network("tree-tanh-4").with_observed(["v1", "v8", "v5", "v13"])  # also observed inner variables
    x, _ = sv.sample_network(tree, 300, seed=4)
    cases.append((tree, x, sv.true_log_prob(tree, x)))
    for network, points, truth in cases:
        found, error = importance_log_prob(network, points.numpy(), num_samples=200)
        scores = (found - truth.numpy()) / error
        assert abs(scores.mean()) < 3.5 / len(points) ** 0.5
        assert 0.7 < scores.std() < 1.4
        assert error.mean() < 0.12


def test_the_bias_of_the_logarithm_is_taken_off():
    network = sv.tanh_network(sv.load_network("student"), "student-tanh")
    x, _ = sv.sample_network(network, 4000, seed=8)
    found, error = importance_log_prob(network, x.numpy(), num_samples=20)
    off = (found - sv.true_log_prob(network, x).numpy()).mean()
    assert (error**2).mean() / 2 > 0.008  # the bias without the correction
    assert abs(off) < 0.008


def test_the_evidence_of_ecoli70_tanh_is_known_to_a_hundredth():
    """20,000 points gave an entropy of 28.95 nats; a point's log evidence has a standard deviation of about 3."""
    network = sv.load_network("ecoli70-tanh")
    x, _ = sv.sample_network(network, 100, seed=6)
    log_prob, error = sv.true_log_prob_and_error(network, x)
    assert -log_prob.mean().item() == pytest.approx(28.95, abs=4 * 3.1 / 100**0.5)
    assert (error**2).mean().sqrt().item() < 0.01 * 1000**0.5 / 3
    again, _ = sv.true_log_prob_and_error(network, x[:50], num_samples=400, seed=1)
    assert (again - log_prob[:50]).mean().item() == pytest.approx(0, abs=0.06)
    assert torch.equal(sv.true_log_prob(network, x[:20]), sv.true_log_prob(network, x[:20]))


@pytest.mark.parametrize("name", NONLINEAR)
def test_draws_follow_the_conditionals(name):
    network = sv.load_network(name)
    x, z = sv.sample_network(network, 40_000, seed=7)
    values = dict(zip(network.observed, x.T.numpy(), strict=True)) | dict(
        zip(network.latents, z.T.numpy(), strict=True)
    )
    assert torch.equal(x, sv.sample_network(network, 40_000, seed=7)[0])
    for v, c in network.conditionals.items():
        noise = (values[v] - c.mean(values)) / np.sqrt(c.variance)
        assert abs(noise.mean()) < 0.03
        assert noise.var() == pytest.approx(1, abs=0.04)
        for parent in c.coefficients:
            assert abs(np.corrcoef(noise, values[parent])[0, 1]) < 0.03


@pytest.mark.parametrize("name", ["ecoli70", "binary-tree-5"])
def test_bending_keeps_means_variances_and_explained_shares(name):
    linear = sv.load_network(name)
    bent = sv.tanh_network(linear, "bent")
    mean, covariance, _ = joint_moments(linear)
    x, last = sv.sample_network(bent.with_observed(bent.variables[:-1]), 40_000, seed=1)
    values = dict(zip(bent.variables, torch.cat([x, last], dim=1).T.numpy(), strict=True))
    for v, c in bent.conditionals.items():
        i = bent.position[v]
        assert values[v].mean() == pytest.approx(mean[i], abs=0.04 * covariance[i, i] ** 0.5)
        assert values[v].var() == pytest.approx(covariance[i, i], rel=0.06)
        assert c.variance == linear.conditionals[v].variance
    skewed = [abs(((a - a.mean()) ** 3).mean()) / a.std() ** 3 > 0.2 for a in values.values()]
    assert sum(skewed) > len(skewed) / 4


@pytest.mark.parametrize("name", NONLINEAR)
def test_files_and_pickles_keep_the_conditionals(name):
    network = sv.load_network(name)
    for copy in (sv.parse_network(sv.network_to_json(network), "copy.json"), pickle.loads(pickle.dumps(network))):
        assert copy.conditionals == network.conditionals
        assert copy.observed == network.observed
        assert not copy.is_linear


def test_a_learner_of_linear_networks_takes_them(tiny):
    for network in (sv.load_network("tree-tanh-4"), tiny):
        x, _ = sv.sample_network(network, 1500, seed=1)
        fresh, _ = sv.sample_network(network, 400, seed=2)
        fitted = fit_reference("linear_gaussian_bn", network, x)
        assert fitted.network.is_linear
        assert (sv.true_log_prob(network, fresh) - fitted.log_prob(fresh)).mean() > 0.02


def too_entangled() -> sv.BayesianNetwork:
    conditionals: dict = {f"z{i}": sv.LinearGaussian(0.0, {}, 1.0) for i in range(6)}
    conditionals["x"] = sv.ProductGaussian(0.0, dict.fromkeys(conditionals, 1.0), 1.0)
    return network_of(conditionals)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: sv.TanhGaussian(0.0, {}, 0.0, 1.0, 0.0),
            "tanh-Gaussian conditional needs finite numbers and a positive",
        ),
        (lambda: sv.TanhGaussian(0.0, {}, 1.0, float("nan"), 0.0), "amplitude nan"),
        (lambda: sv.ProductGaussian(0.0, {}, 1.0), "it came with none"),
        (
            lambda: sv.true_posterior(sv.load_network("circuit"), torch.zeros(1, 4)),
            "circuit has conditionals that are not",
        ),
        (lambda: sv.observed_entropy(sv.load_network("circuit")), "no closed form"),
        (lambda: sv.tanh_network(sv.load_network("circuit"), "twice"), "not linear Gaussian"),
        (lambda: sv.true_log_prob(sv.load_network("circuit"), torch.zeros(1, 3)), r"shape \(\*, 4\)"),
        (lambda: sv.true_log_prob(too_entangled(), torch.zeros(1, 1)), "x multiplies its parents"),
        (
            lambda: sv.true_log_prob_and_error(sv.load_network("ecoli70-tanh"), torch.zeros(1, 24), 1),
            "at least 2 samples",
        ),
        (
            lambda: sv.parse_network(
                sv.network_to_json(sv.load_network("circuit")).replace("product-Gaussian", "quotient"), "net.json"
            ),
            "kind 'quotient' came; there are linear-Gaussian, tanh-Gaussian",
        ),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        make()
