"""Ranks and intervals of networks that are right and of networks that are wrong in a known way."""

import pytest
import torch

import sirenvae as sv


def fork_network(change=None):
    network = sv.load_network("fork")
    q = sv.InferenceNetwork(network, sv.invert(network), capacity=100)
    q.prepare(network, [])
    if change is not None:
        with torch.no_grad():
            change(q.net.output_bias)
    return network, q


def test_the_exact_posterior_is_calibrated():
    network = sv.load_network("student")
    q = sv.InferenceNetwork(network, sv.invert(network, "reverse"), capacity=600, faithful=True)
    q.prepare(network, [])
    ranks = sv.simulation_ranks(network, q, 4000, seed=1)
    assert ranks.ranks.shape == (4000, 5)
    assert (ranks.ranks.min(), ranks.ranks.max()) == (0, 199)
    assert ranks.p_value > 0.01
    covered = sv.coverage(ranks)
    assert (covered - torch.tensor([[0.5], [0.9]])).abs().max() < 0.03


def test_a_posterior_that_is_too_narrow_or_beside_the_truth_is_found():
    from scipy.stats import norm

    shares = {}
    for name, change in (
        ("narrow", lambda bias: bias[..., 1].sub_(0.7)),
        ("beside", lambda bias: bias[..., 0].add_(0.1)),
    ):
        network, q = fork_network(change)
        ranks = sv.simulation_ranks(network, q, 3000)
        assert ranks.p_value < 1e-6
        shares[name] = sv.coverage(ranks, 0.5).item()
    assert ranks.ranks.double().mean() < 95  # of 199: draws beside the truth lie above it
    # An interval that is exp(-.7) times as wide holds as much of a normal distribution as its quantiles say.
    expected = 2 * norm.cdf(norm.ppf(0.75) * 2.718281828**-0.7) - 1
    assert shares["narrow"] == pytest.approx(expected, abs=0.03)


def test_each_latent_may_be_calibrated_where_all_together_are_wrong():
    """Mean field has the right marginals here and no correlation: ranks do not see it, the divergence does."""
    network = sv.load_network("collider")
    q = sv.InferenceNetwork(network, sv.invert(network, method="mean_field"), capacity=100)
    q.prepare(network, [])
    assert sv.simulation_ranks(network, q, 3000).p_value > 0.001
    x, z = sv.sample_network(network, 3000, seed=4)
    assert sv.posterior_divergence(network, q, x, z).mean() > 0.5


def test_several_pieces_are_one(monkeypatch):
    network, q = fork_network()
    whole = sv.simulation_ranks(network, q, 300)
    monkeypatch.setattr("sirenvae.truth.calibration._ROWS_AT_ONCE", 199 * 70)
    parts = sv.simulation_ranks(network, q, 300)
    assert parts.ranks.shape == whole.ranks.shape
    assert parts.ranks.double().mean() == pytest.approx(whole.ranks.double().mean().item(), rel=0.1)


def test_weighted_draws_of_several_pieces_are_of_their_own_points(monkeypatch):
    """With the exact posterior every weight is the evidence of its own point."""
    network, q = fork_network()
    x, _ = sv.sample_network(network, 7, seed=3)
    monkeypatch.setattr("sirenvae.truth.weighted._ROWS_AT_ONCE", 3 * 40)
    draws = sv.importance(network, q, x, 40, torch.Generator().manual_seed(1))
    assert (draws.z.shape, draws.log_weights.shape) == ((40, 7, 1), (40, 7))
    truth = sv.true_log_prob(network, x)
    torch.testing.assert_close(draws.log_weights, truth.expand(40, 7), rtol=0, atol=0.05)
    assert truth.std() > 0.3


def test_quantiles_of_weighted_draws_are_those_of_the_posterior():
    network, q = fork_network(lambda bias: bias[..., 1].add_(0.5))
    x, _ = sv.sample_network(network, 3, seed=2)
    draws = sv.importance(network, q, x, 50_000, torch.Generator().manual_seed(0))
    mean, covariance = sv.true_posterior(network, x)
    exact = torch.distributions.Normal(mean, covariance.sqrt()[0])
    for level in (0.05, 0.5, 0.95):
        torch.testing.assert_close(draws.quantile(level), exact.icdf(torch.tensor(level)), rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n, q: sv.simulation_ranks(n, q, 0), "at least 1 point and 1 draw, but 0 and 199 came"),
        (lambda n, q: sv.simulation_ranks(n, sv.InferenceNetwork(n, sv.invert(n), replicas=(2,))), r"take q\.replica"),
        (lambda n, q: sv.simulation_ranks(sv.load_network("chain"), q), "is for fork, not for chain"),
        (lambda n, q: sv.coverage(sv.simulation_ranks(n, q, 5), 0.501), "With 199 draws no central interval .* 0.501"),
        (lambda n, q: sv.coverage(sv.simulation_ranks(n, q, 5), 1.0), "holds 1;"),
        (lambda n, q: sv.importance(n, q, torch.zeros(1, 3), 9).quantile(1.0), "between 0 and 1, but 1.0 came"),
        (lambda n, q: sv.importance(n, q, torch.zeros(1, 3), 9).marginals(), "are numbers, not states"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    network, q = fork_network()
    with pytest.raises(sv.InputError, match=sentence):
        act(network, q)
