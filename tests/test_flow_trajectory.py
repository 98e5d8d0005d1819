"""Points on their way through a flow, block by block and sweep by sweep; float64."""

import math
from itertools import pairwise

import pytest
import torch
from test_flow_inversion import saturated_flow
from test_flows import jacobians, random_adjacency

import sirenvae as sv
from sirenvae.flows import GraphicalResidualFlow
from sirenvae.flows.lipschitz import block_bounds, measured_stretch
from sirenvae.flows.trajectory import inverse_sweeps, simple_sweeps, trajectory

CASES = [(2, 0, 1), (6, 3, 1), (6, 3, 2)]


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("size", "context", "layers"), CASES)
def test_the_way_ends_where_the_flow_ends(size, context, layers):
    flow, x, y, given = saturated_flow(size, context, layers)
    way = trajectory(flow, x, given)
    _, log_det = flow.forward_and_log_det(x, given)
    assert torch.equal(way.points[0], x)
    assert torch.allclose(way.points[-1], y, atol=1e-12)
    assert torch.allclose(way.log_dets.sum(dim=0), log_det, atol=1e-12)


def test_each_block_has_the_log_determinant_of_its_own_jacobian():
    flow, x, _, given = saturated_flow(5, 2, 1)
    way = trajectory(flow, x[:8], given[:8])
    whole = [jacobians(flow, x[:8], given[:8])[0]]
    for k in range(flow.num_blocks):
        rest = trajectory(flow, way.points[k], given[:8], first=k)
        assert torch.allclose(rest.points[-1], way.points[-1], atol=1e-12)
        assert torch.equal(rest.log_dets, way.log_dets[k:])
    assert torch.allclose(torch.linalg.slogdet(whole[0])[1], way.log_dets.sum(dim=0), atol=1e-10)
    assert trajectory(flow, x[:8], given[:8], first=3).log_dets.shape == (0, 8)


@pytest.mark.parametrize(("size", "context", "layers"), CASES)
def test_sweeps_lead_back_block_by_block(size, context, layers):
    flow, x, y, given = saturated_flow(size, context, layers)
    way = trajectory(flow, x, given)
    sweeps = list(inverse_sweeps(flow, y, given))
    inversion = flow.invert(y, given)
    assert [sum(s.block == b for s in sweeps) for b in range(3)] == list(inversion.num_sweeps)
    for sweep, following in pairwise(sweeps):
        assert (following.block, following.number) in {(sweep.block, sweep.number + 1), (sweep.block - 1, 0)}
        if following.number == 0:
            assert torch.equal(following.points, sweep.points)
            assert torch.allclose(sweep.points, way.points[sweep.block], atol=1e-7)
            assert torch.allclose(sweep.log_det, -way.log_dets[sweep.block], atol=1e-7)
    assert torch.allclose(sweeps[-1].points, inversion.x, atol=1e-12)
    assert sweeps[-1].residual < 1e-8 < sweeps[0].residual
    update = y - trajectory(flow, y, given, first=2).points[-1]
    assert sweeps[0].residual == pytest.approx(torch.linalg.vector_norm(update, dim=-1).max().item())


@pytest.mark.parametrize(("size", "context", "layers"), CASES)
def test_plain_sweeps_fall_at_least_as_fast_as_the_bound_promises(size, context, layers):
    flow, x, _, given = saturated_flow(size, context, layers)
    way = trajectory(flow, x, given)
    for block, bound in enumerate(block_bounds(flow).tolist()):
        plain = simple_sweeps(flow, block, way.points[block + 1], given, by_diagonal=False)
        assert all(after <= bound * before * (1 + 1e-6) + 1e-14 for before, after in pairwise(plain))
        newton = [s.residual for s in inverse_sweeps(flow, way.points[-1], given) if s.block == block]
        assert len(newton) < len(plain)


def test_with_one_variable_the_diagonal_is_newtons_method():
    flow, _, y, _ = saturated_flow(1, 0, 1, num_blocks=1)
    residuals = simple_sweeps(flow, 0, y, by_diagonal=True)
    by_hand, at = [], y
    for _ in residuals:
        derivative, _ = jacobians(flow, at, None)
        residual = flow.forward_and_log_det(at)[0] - y
        by_hand.append(residual.abs().max().item())
        at = (at - residual / derivative[:, 0]).detach()
    assert residuals == pytest.approx(by_hand, rel=1e-6, abs=1e-14)
    assert len(residuals) < len(simple_sweeps(flow, 0, y, by_diagonal=False))


@pytest.mark.parametrize(("size", "context", "layers"), CASES)
def test_no_point_is_stretched_beyond_the_bound(size, context, layers):
    flow, x, _, given = saturated_flow(size, context, layers)
    bounds = block_bounds(flow)
    assert torch.allclose(bounds, torch.tensor((0.99 * 0.97) ** (layers + 1)))
    way = trajectory(flow, x, given)
    stretch = measured_stretch(flow, way.points[:-1], given)
    assert (stretch <= bounds).all()
    one = GraphicalResidualFlow(flow.adjacency, 1, [len(m) for m in flow.layers.masks[:-1]]).eval()
    one.load_state_dict(
        {
            k: v[:1] if v.shape[:1] == (3,) and k.startswith(("w", "b", "c", "r", "s")) and "mask" not in k else v
            for k, v in flow.state_dict().items()
        }
    )
    derivative, _ = jacobians(one, x, given)
    exact = torch.linalg.matrix_norm(derivative - torch.eye(size), ord=2).max()
    assert stretch[0] == pytest.approx(exact.item(), rel=1e-3)


def test_points_that_do_not_fit_are_one_sentence():
    flow = GraphicalResidualFlow(random_adjacency(0, 3, 0), num_blocks=2).eval()
    for call in (trajectory, lambda *a: list(inverse_sweeps(*a)), measured_stretch):
        with pytest.raises(sv.InputError, match="3 variables, but points with 4"):
            call(flow, torch.zeros(2, 5, 4) if call is measured_stretch else torch.zeros(5, 4))


def test_a_sweep_that_is_lost_ends():
    flow, _, y, _ = saturated_flow(2, 0, 1)
    y[0, 0] = math.nan
    assert len(simple_sweeps(flow, 0, y, by_diagonal=True)) == 1
