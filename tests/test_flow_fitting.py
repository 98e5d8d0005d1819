"""A flow alone, fitted to points whose entropy is known."""

import math

import pytest
import torch

import sirenvae as sv
from sirenvae.flows.fitting import fit_flow
from sirenvae.flows.lipschitz import block_bounds

CHAIN = torch.tensor([[True, False], [True, True]])


def correlated(num_points: int, correlation: float = 0.8) -> torch.Tensor:
    noise = torch.randn(num_points, 2, generator=torch.Generator().manual_seed(1))
    return torch.stack([noise[:, 0], correlation * noise[:, 0] + math.sqrt(1 - correlation**2) * noise[:, 1]], dim=1)


def fitted(x, context=None, adjacency=CHAIN):
    torch.manual_seed(0)
    flow = sv.GraphicalResidualFlow(adjacency, num_blocks=3, num_power_iterations=3)
    losses = list(fit_flow(flow, x, context, num_steps=150, learning_rate=5e-2))
    return flow, losses


def test_a_correlated_normal_comes_within_a_twentieth_of_a_nat_of_its_entropy():
    flow, losses = fitted(correlated(2000))
    entropy = math.log(2 * math.pi * math.e) + 0.5 * math.log(1 - 0.8**2)
    fresh = correlated(4000)[2000:]
    assert -flow.log_prob(fresh).mean().item() == pytest.approx(entropy, abs=0.08)
    assert losses[0] > sum(losses[-10:]) / 10
    assert not flow.training
    assert (block_bounds(flow) < 1).all()
    noise, _ = flow.forward_and_log_det(fresh)
    assert abs(noise.T.corrcoef()[0, 1].item()) < 0.1


def test_an_edge_that_is_missing_cannot_be_learned():
    flow, _ = fitted(correlated(2000), adjacency=torch.eye(2, dtype=torch.bool))
    noise, _ = flow.forward_and_log_det(correlated(4000)[2000:])
    assert noise.T.corrcoef()[0, 1].item() > 0.7


def test_context_counts():
    points = correlated(2000)
    flow, _ = fitted(points[:, 1:], points[:, :1], adjacency=torch.tensor([[True, True]]))
    conditional_entropy = 0.5 * math.log(2 * math.pi * math.e * (1 - 0.8**2))
    assert -flow.log_prob(points[:, 1:], points[:, :1]).mean().item() == pytest.approx(conditional_entropy, abs=0.08)


def test_the_same_seed_gives_the_same_flow():
    assert fitted(correlated(300))[1] == fitted(correlated(300))[1]


def test_points_that_are_not_finite_are_one_sentence():
    flow = sv.GraphicalResidualFlow(CHAIN)
    with pytest.raises(sv.InputError, match="NaN or infinite"):
        next(fit_flow(flow, torch.tensor([[0.0, math.nan]])))
