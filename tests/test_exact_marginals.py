"""Exact answers of discrete networks, against sums over all assignments."""

import math

import numpy as np
import pytest
import torch
from test_tables import joint, wet

import sirenvae as sv
from sirenvae.truth.any_evidence import marginal_divergence, random_evidence
from sirenvae.truth.distributions import conditional_distribution, joint_log_prob

pytest.importorskip("pgmpy", reason="it eliminates the variables")


def summed(network, known):
    """The marginals given evidence and its probability, from the joint."""
    states, probability = joint(network)
    there = np.all([states[:, network.position[v]] == s for v, s in known.items()] or [np.ones(len(states), bool)], 0)
    weights = probability * there
    marginals = {}
    for v in network.variables:
        column = states[:, network.position[v]]
        marginals[v] = np.array([weights[column == s].sum() for s in range(len(network.states[v]))]) / weights.sum()
    return marginals, weights.sum()


@pytest.mark.parametrize("name", ["asia", "wet"])
def test_marginals_and_evidence_are_sums_over_the_joint(name):
    network = wet() if name == "wet" else sv.load_network(name)
    evidence = [{}]
    for row in random_evidence(network, 8, (0.1, 0.7), seed=2).tolist():
        evidence.append({v: int(s) for v, s in zip(network.variables, row, strict=True) if not math.isnan(s)})
    for known in evidence:
        expected, total = summed(network, known)
        found = sv.true_marginals(network, known)
        assert list(found) == [v for v in network.variables if v not in known]
        for v, distribution in found.items():
            np.testing.assert_allclose(distribution.probs, expected[v], atol=1e-12)
        assert sv.true_log_evidence(network, known) == pytest.approx(math.log(total), abs=1e-12)


def test_states_go_by_name_or_number():
    asia = sv.load_network("asia")
    by_name, by_number = (sv.true_marginals(asia, {"xray": state})["lung"].probs for state in ("no", 1))
    assert torch.equal(by_name, by_number)


def test_all_variables_can_be_evidence_for_their_probability_alone():
    asia = sv.load_network("asia")
    known = dict.fromkeys(asia.variables, "no")
    expected = math.log(0.99 * 0.99 * 0.5 * 0.99 * 0.7 * 1 * 0.95 * 0.9)
    assert sv.true_log_evidence(asia, known) == pytest.approx(expected)
    with pytest.raises(sv.InputError, match="nothing is left to ask"):
        sv.true_marginals(asia, known)


def test_evidence_that_cannot_be():
    asia = sv.load_network("asia")
    impossible = {"lung": "no", "tub": "no", "either": "yes"}
    with pytest.raises(sv.InputError, match="lung = no, tub = no, either = yes has probability 0 in asia"):
        sv.true_marginals(asia, impossible)
    assert sv.true_log_evidence(asia, impossible) == -math.inf


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        ({"lung": "maybe"}, "lung has no state 'maybe'; its states are yes, no, numbered from 0 to 1"),
        ({"lung": 2}, "lung has no state 2"),
        ({"liver": 0}, "asia has no variable liver"),
    ],
)
def test_evidence_of_no_state_is_one_sentence(evidence, sentence):
    for ask in (sv.true_marginals, sv.true_log_evidence):
        with pytest.raises(sv.InputError, match=sentence):
            ask(sv.load_network("asia"), evidence)


def test_a_network_of_real_values_has_no_states():
    with pytest.raises(sv.InputError, match="student has no tables"):
        sv.true_marginals(sv.load_network("student"), {})


def test_the_evidence_of_points_is_that_of_their_states():
    asia = sv.load_network("asia").with_observed(["smoke", "xray", "dysp"])
    x, _ = sv.sample_network(asia, 30, seed=4)
    expected = [math.log(summed(asia, dict(zip(asia.observed, map(int, row), strict=True)))[1]) for row in x.tolist()]
    np.testing.assert_allclose(sv.true_log_prob(asia, x), expected, atol=1e-12)
    states, probability = joint(asia)
    row = {v: torch.from_numpy(states[:, asia.position[v]]).double() for v in asia.variables}
    both = (torch.stack([row[v] for v in group], dim=1) for group in (asia.observed, asia.latents))
    np.testing.assert_allclose(joint_log_prob(asia, *both).exp(), probability, atol=1e-12)
    given = conditional_distribution(asia, "tub", {"asia": torch.tensor([0.0, 1.0])})
    np.testing.assert_allclose(given.probs, [[0.05, 0.95], [0.01, 0.99]])
    with pytest.raises(sv.InputError, match="of smoke from 0 to 1, but 2 came"):
        sv.true_log_prob(asia, [[2, 0, 0]])


def test_random_evidence_has_the_sizes_that_are_asked_for():
    asia = sv.load_network("asia")
    x = random_evidence(asia, 400, seed=1)
    counts = (~torch.isnan(x)).sum(dim=1)
    assert counts.unique().tolist() == [1, 2, 3, 4]
    assert (counts.bincount()[1:] > 70).all()
    assert ((~torch.isnan(x)).sum(dim=0) > 80).all()
    with pytest.raises(sv.InputError, match="leaves one to ask"):
        random_evidence(asia, 5, (0.99, 1.0))


def test_the_divergence_is_that_of_the_exact_marginals():
    network = wet()
    torch.manual_seed(0)
    q = sv.MarginalNetwork(network, width=8)
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.normal_(std=0.5)
    x = torch.tensor([[torch.nan, 1.0, torch.nan], [torch.nan, torch.nan, torch.nan]])
    found = marginal_divergence(network, q, x)
    assert torch.isnan(found[0, 1])
    for n, known in enumerate(({"roof": 1}, {})):
        exact, _ = summed(network, known)
        learnt = q.marginals(known)
        for v in learnt:
            expected = (exact[v] * np.log(exact[v] / learnt[v].probs.double().numpy())).sum()
            assert found[n, network.position[v]].item() == pytest.approx(expected, abs=1e-5)
