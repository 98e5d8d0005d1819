"""Inference networks over any inverse: what they see, what they learn, what they say."""

import itertools
import re
from dataclasses import replace

import networkx as nx
import pytest
import torch
from random_networks import random_dag, random_network

import sirenvae as sv
from sirenvae.models.families import FAMILIES
from sirenvae.nets.factor_nets import LAYOUTS, width_for
from sirenvae.training.recipes import RECIPES
from sirenvae.truth.distributions import joint_log_prob, posterior_distribution

RECIPE = sv.Recipe("short", learning_rate=5e-3, num_steps=400, batch_size=128, kl_warm_up=0.0, weight_decay=0.0)
INVERSES = [
    ("nami", "topological"),
    ("nami", "reverse"),
    ("stuhlmueller", "topological"),
    ("mean_field", "topological"),
]
INVERSES += [("fully_connected", "topological"), ("fully_connected", "reverse")]


def network_of(name="student", method="nami", order="topological", **settings):
    network = sv.load_network(name)
    torch.manual_seed(0)
    return network, sv.InferenceNetwork(network, sv.invert(network, order, method=method), **settings)


def randomized(q):
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.normal_(std=0.15)
    return q.double()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("method", "order"), INVERSES)
def test_a_factor_depends_on_its_parents_and_on_nothing_else(layout, family, method, order):
    network, q = network_of("student", method, order, family=family, layout=layout, capacity=1000)
    randomized(q)
    rows = torch.randn(6, len(network.variables)).double().requires_grad_()
    names = [*q.order, *network.observed]
    for k, v in enumerate(q.order):
        gradient = torch.autograd.grad(q.parameters_of_rows(rows)[:, k].sin().sum(), rows)[0]
        seen = {u for u, column in zip(names, gradient.T, strict=True) if column.abs().max() > 0}
        assert seen == set(q.inverse.dag.predecessors(v))


def test_the_support_is_the_inverse_on_a_thousand_random_networks():
    """With all weights 1 and no bias an output is positive exactly at the inputs that some path leads from."""
    orders = itertools.cycle([("nami", "topological"), ("nami", "reverse"), ("stuhlmueller", "reverse")])
    for seed, (method, order) in zip(range(1000), orders, strict=False):
        network = sv.BayesianNetwork(random_dag(4 + seed % 6, seed))
        inverse = sv.invert(network, order, method=method)
        for layout in LAYOUTS:
            q = sv.InferenceNetwork(network, inverse, layout=layout, capacity=12, capacity_of="width", num_layers=1)
            names, weights = [*q.order, *network.observed], dict(q.net.named_parameters())
            with torch.no_grad():
                for name, value in weights.items():
                    value.fill_(0.0 if "linear" in name or name.rpartition(".")[2] == "bias" else 1.0)
                for value in (*getattr(q.net, "biases", ()), getattr(q.net, "output_bias", torch.zeros(1))):
                    value.zero_()
                seen = q.net(torch.eye(len(names)))[..., 0] > 0
            for k, v in enumerate(q.order):
                assert {names[i] for i in seen[:, k].nonzero().flatten()} == set(inverse.dag.predecessors(v))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("replicas", [(), (2,)])
@pytest.mark.parametrize("sample_shape", [(), (3,), (2, 2)])
def test_draws_have_the_shape_and_the_density_that_is_said(family, replicas, sample_shape):
    network, q = network_of(family=family, replicas=replicas, capacity=500)
    randomized(q)
    x, _ = sv.sample_network(network, 4)
    distribution = q(x)
    assert (distribution.batch_shape, distribution.event_shape) == (torch.Size((*replicas, 4)), torch.Size([5]))
    z = distribution.sample(sample_shape, torch.Generator().manual_seed(1))
    assert z.shape == (*sample_shape, *replicas, 4, 5)
    log_prob = distribution.log_prob(z)
    assert log_prob.shape == z.shape[:-1]
    single = q if not replicas else q.replica(0)
    first = (0,) * (len(sample_shape) + len(replicas))
    torch.testing.assert_close(single(x).log_prob(z[first]), log_prob[first])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_density_integrates_to_one(family):
    """One latent, on a grid."""
    fork = sv.load_network("fork")
    q = randomized(sv.InferenceNetwork(fork, sv.invert(fork), family=family, capacity=300))
    x, _ = sv.sample_network(fork, 3)
    grid = torch.linspace(-60, 60, 40_001, dtype=torch.float64)
    density = q(x).log_prob(grid.view(-1, 1, 1).expand(-1, 3, 1)).exp()
    torch.testing.assert_close(torch.trapezoid(density, grid, dim=0), torch.ones(3).double(), rtol=1e-4, atol=1e-4)
    draws = q(x).sample((20_000,), torch.Generator().manual_seed(0))[..., 0]
    mean = torch.trapezoid(density * grid.unsqueeze(-1), grid, dim=0)
    torch.testing.assert_close(draws.mean(dim=0), mean, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_finds_the_posterior_where_the_inverse_lets_it(layout):
    """Binary tree of depth 3: NaMI's inverse comes close to the exact posterior, the heuristic's to its floor."""
    network = sv.load_network("binary-tree-3")
    x, z = sv.sample_network(network, 1000, seed=7)
    for method, order in (("nami", "reverse"), ("stuhlmueller", "topological")):
        inverse = sv.invert(network, order, method=method)
        torch.manual_seed(1)
        q = sv.InferenceNetwork(network, inverse, layout=layout, capacity=1000, linear_start=False)
        *_, record = sv.fit(q, network, RECIPE, every=10)
        floor = sv.posterior_gap(network, inverse)
        found = sv.posterior_divergence(network, q, x, z).mean().item()
        assert floor - 0.01 < found < floor + 0.02
        entropy = posterior_distribution(network, x[:1]).entropy().item()
        assert record.loss.item() == pytest.approx(entropy + found, abs=0.3)


def test_the_divergence_is_the_difference_of_log_densities_with_less_noise():
    network, q = network_of(capacity=500)
    x, z = sv.sample_network(network, 4000, seed=3)
    q.prepare(network, [RECIPE])
    plain = posterior_distribution(network, x).log_prob(z) - q(x).log_prob(z).double()
    exact = sv.posterior_divergence(network, q, x, z)
    error = plain.std() / len(plain) ** 0.5
    assert abs(plain.mean() - exact.mean()) < 4 * error
    assert exact.std() < plain.std()
    assert (exact >= 0).all()


def test_the_least_divergence_is_that_of_the_best_linear_network():
    """On random networks and heuristic inverses, beside the gap in closed form and a fit by least squares."""
    for seed in range(4):
        network = random_network(8, seed)
        inverse = sv.invert(network, "reverse", method="stuhlmueller")
        x, z = sv.sample_network(network, 5000, seed=1)
        floor = sv.least_divergence(network, inverse, x, z)
        error = 4 * floor.std().item() / 5000**0.5
        assert floor.mean().item() == pytest.approx(sv.posterior_gap(network, inverse), abs=error + 1e-12)
        q = sv.InferenceNetwork(network, inverse, capacity=2000).double()
        q.prepare(network, [])
        learnt = sv.posterior_divergence(network, q, x, z)
        assert -0.01 < (learnt - floor).mean() < 0.01
        faithful = sv.invert(network, "reverse")
        assert sv.least_divergence(network, faithful, x, z).abs().max() < 1e-9


def test_the_divergence_of_a_nonlinear_network_is_what_quadrature_finds():
    """One latent behind a bent reading: all densities on a grid."""
    conditionals = {"z": sv.LinearGaussian(0.0, {}, 1.0), "x": sv.TanhGaussian(0.0, {"z": 2.0}, 0.2, 1.5, 0.4)}
    network = sv.BayesianNetwork(nx.DiGraph([("z", "x")]), ["x"], conditionals)
    q = sv.InferenceNetwork(network, sv.invert(network), capacity=100).double()
    q.prepare(network, [])
    x, z = sv.sample_network(network, 1000, seed=1)
    found = sv.posterior_divergence(network, q, x, z)
    grid = torch.linspace(-5, 5, 301, dtype=torch.float64).view(-1, 1, 1)
    joint, log_q = joint_log_prob(network, x, grid), q(x).log_prob(grid.expand(-1, 1000, 1))
    posterior = joint - torch.logsumexp(joint, dim=0) - torch.log(grid[1, 0, 0] - grid[0, 0, 0])
    exact = torch.trapezoid(posterior.exp() * (posterior - log_q), grid[:, 0, 0], dim=0)
    assert found.mean().item() == pytest.approx(exact.mean().item(), abs=4 * found.std().item() / 1000**0.5)
    assert exact.mean() > 0.02


def test_a_fit_without_a_recipe_takes_that_of_the_model():
    for name, family, start, expected in (
        ("student", "gaussian", True, "refinement"),
        ("student", "gaussian", False, "inference"),
        ("student", "mixture", True, "inference"),
        ("circuit", "gaussian", True, "inference"),
    ):
        network, q = network_of(name, family=family, capacity=700, linear_start=start)
        record = next(sv.fit(q, network, every=1))
        recipe = RECIPES[expected]
        assert (record.num_steps, record.kl_weight) == (recipe.base_steps, 1.0)
        assert 0.9 * recipe.learning_rate < record.learning_rate < recipe.learning_rate
    x, _ = sv.sample_network(network, 20)
    assert next(sv.fit(sv.SIReNVAE(network), x)).num_steps == RECIPES["default"].steps_for(20, 10)


def test_refinement_does_not_lose_what_least_squares_found():
    """About as many draws as before, in small steps: the divergence stays where it was, near (slopes + 2 K) / 2 n."""
    network, q = network_of("binary-tree-4", order="reverse", capacity=1500)
    x, z = sv.sample_network(network, 1000, seed=2)
    q.prepare(network, [])
    start = sv.posterior_divergence(network, q, x, z).mean().item()
    assert 2e-5 < start < 3 * (30 + 14) / 800_000
    list(sv.fit(q, network, replace(RECIPES["refinement"], num_steps=400)))
    assert sv.posterior_divergence(network, q, x, z).mean().item() < 1e-3


def test_replicas_end_as_they_would_alone():
    network, q = network_of(capacity=400, replicas=(3,))
    single = q.replica(1)
    recipe = sv.Recipe("few", num_steps=30, batch_size=32)
    list(sv.fit(q, network, recipe, seed=[5, 6, 7]))
    list(sv.fit(single, network, recipe, seed=6))
    for ours, theirs in zip(q.replica(1).parameters(), single.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    x, z = sv.sample_network(network, 6, seed=1)
    alone = q.replica(1)(x).log_prob(z)  # in the same units
    torch.testing.assert_close(alone, q(x).log_prob(z.expand(3, 6, 5))[1])


def test_a_fixed_set_is_learnt_by_heart():
    network, q = network_of(capacity=2000)
    x, z = sv.sample_network(network, 30, seed=0)
    fresh, latents = sv.sample_network(network, 500, seed=1)
    list(sv.fit(q, (x, z), sv.Recipe("long", learning_rate=1e-2, num_steps=600, weight_decay=0.0)))
    assert q(x).log_prob(z).mean() > q(fresh).log_prob(latents).mean() + 2


def test_importance_sampling_finds_the_evidence():
    network, q = network_of(capacity=500)
    list(sv.fit(q, network, RECIPE, every=10))
    x, _ = sv.sample_network(network, 20, seed=9)
    draws = sv.importance(network, q, x, 4000, torch.Generator().manual_seed(0))
    truth = sv.true_log_prob(network, x)
    assert ((draws.log_evidence - truth).abs() < 5 * draws.standard_error + 1e-3).all()
    assert (draws.effective_sample_size > 400).all()
    mean, _ = sv.true_posterior(network, x)
    torch.testing.assert_close(draws.mean(), mean, rtol=0.2, atol=0.1)
    by_hand = joint_log_prob(network, x, draws.z[5]) - q(x).log_prob(draws.z[5])
    torch.testing.assert_close(draws.log_weights[5], by_hand)


def test_capacity_is_the_number_of_active_weights():
    _, q = network_of("ecoli70", capacity=20_000)
    assert q.num_active <= 20_000
    wider = type(q.net)(q.adjacency, 2, [width + 1 for width in q.net.hidden_features])
    assert wider.num_active() > 20_000
    for layout in LAYOUTS.values():
        width = width_for(layout, q.adjacency, 2, 2, 20_000)
        net = layout(q.adjacency, 2, [width, width])
        masked = [getattr(part, "mask", None) for part in net.modules()]
        counted = sum(int(mask.sum()) for mask in masked if mask is not None)
        assert counted in (0, net.num_active())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_three_definitions_of_capacity(layout):
    """Stored are the weights that parameters hold, biases left out; a width is taken as it is."""
    for method in ("nami", "fully_connected"):
        _, q = network_of("binary-tree-4", method, layout=layout, capacity=9000, capacity_of="stored")
        held = sum(p.numel() for name, p in q.net.named_parameters() if "bias" not in name)
        assert q.num_stored == held <= 9000
        assert q.num_active <= q.num_stored
        width = q.net.hidden_features[0]
        _, wider = network_of("binary-tree-4", method, layout=layout, capacity=width + 1, capacity_of="width")
        assert wider.net.hidden_features == (width + 1,) * 2
        assert wider.num_stored > 9000


def test_an_inverse_that_is_no_map_is_refused_by_the_independence_it_claims():
    network = sv.load_network("student")
    for method, order in INVERSES:
        inverse = sv.invert(network, order, method=method)
        if sv.is_faithful(network, inverse):
            sv.InferenceNetwork(network, inverse, faithful=True)
            continue
        with pytest.raises(sv.InputError, match="not faithful") as caught:
            sv.InferenceNetwork(network, inverse, faithful=True)
        x, y, given = re.search(r"that (\w+) and (\w+) are independent given (.*), but", str(caught.value)).groups()
        answer = sv.independence(network, inverse, x, y, given.split(", "))
        assert answer.in_inverse
        assert not answer.in_network


def test_some_variables_alone_are_what_all_are():
    for layout in LAYOUTS:
        _, q = network_of("ecoli70", layout=layout, capacity=20_000, replicas=(2,))
        rows = torch.randn(2, 3, 46)
        some = [4, 0, 9]
        torch.testing.assert_close(q.parameters_of_rows(rows, some), q.parameters_of_rows(rows)[..., some, :])


def observed_child():
    return sv.BayesianNetwork(nx.DiGraph([("a", "b"), ("b", "c")]), observed=["c"])


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n, i: sv.InferenceNetwork(n, i, family="cauchy"), "one of gaussian, mixture"),
        (lambda n, i: sv.InferenceNetwork(n, i, layout="dense"), "one of masked, per_variable"),
        (lambda n, i: sv.InferenceNetwork(n, i, layout="masked", capacity=10), "has at least .* active weights"),
        (lambda n, i: sv.InferenceNetwork(n, i, capacity_of="size"), "one of active, stored, width"),
        (lambda n, i: sv.InferenceNetwork(n, i, num_layers=0), "at least 1 hidden layer, but 0 came"),
        (
            lambda n, i: sv.InferenceNetwork(n, i, layout="masked", capacity=1, capacity_of="width"),
            "5 units in a layer",
        ),
        (lambda n, i: sv.least_divergence(sv.load_network("circuit"), i, torch.zeros(1, 4), torch.zeros(1, 6)), "none"),
        (lambda n, i: sv.InferenceNetwork(observed_child(), i), "not over the variables"),
        (lambda n, i: sv.fit(sv.InferenceNetwork(n, i), sv.load_network("fork"), RECIPE), "is for student, but draws"),
        (lambda n, i: sv.importance(n, sv.InferenceNetwork(n, i, replicas=(2,)), torch.zeros(1, 2)), "replicas"),
        (lambda n, i: sv.importance(n, sv.InferenceNetwork(n, i), torch.zeros(1, 2), 1), "at least 2 samples"),
        (lambda n, i: sv.InferenceNetwork(n, i)(torch.zeros(2, 2)).log_prob(torch.zeros(2, 4)), r"\(\*, 2, 5\)"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    network = sv.load_network("student")
    with pytest.raises(sv.InputError, match=sentence):
        act(network, sv.invert(network))
