"""What networks and models say of variables, as distributions of torch's kind."""

import math

import pytest
import torch
from torch.distributions import Distribution, Normal, kl_divergence

import sirenvae as sv
from sirenvae.experiments.registry import VAES as MODELS
from sirenvae.experiments.registry import build_model
from sirenvae.truth.distributions import conditional_distribution, observed_distribution, posterior_distribution
from sirenvae.truth.partly_exact import PartlyExactVAE

NETWORKS = ["student", "ecoli70", "circuit", "tree-tanh-4"]


@pytest.mark.parametrize("name", NETWORKS)
def test_conditionals_make_up_the_joint_density(name):
    """By hand: normal noise of the stated variance around the stated mean."""
    network = sv.load_network(name)
    x, z = sv.sample_network(network, 5, seed=0)
    values = dict(zip((*network.observed, *network.latents), torch.cat([x, z], dim=1).T, strict=True))
    for v, conditional in network.conditionals.items():
        found = conditional_distribution(network, v, values).log_prob(values[v])
        mean = torch.as_tensor(conditional.mean({p: value.numpy() for p, value in values.items()}))
        square = (values[v] - mean) ** 2 / conditional.variance
        expected = -0.5 * (square + math.log(2 * math.pi * conditional.variance))
        torch.testing.assert_close(found, expected)


def test_evidence_and_posterior_are_bayes_rule():
    """log p(x) = log p(x, z) - log p(z | x), whatever z is."""
    network = sv.load_network("student")
    x, z = sv.sample_network(network, 6, seed=1)
    values = dict(zip((*network.observed, *network.latents), torch.cat([x, z], dim=1).T, strict=True))
    joint = sum(conditional_distribution(network, v, values).log_prob(values[v]) for v in network.variables)
    evidence = observed_distribution(network).log_prob(x)
    torch.testing.assert_close(evidence, joint - posterior_distribution(network, x).log_prob(z))
    torch.testing.assert_close(sv.true_log_prob(network, x), evidence)
    mean, covariance = sv.true_posterior(network, x)
    torch.testing.assert_close(mean, posterior_distribution(network, x).mean)
    assert covariance.shape == (5, 5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("replicas", [(), (2,)])
def test_prior_and_posterior_of_a_model(name, replicas):
    network = sv.load_network("student")
    model = build_model(network, name, replicas, seed=3).double().eval()
    x, _ = sv.sample_network(network, 4)
    posterior = model.posterior(x)
    assert isinstance(posterior, Distribution)
    assert (posterior.batch_shape, posterior.event_shape) == (torch.Size((*replicas, 4)), torch.Size([5]))
    for shape in ((), 3, (2, 3)):
        z = posterior.sample(shape, torch.Generator().manual_seed(0))
        assert z.shape == (*((shape,) if isinstance(shape, int) else shape), *replicas, 4, 5)
        assert posterior.log_prob(z).shape == z.shape[:-1]
    standard = model.standardized(x)
    prior = model.prior_distribution(standard)
    with torch.no_grad():
        each = [prior.log_prob(row.movedim(-2, 0) if prior.batch_shape == replicas else row) for row in z[0]]
        for row, found in zip(z[0], each, strict=True):
            found = found.movedim(0, -1) if prior.batch_shape == replicas else found
            torch.testing.assert_close(found, model.prior_log_prob(row, standard))


def test_divergence_of_the_vanilla_prior_is_torchs():
    model = sv.VanillaVAE(sv.load_network("fork"))
    prior = model.prior_distribution(torch.zeros(3, 3))
    moved = torch.distributions.Independent(Normal(torch.ones(3, 1), 1.0), 1)
    torch.testing.assert_close(kl_divergence(moved, prior), torch.full((3,), 0.5))


def test_an_exact_prior_is_a_distribution():
    network = sv.load_network("circuit")
    model = PartlyExactVAE(network, ("prior",)).eval()
    x, _ = sv.sample_network(network, 3)
    prior = model.prior_distribution(model.standardized(x))
    z = prior.sample((2,))
    assert z.shape == (2, 3, len(network.latents))
    assert torch.equal(prior.log_prob(z[0]), model.prior_log_prob(z[0], model.standardized(x)))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n: conditional_distribution(n, "nobody", {}), "no variable nobody"),
        (lambda n: conditional_distribution(n, "G", {"D": torch.zeros(1)}), "G depends on I, of which no value came"),
        (lambda n: conditional_distribution(sv.BayesianNetwork(n.dag), "G", {}), "without numbers"),
        (lambda n: sv.SIReNVAE(n).posterior(torch.zeros(4, 2)).log_prob(torch.zeros(3, 5)), r"shape \(\*, 4, 5\)"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act(sv.load_network("student"))
