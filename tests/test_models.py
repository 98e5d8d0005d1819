"""VAEs against the exact truth of linear-Gaussian networks, and against their own Jacobians."""

import math
from itertools import pairwise

import networkx as nx
import pytest
import torch
from random_networks import random_network

import sirenvae as sv
from sirenvae import objectives
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.models import structure_of
from sirenvae.training.recipes import Recipe

ALL_MODELS = ("true", "fully_connected", "independent", "vanilla_vae")


def build(network, name, **settings):
    return sv.VanillaVAE(network, **settings) if name == "vanilla_vae" else sv.SIReNVAE(network, name, **settings)


@pytest.mark.parametrize("seed", range(5))
def test_evidence_is_joint_minus_posterior(seed):
    """Bayes' rule with any latents: log p(x) = log p(x, z) - log p(z | x), the joint written out by variable."""
    network = random_network(8, seed)
    x, z = sv.sample_network(network, 20, seed)
    z = z + 0.3
    values = {v: x[:, i] for i, v in enumerate(network.observed)} | {v: z[:, i] for i, v in enumerate(network.latents)}
    joint = torch.zeros(20, dtype=torch.float64)
    for v, c in network.conditionals.items():
        mean = c.intercept + sum(slope * values[p] for p, slope in c.coefficients.items())
        joint += -0.5 * (values[v] - mean) ** 2 / c.variance - 0.5 * math.log(2 * math.pi * c.variance)
    mean, covariance = sv.true_posterior(network, x)
    posterior = torch.distributions.MultivariateNormal(mean, covariance).log_prob(z)
    assert torch.allclose(sv.true_log_prob(network, x), joint - posterior, rtol=0, atol=1e-9)


def test_samples_have_the_moments_of_the_network():
    network = sv.load_network("student")
    x, z = sv.sample_network(network, 200_000, seed=1)
    assert (x.shape, z.shape) == ((200_000, 2), (200_000, 5))
    mean, covariance, _ = joint_moments(network)
    drawn = torch.cat([z, x], dim=1)
    places = [network.position[v] for v in (*network.latents, *network.observed)]
    assert torch.allclose(drawn.mean(0), torch.from_numpy(mean[places]), atol=0.03)
    assert torch.allclose(drawn.T.cov(), torch.from_numpy(covariance[places][:, places]), atol=0.05)
    assert torch.equal(x, sv.sample_network(network, 200_000, seed=1)[0])


def test_structure_of_student_literally():
    network = sv.load_network("student")
    assert network.latents == ("D", "I", "G", "S", "L")
    assert network.observed == ("J", "H")
    true = structure_of(network)
    assert true.prior.int().tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [0, 1, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 1, 0, 0],
    ]
    assert true.posterior.int().tolist() == [
        [1, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0, 0],
        [0, 0, 1, 0, 1, 1, 1],
        [0, 0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 1, 1, 1],
    ]
    assert true.decoder.int().tolist() == [[0, 0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 1, 0]]


def test_other_structures():
    network = sv.load_network("student")
    full = structure_of(network, "fully_connected")
    assert full.prior[:, :5].int().tolist() == torch.ones(5, 5).tril().int().tolist()
    assert full.posterior[:, :5].int().tolist() == torch.ones(5, 5).triu().int().tolist()
    assert full.posterior[:, 5:].all()
    alone = structure_of(network, "independent")
    assert torch.equal(alone.prior[:, :5], torch.eye(5, dtype=torch.bool))
    assert torch.equal(alone.posterior[:, :5], torch.eye(5, dtype=torch.bool))
    for dense in (full, alone):
        assert dense.decoder[:, :5].all()
        assert dense.decoder[:, 5:].int().tolist() == [[0, 0], [1, 0]]
    with pytest.raises(sv.InputError, match="one of true, fully_connected, independent"):
        structure_of(network, "ture")


def test_decoder_outputs_see_only_their_parents():
    network = sv.load_network("ecoli70")
    model = sv.SIReNVAE(network)
    z = torch.randn(22)
    jacobian = torch.autograd.functional.jacobian(lambda v: model.decoder(v.unsqueeze(0)).squeeze(0), z)
    allowed = structure_of(network).decoder[:, :22]
    assert (jacobian[~allowed] == 0).all()
    assert (jacobian[allowed] != 0).all()


@pytest.mark.parametrize("name", ALL_MODELS)
def test_bounds_are_in_order_and_below_the_truth(name):
    """ELBO <= IWAE(5) <= IWAE(200) <= log p(x) in expectation, before and after training.

    The test set is large and shared, so the mean of the difference has a standard error; three of them are allowed.
    """
    network = sv.load_network("greenhouse")
    torch.manual_seed(0)
    model = build(network, name)
    x_train, _ = sv.sample_network(network, 500, seed=1)
    x, _ = sv.sample_network(network, 2000, seed=2)
    model.standardize(x_train)
    truth = sv.true_log_prob(network, x).float()
    excesses = []
    for recipe in (None, Recipe("short", num_steps=250)):
        if recipe is not None:
            list(sv.fit(model, x_train, recipe))
        model.eval()
        with torch.no_grad():
            bounds = [model.elbo(x, 20), model.iwae_bound(x, 5), model.iwae_bound(x, 200), truth]
        for lower, upper in pairwise(bounds):
            gap = upper - lower
            assert gap.mean() > -3 * gap.std() / math.sqrt(len(gap))
        excesses.append((truth - bounds[2]).mean())
    assert excesses[1] < min(1.5, excesses[0] - 0.2)


def test_a_model_that_is_the_truth_has_the_exact_evidence():
    """A vanilla VAE set by hand to the fork, posterior included: every bound equals log p(x), draw by draw."""
    network = sv.load_network("fork")
    model = sv.VanillaVAE(network).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.noise_floor.zero_()
        for i, x in enumerate(network.observed):
            c = network.conditionals[x]
            model.decoder.linear.weight[i, 0] = c.coefficients["z"]
            model.decoder.output.bias[0, i] = c.intercept
            model.decoder.log_scale[0, i] = 0.5 * math.log(c.variance)
        precision = 1 + sum(
            c.coefficients["z"] ** 2 / c.variance for c in map(network.conditionals.get, network.observed)
        )
        for i, x in enumerate(network.observed):
            c = network.conditionals[x]
            model.linear.weight[0, i] = c.coefficients["z"] / c.variance / precision
            model.output.bias[0, 0] -= c.intercept * c.coefficients["z"] / c.variance / precision
        model.output.bias[0, 1] = -0.5 * math.log(precision)
    x, _ = sv.sample_network(network, 50, seed=3)
    exact = sv.true_log_prob(network, x)
    assert torch.allclose(model.elbo(x), exact, atol=1e-10)
    assert torch.allclose(model.iwae_bound(x, 7), exact, atol=1e-10)
    mean, covariance = sv.true_posterior(network, x)
    z = torch.randn(50, 1, dtype=torch.float64)
    expected = torch.distributions.MultivariateNormal(mean, covariance).log_prob(z)
    assert torch.allclose(model.posterior(x).log_prob(z), expected, atol=1e-10)


@pytest.mark.parametrize("name", ALL_MODELS)
@pytest.mark.parametrize("replicas", [(), (3,), (2, 2)])
def test_shapes(name, replicas):
    network = sv.load_network("greenhouse")
    model = build(network, name, replicas=replicas).eval()
    x = torch.randn(7, 3)
    assert model.elbo(x).shape == (*replicas, 7)
    assert model.elbo(x.expand(*replicas, 7, 3), num_samples=2).shape == (*replicas, 7)
    assert model.iwae_bound(x, 3).shape == (*replicas, 7)
    assert model.sample(5).shape == (*replicas, 5, 3)
    assert model.reconstruct(x, 2).shape == (*replicas, 7, 3)
    posterior = model.posterior(x)
    draws = posterior.rsample(4)
    assert draws.shape == (4, *replicas, 7, 5)
    assert posterior.log_prob(draws[0].detach()).shape == (*replicas, 7)
    mean, covariance = posterior.moments(50)
    assert (mean.shape, covariance.shape) == ((*replicas, 7, 5), (*replicas, 7, 5, 5))


@pytest.mark.parametrize("name", ALL_MODELS)
def test_the_posterior_density_is_that_of_its_draws(name):
    model = build(sv.load_network("greenhouse"), name).double().eval()
    x = torch.randn(40, 3, dtype=torch.float64)
    z, log_q = model.draw_posterior(x, torch.randn(40, model.latent_features, dtype=torch.float64))
    assert torch.allclose(model.posterior(x).log_prob(z.detach()), log_q, atol=1e-8)


def test_iwae_in_pieces_is_iwae_at_once(monkeypatch):
    """Whatever the pieces, the bound is the log of the mean of all weights."""
    network = sv.load_network("fork")
    model = sv.VanillaVAE(network).double().eval()
    x, _ = sv.sample_network(network, 60, seed=0)
    monkeypatch.setattr("sirenvae.models.replicas.Fittable.rows_at_once", 25)
    with torch.no_grad():
        bound = model.iwae_bound(x, 400, torch.Generator().manual_seed(0)).mean().item()
        monkeypatch.setattr("sirenvae.models.replicas.Fittable.rows_at_once", 1_000_000)
        assert bound == pytest.approx(
            model.iwae_bound(x, 400, torch.Generator().manual_seed(1)).mean().item(), abs=0.02
        )


def test_observed_variables_with_children_are_drawn_in_order():
    """Student: H has the observed parent J, so a draw takes two rounds; more change nothing, one would not do."""
    network = sv.load_network("student").with_observed(None).with_observed(["J", "H"])
    model = sv.SIReNVAE(network).eval()
    assert network.observed_depth == 2

    def drawn(rounds=None):
        if rounds is not None:
            vars(network)["observed_depth"] = rounds  # where the cached property keeps its value
        return model.sample(20, torch.Generator().manual_seed(0))

    expected = drawn()
    assert torch.allclose(drawn(5), expected, atol=1e-6)
    assert not torch.allclose(drawn(1), expected, atol=1e-3)


def test_latents_with_observed_parents_see_them():
    dag = nx.DiGraph([("x", "z"), ("z", "y")])
    network = sv.BayesianNetwork(dag, observed=["x", "y"])
    model = sv.SIReNVAE(network).eval()
    z = torch.zeros(1, 1)
    first, second = (model.prior_log_prob(z, torch.tensor([[value, 0.0]])) for value in (0.0, 2.0))
    assert not torch.allclose(first, second)
    assert torch.allclose(first, model.prior_log_prob(z, torch.tensor([[0.0, 5.0]])))
    assert model.sample(4).shape == (4, 2)


def test_objectives():
    log_weights = torch.randn(6, 4, dtype=torch.float64)
    expected = log_weights.exp().mean(0).log()
    assert torch.allclose(objectives.iwae_bound(log_weights), expected)
    weights = log_weights.exp()
    assert torch.allclose(objectives.effective_sample_size(log_weights), weights.sum(0) ** 2 / weights.square().sum(0))
    assert objectives.elbo(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(5.0), 0.5).item() == -0.5


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda m, n: m.elbo(torch.zeros(4)), r"shape \(N, 3\), a column for each observed variable"),
        (lambda m, n: m.elbo(torch.zeros(4, 2)), r"but \(4, 2\) came"),
        (lambda m, n: m.elbo(torch.full((4, 3), math.nan)), "x1 is NaN or infinite in row 0"),
        (lambda m, n: m.sample(0), "at least 1, but 0 came"),
        (lambda m, n: m.iwae_bound(torch.zeros(4, 3), 0), "at least 1, but 0 came"),
        (lambda m, n: m.elbo(torch.zeros(4, 3), 0), "at least 1, but 0 came"),
        (lambda m, n: m.reconstruct(torch.zeros(4, 3), 0), "at least 1, but 0 came"),
        (lambda m, n: m.posterior(torch.zeros(4, 3)).rsample(0), "at least 1, but 0 came"),
        (lambda m, n: m.posterior(torch.zeros(4, 3)).moments(1), "at least 2 samples, but 1 came"),
        (lambda m, n: m.standardize(torch.zeros(1, 3)), "at least 2 points, but 1 came"),
        (lambda m, n: m.standardize(torch.tensor([[1.0, 2, 3], [2, 2, 4]])), "x2 is constant"),
        (lambda m, n: sv.sample_network(n, 0), "at least 1, but 0 came"),
        (lambda m, n: sv.true_log_prob(n, torch.zeros(4, 2)), r"shape \(\*, 3\)"),
        (lambda m, n: sv.sample_network(sv.BayesianNetwork(n.dag), 3), "without numbers"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    network = sv.load_network("fork")
    with pytest.raises(sv.InputError, match=sentence):
        act(sv.SIReNVAE(network), network)
