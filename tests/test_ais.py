"""Annealed importance sampling against evidence that is known."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

import sirenvae as sv
from sirenvae.objectives.ais import Moves, anneal, precision

K, D = 4, 7


def linear_vae(replicas=(), seed=0, noise=0.4):
    """A VAE that is linear, with the best q of independent latents, and its exact evidence."""
    generator = torch.Generator().manual_seed(seed)
    slopes = torch.randn(D, K, generator=generator, dtype=torch.float64)
    model = sv.VanillaVAE(num_observed=D, num_latents=K, replicas=replicas).double()
    matrix = torch.eye(K).double() + slopes.T @ slopes / noise**2
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.noise_floor.zero_()
        model.decoder.log_scale.fill_(math.log(noise))
        model.decoder.linear.weight.copy_(slopes)
        model.linear.weight[..., :K, :] = torch.linalg.solve(matrix, slopes.T) / noise**2
        model.output.bias[..., K:] = -0.5 * matrix.diagonal().log()
    covariance = slopes @ slopes.T + noise**2 * torch.eye(D).double()
    return model, MultivariateNormal(torch.zeros(D).double(), covariance)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("start", "num_temperatures"), [("posterior", 60), ("prior", 300)])
def test_the_evidence_of_a_linear_model(start, num_temperatures):
    model, evidence = linear_vae()
    x = model.sample(40, seeded(1))
    records = list(sv.ais(model, x, num_temperatures, 20, start=start, generator=seeded()))
    assert len(records) == num_temperatures
    last, truth = records[-1], evidence.log_prob(x)
    assert last.temperature == 1.0
    assert abs((last.log_evidence - truth).mean()) < 0.02 + 3 * last.standard_error.square().mean().sqrt() / 40**0.5
    assert ((last.log_evidence - truth).abs() < 5 * last.standard_error + 0.02).all()
    assert (truth - model.elbo(x, 100)).mean() > 0.3  # there was something to find
    assert all(0.4 < record.acceptance <= 1 for record in records)


def test_few_temperatures_and_bad_steps_leave_the_mean_weight_right():
    """The mean of weights is the evidence whatever the moves are; only the spread suffers."""
    model, evidence = linear_vae(noise=0.8)
    x = model.sample(2, seeded(1))
    eye = torch.eye(K).double()
    moves = Moves([0.0, 0.1, 0.5, 1.0], [0.9, 0.05, 1.6], eye, 4 * eye, num_leapfrog=3)
    *_, last = sv.ais(model, x, 3, 60_000, moves=moves, generator=seeded())
    error = (last.log_evidence - evidence.log_prob(x)).abs()
    assert (error < 5 * last.standard_error).all()
    assert (last.standard_error < 0.05).all()


@pytest.mark.parametrize("start", ["posterior", "prior"])
def test_bounds_from_both_sides_hold_the_evidence(start):
    model, evidence = linear_vae()
    bounds = sv.bidirectional(model, 200, 15, 5, start=start, generator=seeded())
    truth = evidence.log_prob(bounds.x)
    below, above = (truth - bounds.lower).mean(), (bounds.upper - truth).mean()
    assert below > 0
    assert above > 0
    close = sv.bidirectional(model, 200, 150, 5, start=start, generator=seeded())
    assert (close.upper - close.lower).mean() < 0.5 * (below + above)


def test_the_way_back_is_unbiased_too():
    """The mean of reversed weights is 1 / p(x) over draws of the joint: here through a normal without data."""
    target = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1.0, 0.7], [0.7, 1.0]]).double())
    start = MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())
    moves = Moves([0.0, 0.3, 1.0], [0.7, 0.4], torch.eye(2).double(), torch.eye(2).double(), num_leapfrog=1)
    torch.manual_seed(0)
    z = target.sample((200_000,))

    def scaled(z):
        return target.log_prob(z) + 1.5

    *_, back = anneal(start.log_prob, scaled, z, moves, back=True, generator=seeded())
    assert back.temperature == 0.0
    weights = (back.log_weights + 1.5).exp()
    assert abs(weights.mean() - 1) < 5 * weights.std() / len(weights) ** 0.5
    *_, there = anneal(start.log_prob, scaled, start.sample((200_000,)), moves, generator=seeded())
    weights = (there.log_weights - 1.5).exp()
    assert abs(weights.mean() - 1) < 5 * weights.std() / len(weights) ** 0.5


def test_moves_are_found_once_and_kept():
    model, _ = linear_vae()
    x = model.sample(200, seeded(1))
    found = sv.ais_moves(model, x, 40, generator=seeded(2))
    assert len(found.step_sizes) == 40
    assert len(set(found.step_sizes)) > 5
    assert sorted(found.temperatures) == list(found.temperatures)
    *_, once = sv.ais(model, x, 40, 4, moves=found, generator=seeded(3))
    *_, again = sv.ais(model, x, 40, 4, moves=found, generator=seeded(3))
    assert torch.equal(once.log_evidence, again.log_evidence)
    assert once.step_size == found.step_sizes[-1]


@pytest.mark.parametrize("start", ["posterior", "prior"])
def test_flows_and_observed_parents(start):
    """A SIReN-VAE as it comes; its bound of many draws is the judge."""
    network = sv.load_network("student")
    torch.manual_seed(0)
    model = sv.SIReNVAE(network)
    x, _ = sv.sample_network(network, 10, seed=0)
    model.standardize(x)
    *_, last = sv.ais(model, x, 40, 10, start=start, generator=seeded())
    bound = model.iwae_bound(x, 20_000, seeded(1))
    assert ((last.log_evidence - bound).abs() < 5 * last.standard_error + 0.05).all()


def test_replicas_are_annealed_side_by_side():
    model, evidence = linear_vae(replicas=(2,))
    x = model.replica(0).sample(30, seeded(1))
    *_, last = sv.ais(model, x, 60, 10, generator=seeded())
    assert last.log_evidence.shape == (2, 30)
    assert last.log_weights.shape == (10, 2, 30)
    assert (abs((last.log_evidence - evidence.log_prob(x)).mean(dim=1)) < 0.05).all()


def test_a_question_changes_nothing():
    model, _ = linear_vae()
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    *_, last = sv.ais(model, torch.zeros(2, D), 5, generator=seeded())
    assert model.training
    assert not last.log_evidence.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_precision_of_groups_of_draws():
    torch.manual_seed(0)
    covariance = torch.tensor([[2.0, 0.9], [0.9, 1.0]]).double()
    draws = MultivariateNormal(torch.zeros(2).double(), covariance).sample((50, 4000))
    found = precision(draws + 100 * torch.randn(4000, 2).double())  # each group has a mean of its own
    torch.testing.assert_close(found, torch.linalg.inv(covariance), rtol=0.02, atol=0.02)
    few = precision(torch.randn(2, 1, 6).double())
    assert torch.linalg.eigvalsh(few).min() > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"start": "q"}, "start at one of posterior, prior, but 'q' came"),
        ({"num_temperatures": 0}, "number of temperatures is at least 1"),
        ({"num_chains": 0}, "number of chains is at least 1"),
        ({"num_leapfrog": 0}, "number of leapfrog steps is at least 1"),
        ({"moves": Moves([0.0, 1.0], [0.5], torch.eye(K), torch.eye(K))}, "300 temperatures, but moves for 1 came"),
    ],
)
def test_bad_input_is_one_sentence(settings, sentence):
    model, _ = linear_vae()
    with pytest.raises(sv.InputError, match=sentence):
        sv.ais(model, torch.zeros(1, D), **settings)
