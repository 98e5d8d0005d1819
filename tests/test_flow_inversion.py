"""The inverse of a flow, sweep by sweep, and the activations that it is built from; float64."""

import pytest
import torch
from test_flows import jacobians, random_adjacency, random_points

import sirenvae as sv
from sirenvae.flows import GraphicalResidualFlow
from sirenvae.flows import newton as inversions
from sirenvae.flows.activations import ACTIVATIONS
from sirenvae.flows.newton import Linearization, solve

SATURATED = [(size, context, layers) for size, context in ((2, 0), (12, 5), (30, 0)) for layers in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def saturated_flow(size: int, context: int, layers: int, num_blocks: int = 3, **settings):
    """A flow whose every layer sits at the Lipschitz bound, and points in its range."""
    adjacency = random_adjacency(size, size, context)
    torch.manual_seed(size + layers)
    widths = [2 * size + context + i for i in range(layers)]
    flow = GraphicalResidualFlow(adjacency, num_blocks, widths, **settings).eval()
    with torch.no_grad():
        for parameter in [*flow.weights, flow.context_weight]:
            parameter.mul_(10)
        for bias in flow.biases:
            bias.normal_()
    assert all(torch.allclose(sigma, torch.tensor(0.99 * 0.97)) for sigma in flow.spectral_norms())
    x = torch.randn(*flow.replicas, 200, size)
    given = torch.randn(*flow.replicas, 200, context) if context else None
    return flow, x, flow.forward_and_log_det(x, given)[0].detach(), given


@pytest.mark.parametrize(("size", "context", "layers"), SATURATED)
def test_at_most_six_sweeps_at_the_lipschitz_bound(size, context, layers):
    flow, x, y, given = saturated_flow(size, context, layers)
    inversion = flow.invert(y, given, tolerance=1e-6)
    assert max(inversion.num_sweeps) <= 6
    assert torch.allclose(inversion.x, x, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["student", "ecoli70"])
def test_at_most_six_sweeps_after_training(name):
    net = sv.load_network(name)
    torch.manual_seed(0)
    data, _ = sv.sample_network(net, 100)
    model = sv.SIReNVAE(net)
    list(sv.fit(model, data, sv.Recipe("short", num_steps=100)))
    x = model.standardized(data)
    noise = torch.randn(100, len(net.latents))
    z = model.encoder.forward_and_log_det(noise, x)[0].detach()
    assert max(model.encoder.invert(z, x, tolerance=1e-6).num_sweeps) <= 6
    assert max(model.prior.invert(noise, tolerance=1e-6).num_sweeps) <= 6


@pytest.mark.parametrize("tolerance", [1e-3, 1e-10])
def test_the_reported_residual_is_that_of_the_points_returned(tolerance):
    flow, _, y, given = saturated_flow(12, 5, 1, num_blocks=1)
    for inversion in (flow.invert(y, given, tolerance), flow.invert(y.clone().requires_grad_(), given, tolerance)):
        again, log_det = flow.forward_and_log_det(inversion.x, given)
        (falling,) = inversion.residuals
        assert falling[-1] <= tolerance < falling[-2]
        assert falling[-1] == pytest.approx(((again - y).abs() / (1 + y.abs())).max().item(), abs=1e-14)
        assert torch.allclose(inversion.log_det, -log_det, atol=1e-13)
        assert inversion.num_sweeps == (len(falling),)
        assert falling[0] == pytest.approx(
            ((flow.forward_and_log_det(y, given)[0] - y).abs() / (1 + y.abs())).max().item()
        )


def test_residuals_are_those_of_the_worst_replica_and_in_the_order_of_the_blocks():
    flow, _, y, _ = saturated_flow(12, 0, 1, replicas=(2,))
    together = flow.invert(y)
    alone = GraphicalResidualFlow(flow.adjacency, 3, [24]).eval()
    halves = []
    for r in range(2):
        state = flow.state_dict()
        alone.load_state_dict(
            {k: state[k][r] if state[k].shape != v.shape else state[k] for k, v in alone.state_dict().items()}
        )
        halves.append(alone.invert(y[r]))
        assert torch.allclose(halves[-1].x, together.x[r], atol=1e-8)
    for block in range(3):
        assert together.residuals[block][0] == pytest.approx(max(half.residuals[block][0] for half in halves), rel=1e-6)
        assert together.num_sweeps[block] == max(half.num_sweeps[block] for half in halves)
    update, _ = flow._blocks(None)[-1](y)
    assert together.residuals[-1][0] == pytest.approx((update.abs() / (1 + y.abs())).max().item())


def test_no_points_are_inverted_in_one_sweep():
    flow, *_ = saturated_flow(2, 0, 1)
    assert flow.invert(torch.zeros(0, 2)).num_sweeps == (1, 1, 1)


def wave(x):
    """Steep between two flat ends, Lipschitz constant 0.94: a Newton step from one end lands beyond the other."""
    slope = -0.94 + 1.88 * (1 - torch.tanh(x - 4).square())
    return Linearization(-0.94 * x + 1.88 * torch.tanh(x - 4) - 0.24, slope, slope.mul, slope.mul)


def test_where_newton_goes_round_in_circles_plain_steps_help(monkeypatch):
    y = torch.linspace(-30, 30, 401).unsqueeze(-1)
    x, _, residuals = solve(wave, y, 1 + y.abs(), 1e-10, 100)
    assert torch.allclose(x + wave(x).value, y, atol=1e-8)
    assert residuals[9] > 1
    monkeypatch.setattr(inversions, "_FREE_SWEEPS", 1000)
    with pytest.raises(sv.ConvergenceError, match="in 300 sweeps"):
        solve(wave, y, 1 + y.abs(), 1e-10, 300)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_one_dimensional_block_is_solved(activation):
    """20,000 blocks at the bound, most of them with slopes near 0.06, kinks of every sharpness included."""
    torch.manual_seed(0)
    flow = GraphicalResidualFlow(
        torch.tensor([[True]]), 1, [3], replicas=(20_000,), activation=activation, num_power_iterations=1
    ).eval()
    with torch.no_grad():
        flow.weights[0].normal_().mul_(100)
        flow.weights[1].copy_(-100 * torch.randn(20_000, 1, 1, 3).abs() * flow.weights[0].mT.sign())
        flow.biases[0].normal_()
        if flow.activation.has_sharpness:
            flow.raw_sharpness.copy_(5 * torch.randn_like(flow.raw_sharpness).exp())
        inversion = flow.invert(3 * torch.randn(20_000, 3, 1), tolerance=1e-6)
    assert inversion.num_sweeps[0] <= 10


def test_gradients_of_the_inverse_with_two_hidden_layers():
    flow, _, y, given = saturated_flow(4, 2, 2, num_blocks=2)
    inputs = (y[:2].requires_grad_(), given[:2].requires_grad_())
    assert torch.autograd.gradcheck(lambda y, c: flow.inverse_and_log_det(y, c, tolerance=1e-13), inputs, atol=1e-6)


def test_gradients_of_a_tiny_loss_are_as_exact_as_those_of_a_large_one():
    flow, _, y, given = saturated_flow(12, 5, 1)
    x, _ = flow.inverse_and_log_det(y, given)
    parameters = list(flow.parameters())
    large = torch.autograd.grad(x.square().sum(), parameters, retain_graph=True)
    tiny = torch.autograd.grad(1e-12 * x.square().sum(), parameters)
    for one, other in zip(large, tiny, strict=True):
        assert torch.allclose(one, 1e12 * other, rtol=1e-6, atol=1e-6)


def test_single_precision_reaches_a_third_of_its_default_tolerance():
    for size, context, layers in SATURATED:
        flow, _, y, given = saturated_flow(size, context, layers)
        given = None if given is None else given.float()
        assert max(flow.float().invert(y.float(), given, tolerance=3e-6).num_sweeps) <= 6


def arguments_of(activation, x, beta):
    return (x, beta) if activation.has_sharpness else (x,)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_and_gradients_of_an_activation(name):
    activation = ACTIVATIONS[name]
    torch.manual_seed(0)
    arguments = arguments_of(activation, torch.randn(6, 5, requires_grad=True), torch.rand(5, requires_grad=True))
    value, slope = activation.function(*arguments)
    assert torch.allclose(slope, torch.autograd.grad(value.sum(), arguments[0])[0], atol=1e-12)
    assert torch.autograd.gradcheck(activation.function, arguments)


@pytest.mark.parametrize("beta", [0.1, 1.0, 5.0, 50.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_of_an_activation_comes_up_to_one_and_no_further(name, beta):
    grid = torch.linspace(-60, 60, 1_200_001)
    largest = ACTIVATIONS[name].function(*arguments_of(ACTIVATIONS[name], grid, torch.tensor(beta)))[1].abs().max()
    assert 0.999 < largest <= 1


def test_lip_mish_is_mish_over_its_largest_slope():
    x, beta = torch.linspace(-30, 30, 1001), torch.tensor(2.0)
    value, _ = ACTIVATIONS["lip_mish"].function(x, beta)
    assert torch.allclose(value, torch.nn.functional.mish(beta * x) / beta / 1.0885, atol=1e-14)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_flow_of_every_activation(name, layers):
    flow, *_ = saturated_flow(6, 2, layers, activation=name)
    x, given = random_points(flow.adjacency, 0)
    y, log_det = flow.forward_and_log_det(x, given)
    by_x, _ = jacobians(flow, x, given)
    assert torch.allclose(log_det, torch.linalg.slogdet(by_x)[1], rtol=0, atol=1e-10)
    assert (by_x[:, ~flow.reach()[:, :6]] == 0).all()
    back, inverse_log_det = flow.inverse_and_log_det(y, given)
    assert torch.allclose(back, x, rtol=0, atol=1e-8)
    assert torch.allclose(inverse_log_det, -log_det, rtol=0, atol=1e-8)
    assert hasattr(flow, "raw_sharpness") == name.startswith("lip")


def test_the_sharpness_starts_at_one():
    flow = GraphicalResidualFlow(torch.tensor([[True]]))
    assert torch.allclose(torch.nn.functional.softplus(flow.raw_sharpness), torch.ones(()))


def test_an_unknown_activation_is_one_sentence():
    with pytest.raises(sv.InputError, match="'relu' does not exist; it is one of lip_swish, lip_mish, elu, tanh"):
        GraphicalResidualFlow(torch.tensor([[True]]), activation="relu")
