"""Learnt answers about discrete networks: factors over an inverse, and marginals given any evidence."""

import itertools

import numpy as np
import pytest
import torch
from test_tables import joint, wet

import sirenvae as sv
from sirenvae.nets.factor_nets import LAYOUTS
from sirenvae.truth.any_evidence import marginal_divergence, random_evidence

pytest.importorskip("pgmpy", reason="it brings the networks")
RECIPE = sv.Recipe("short", learning_rate=1e-2, num_steps=600, batch_size=128, kl_warm_up=0.0, weight_decay=0.0)


def network_of(name="asia", method="nami", **settings):
    network = wet() if name == "wet" else sv.load_network(name)
    torch.manual_seed(0)
    return network, sv.InferenceNetwork(network, sv.invert(network, method=method), **settings)


def randomized(q):
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.normal_(std=0.5)
    return q.double()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["nami", "stuhlmueller", "fully_connected"])
def test_a_factor_depends_on_the_states_of_its_parents_and_on_nothing_else(layout, method):
    network, q = network_of("asia", method, layout=layout, capacity=1500)
    randomized(q)
    names = [*q.order, *network.observed]
    rows = torch.randint(2, (20, len(names))).double()
    before = q.parameters_of_rows(rows)
    for j, u in enumerate(names):
        flipped = rows.clone()
        flipped[:, j] = 1 - flipped[:, j]
        moved = (q.parameters_of_rows(flipped) - before).abs().amax(dim=(0, 2)) > 0
        assert {v for v, m in zip(q.order, moved.tolist(), strict=True) if m} == set(q.inverse.dag.successors(u))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_probabilities_of_all_latents_sum_to_one_and_draws_follow_them(layout):
    """Variables of two and of three states."""
    _, q = network_of("wet", layout=layout, capacity=400)
    randomized(q)
    x = torch.tensor([[0.0], [1.0]])
    every = torch.tensor(list(itertools.product(range(2), range(3)))).double()
    probability = q(x).log_prob(every.unsqueeze(1).expand(-1, 2, -1)).exp()
    torch.testing.assert_close(probability.sum(dim=0), torch.ones(2).double())
    draws = q(x).sample((20_000,), torch.Generator().manual_seed(0))
    shares = torch.stack([(draws == row).all(dim=-1).double().mean(dim=0) for row in every])
    torch.testing.assert_close(shares, probability, atol=0.015, rtol=0)


def entropy_given(states, probability, columns, given):
    """H(columns | given) in nats, from the joint."""

    def entropy(chosen):
        _, where = np.unique(states[:, chosen], axis=0, return_inverse=True)
        shares = np.bincount(where.reshape(-1), weights=probability)
        return -(shares[shares > 0] * np.log(shares[shares > 0])).sum()

    return entropy([*columns, *given]) - entropy(given)


def test_it_comes_to_the_floor_of_its_inverse():
    """Zero for a faithful one; without edges among latents, what the posterior's latents tell of each other."""
    states, probability = joint(sv.load_network("asia"))
    for method in ("nami", "mean_field"):
        network, q = network_of("asia", method, capacity=2000)
        list(sv.fit(q, network, RECIPE, every=10))
        place = network.position
        x, z = ([place[v] for v in group] for group in (network.observed, network.latents))
        alone = sum(entropy_given(states, probability, [i], x) for i in z)
        floor = 0.0 if method == "nami" else alone - entropy_given(states, probability, z, x)
        found = sv.posterior_divergence(network, q, *sv.sample_network(network, 8000, seed=8))
        error = found.std() / len(found) ** 0.5
        assert floor - 4 * error < found.mean() < floor + 4 * error + 0.01
    assert floor > 0.1


def test_importance_sampling_finds_the_evidence():
    network, q = network_of("asia", capacity=2000)
    list(sv.fit(q, network, RECIPE, every=10))
    assert q.settings["family"] == "categorical"
    points = torch.tensor(list(itertools.product(range(2), repeat=2))).double()
    draws = sv.importance(network, q, points, 4000, torch.Generator().manual_seed(0))
    truth = sv.true_log_prob(network, points)
    assert ((draws.log_evidence - truth).abs() < 5 * draws.standard_error + 2e-3).all()
    marginals, place = draws.marginals(), network.latents.index("bronc")
    for n, (xray, dysp) in enumerate(points.long().tolist()):
        exact = sv.true_marginals(network, {"xray": xray, "dysp": dysp})["bronc"].probs
        torch.testing.assert_close(marginals.probs[n, place].double(), exact, rtol=0, atol=0.05)


def test_draws_are_in_the_support():
    """Latents of two and of three states: what is a number of one need be none of another."""
    network, q = network_of("wet", capacity=400)
    support = q(torch.tensor([[0.0], [1.0]])).support
    assert (support.event_dim, support.is_discrete) == (1, True)
    assert support.check(q(torch.tensor([[0.0], [1.0]])).sample((50,))).all()
    sizes = [len(network.states[v]) for v in network.latents]
    for k, size in enumerate(sizes):
        rows = torch.zeros(4, len(sizes))
        rows[:, k] = torch.tensor([-1, 0.5, size - 1, size])
        assert support.check(rows).tolist() == [False, False, True, False]


def test_replicas_end_as_they_would_alone():
    network = sv.load_network("asia")
    torch.manual_seed(0)
    recipe = sv.Recipe("few", num_steps=30, batch_size=32)
    inverse = sv.invert(network)
    for q in (
        sv.InferenceNetwork(network, inverse, capacity=600, replicas=(3,)),
        sv.MarginalNetwork(network, width=8, replicas=(3,)),
    ):
        single = q.replica(1)
        list(sv.fit(q, network, recipe, seed=[5, 6, 7]))
        list(sv.fit(single, network, recipe, seed=6))
        for ours, its in zip(q.replica(1).parameters(), single.parameters(), strict=True):
            torch.testing.assert_close(ours, its, rtol=1e-3, atol=1e-5)


def test_one_network_learns_the_marginals_given_any_evidence():
    """On 60 evidence sets, each given by the exact marginals; before training it knows those without evidence."""
    network = wet()
    torch.manual_seed(0)
    q = sv.MarginalNetwork(network, width=24)
    x = random_evidence(network, 60, (0.0, 0.7), seed=5)
    q.prepare(network, [RECIPE])
    before = marginal_divergence(network, q, x).nanmean()
    assert marginal_divergence(network, q, torch.full((1, 3), torch.nan)).max() < 0.02
    list(sv.fit(q, network, RECIPE, every=10))
    after = marginal_divergence(network, q, x)
    assert after[~torch.isnan(after)].min() > -1e-6
    assert after.nanmean() < 0.002 < 0.02 < before


def test_the_least_loss_is_that_of_the_exact_marginals():
    """Its slope is zero where q is exact: the targets have the mean that they should have, given the evidence."""
    network = wet()
    q = sv.MarginalNetwork(network, seen=(0.5, 0.5))
    rows = q.sources(network)[0](60_000, torch.Generator().manual_seed(0))
    values, targets = rows[:, :3], rows[:, 3:].view(-1, 3, 3)
    seen = (values[:, 0] == 1) & (values[:, 1] < 0) & (values[:, 2] == 0)
    exact = sv.true_marginals(network, {"rain": "wet", "floor": "dry"})["roof"].probs
    error = targets[seen, 1].std(dim=0) / seen.sum() ** 0.5
    assert seen.sum() > 500
    assert ((targets[seen, 1].mean(dim=0) - exact).abs() < 4 * error + 1e-6).all()


def test_what_is_hidden_is_not_seen():
    network = sv.load_network("asia")
    q = randomized(sv.MarginalNetwork(network, width=8))
    rows = q.sources(network)[0](50, torch.Generator().manual_seed(1)).double()
    values, targets = rows[:, :8], rows[:, 8:]
    other = torch.cat([values, targets.roll(1, 0)], dim=1)
    torch.testing.assert_close(q.log_marginals(other[:, :8]), q.log_marginals(values))
    assert ((values == -1) | (values == 0) | (values == 1)).all()
    assert 0.5 < (values == -1).double().mean() < 0.9
    torch.testing.assert_close(q.log_marginals(values).exp().sum(dim=-1), torch.ones(50, 8).double())


def test_a_fit_goes_on_from_its_file_and_keeps_the_tables(tmp_path):
    network = sv.load_network("sachs")
    torch.manual_seed(0)
    q = sv.MarginalNetwork(network, width=8, replicas=(2,))
    fit = sv.fit(q, network, sv.Recipe("few", num_steps=300, batch_size=16), seed=3)
    next(fit)
    sv.save_fit(fit, tmp_path / "fit.safetensors")
    *_, last = fit
    again = sv.resume_fit(tmp_path / "fit.safetensors", network)
    *_, same = again
    assert torch.equal(last.loss, same.loss)
    assert again.model.network.conditionals == network.conditionals
    evidence = {"Akt": "LOW"}
    sv.save_model(q, tmp_path / "model.safetensors")
    for copy in (again.model, sv.load_model(tmp_path / "model.safetensors")):
        assert torch.equal(copy.marginals(evidence)["Erk"].probs, q.marginals(evidence)["Erk"].probs)


def weighted(network, inverse, x):
    return sv.importance(network, sv.InferenceNetwork(network, inverse), x, 50)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n, i: sv.InferenceNetwork(n, i, family="gaussian"), "have states, so no factor is of .* 'gaussian'"),
        (lambda n, i: sv.InferenceNetwork(n, i)([[0.5, 0.0]]), "of xray from 0 to 1, but 0.5 came"),
        (lambda n, i: sv.InferenceNetwork(n, i)([[0, 0]]).log_prob(torch.full((1, 6), 2)), "of asia from 0 to 1"),
        (lambda n, i: weighted(n, i, [[0, 0]]).mean(), "have states, which have no mean; marginals"),
        (lambda n, i: weighted(n, i, [[0, 0]]).quantile(0.5), "have states, which have no quantile; marginals"),
        (lambda n, i: sv.MarginalNetwork(sv.load_network("student")), "student has no tables"),
        (lambda n, i: sv.MarginalNetwork(n, width=0), "at least 1 unit"),
        (lambda n, i: sv.MarginalNetwork(n, seen=(0.6, 0.2)), "the least first"),
        (lambda n, i: sv.MarginalNetwork(n)([[0, 1]]), r"has shape \(N, 8\)"),
        (lambda n, i: sv.MarginalNetwork(n)([[3, *[torch.nan] * 7]]), "of asia from 0 to 1, but 3 came"),
        (lambda n, i: sv.MarginalNetwork(n)([["yes"] * 8]), "Evidence is rows of state numbers"),
        (lambda n, i: sv.MarginalNetwork(n).marginals({"lung": "maybe"}), "no state 'maybe'"),
        (lambda n, i: sv.fit(sv.MarginalNetwork(n), sv.load_network("cancer"), RECIPE), "of asia are learnt from"),
        (lambda n, i: sv.fit(sv.MarginalNetwork(n), torch.zeros(5, 8), RECIPE), "but a Tensor came"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    network = sv.load_network("asia")
    with pytest.raises(sv.InputError, match=sentence):
        act(network, sv.invert(network))


def test_a_point_that_cannot_be_has_no_weights():
    network = sv.load_network("asia").with_observed(["lung", "tub", "either"])
    q = sv.InferenceNetwork(network, sv.invert(network), capacity=600)
    with pytest.raises(sv.InputError, match=r"Point 1 \(counted from 0\) has probability 0 in asia"):
        sv.importance(network, q, [[0, 0, 0], [1, 1, 0]], 50)
