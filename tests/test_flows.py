"""Masks and flows against autograd, singular values and closed forms; float64."""

import math

import pytest
import torch
from random_networks import random_dag

import sirenvae as sv
from sirenvae.flows import GraphicalResidualFlow, layer_masks, reach, standard_normal_log_prob
from sirenvae.flows.activations import lip_swish
from sirenvae.flows.spectral import bounded, exact_sigma, power_iteration, sigma_along
from sirenvae.nets.set_rule import decoder_masks

RANDOM_DAGS = [(seed, 1 + seed % 12, (0, 3)[seed % 2]) for seed in range(20)] + [(20, 12, 0), (21, 12, 5)]


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def random_adjacency(seed: int, num_variables: int, num_context: int) -> torch.Tensor:
    """Rows are children: the adjacency of a random DAG, with random context columns on the right."""
    square = torch.eye(num_variables, dtype=torch.bool)
    for parent, child in random_dag(num_variables, seed).edges:
        square[child, parent] = True
    context = torch.rand(num_variables, num_context, generator=torch.Generator().manual_seed(seed)) < 0.4
    return torch.cat([square, context], dim=1)


def random_flow(adjacency, seed: int, hidden_features=None, num_blocks: int = 3, **settings) -> GraphicalResidualFlow:
    """A flow whose weights are large enough for the Lipschitz bound to act."""
    torch.manual_seed(seed)
    flow = GraphicalResidualFlow(adjacency, num_blocks, hidden_features, **settings).eval()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.mul_(3)
    return flow


def random_points(adjacency, seed: int, num_points: int = 4):
    generator = torch.Generator().manual_seed(seed)
    size, columns = adjacency.shape
    x = torch.randn(num_points, size, generator=generator)
    context = torch.randn(num_points, columns - size, generator=generator) if columns > size else None
    return x, context


def jacobians(flow, x, context):
    """By autograd, one point at a time: with respect to x, and to the context."""

    def full(x, context):
        return flow.forward_and_log_det(x, context)[0]

    if context is None:
        return torch.stack([torch.autograd.functional.jacobian(lambda v: full(v, None), point) for point in x]), None
    both = [torch.autograd.functional.jacobian(full, (point, given)) for point, given in zip(x, context, strict=True)]
    return torch.stack([j for j, _ in both]), torch.stack([j for _, j in both])


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(("seed", "size", "context"), RANDOM_DAGS)
def test_the_product_of_masks_is_the_adjacency(seed, size, context, depth):
    adjacency = random_adjacency(seed, size, context)
    widths = [2 * size + context + i for i in range(depth)]
    masks = layer_masks(adjacency, widths).masks
    product = masks[0].long()
    for mask in masks[1:]:
        product = mask.long() @ product
    assert torch.equal(product > 0, adjacency)


def test_masks_of_a_collider_literally():
    """a -> c <- b: with one round of units, c's unit owns {a, b, c} and only the output c reads it."""
    adjacency = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=torch.bool)
    first, second = layer_masks(adjacency, [6]).masks
    assert first.int().tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert second.int().tolist() == [[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [1, 1, 1, 1, 1, 1]]


def test_decoder_masks_show_each_output_its_parents_only():
    adjacency = torch.tensor([[1, 1, 0], [0, 0, 0], [0, 1, 1]], dtype=torch.bool)
    first, second = decoder_masks(adjacency, 5)
    assert torch.equal(second.long() @ first.long() > 0, adjacency)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("seed", "size", "context"), RANDOM_DAGS)
def test_log_det_sparsity_density_and_inverse(seed, size, context, layers):
    adjacency = random_adjacency(seed, size, context)
    flow = random_flow(adjacency, seed, [2 * size + context + i for i in range(layers)])
    x, given = random_points(adjacency, seed)
    y, log_det = flow.forward_and_log_det(x, given)
    by_x, by_context = jacobians(flow, x, given)
    sign, expected = torch.linalg.slogdet(by_x)
    assert (sign == 1).all()
    assert torch.allclose(log_det, expected, rtol=0, atol=1e-10)

    allowed = flow.reach()
    assert (by_x[:, ~allowed[:, :size]] == 0).all()
    assert (by_x[:, allowed[:, :size]] != 0).any(dim=0).all()
    if context:
        assert (by_context[:, ~allowed[:, size:]] == 0).all()
        assert (by_context[:, allowed[:, size:]] != 0).any(dim=0).all()

    base = torch.distributions.Normal(0.0, 1.0).log_prob(y).sum(-1)
    assert torch.allclose(flow.log_prob(x, given), base + expected, rtol=0, atol=1e-10)

    back, inverse_log_det = flow.inverse_and_log_det(y, given)
    assert torch.allclose(back, x, rtol=0, atol=1e-8)
    assert torch.allclose(inverse_log_det, -log_det, rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_reach_is_the_boolean_power(seed):
    adjacency = random_adjacency(seed, 9, 4)
    square = torch.cat([adjacency.long(), torch.eye(13, dtype=torch.long)[9:]])
    power = square
    for num_blocks in range(1, 5):
        assert torch.equal(reach(adjacency, num_blocks), power[:9] > 0)
        power = square @ power


def test_a_density_integrates_to_one():
    flow = random_flow(torch.tensor([[True]]), 3, num_blocks=4)
    grid = torch.linspace(-60, 60, 200_001).unsqueeze(-1)
    mass = torch.trapezoid(flow.log_prob(grid).exp(), grid.squeeze(-1))
    assert mass.item() == pytest.approx(1.0, abs=1e-6)


def test_replicas_are_independent_flows():
    adjacency = random_adjacency(7, 6, 2)
    many = random_flow(adjacency, 7, replicas=(3,))
    x, context = torch.randn(3, 5, 6), torch.randn(3, 5, 2)
    y, log_det = many.forward_and_log_det(x, context)
    back, _ = many.inverse_and_log_det(y, context)
    assert torch.allclose(back, x, atol=1e-8)
    for r in range(3):
        one = GraphicalResidualFlow(adjacency, 3).eval()
        state = many.state_dict()
        one.load_state_dict(
            {k: state[k][r] if state[k].shape != v.shape else state[k] for k, v in one.state_dict().items()}
        )
        y_one, log_det_one = one.forward_and_log_det(x[r], context[r])
        assert torch.allclose(y_one, y[r], atol=1e-12)
        assert torch.allclose(log_det_one, log_det[r], atol=1e-12)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_any_batch_shape(shape):
    flow = random_flow(random_adjacency(3, 4, 0), 3)
    y, log_det = flow.forward_and_log_det(torch.zeros(*shape, 4))
    assert y.shape == (*shape, 4)
    assert log_det.shape == shape


def test_spectral_norms_against_the_svd():
    torch.manual_seed(0)
    weight = torch.randn(2, 3, 9, 6)
    expected = torch.linalg.svdvals(weight)[..., 0]
    assert torch.allclose(exact_sigma(weight), expected, atol=1e-10)
    assert torch.allclose(exact_sigma(weight.mT), expected, atol=1e-10)
    vector = power_iteration(weight, torch.ones(2, 3, 6) / math.sqrt(6), 30)
    assert torch.allclose(sigma_along(weight, vector), expected, atol=1e-8)
    scaled = bounded(weight, expected, 0.9)
    assert torch.allclose(exact_sigma(scaled), torch.full((2, 3), 0.9), atol=1e-10)
    assert torch.equal(bounded(weight, expected, 100.0), weight)


def test_power_iteration_on_zero_keeps_its_vector():
    start = torch.ones(4) / 2
    assert torch.equal(power_iteration(torch.zeros(3, 4), start, 5), start)


def test_the_bound_holds_while_training_and_exactly_in_evaluation():
    flow = random_flow(random_adjacency(5, 8, 2), 5)
    assert max(sigma.max() for sigma in flow.spectral_norms()) <= 0.97 + 1e-12
    flow.train()
    for _ in range(50):
        flow.normalized_weights()
    assert max(sigma.max() for sigma in flow.spectral_norms()) <= 0.97 * 1.001


def test_lip_swish_value_slope_and_gradients():
    x, beta = torch.randn(6, 5, requires_grad=True), torch.rand(5, requires_grad=True)
    value, slope = lip_swish(x, beta)
    plain = x * torch.sigmoid(beta * x) / 1.1
    assert torch.allclose(value, plain, atol=1e-14)
    assert torch.allclose(slope, torch.autograd.grad(plain.sum(), x)[0], atol=1e-12)
    assert torch.autograd.gradcheck(lip_swish, (x, beta))
    grid = torch.linspace(-50, 50, 100_001)
    assert lip_swish(grid, torch.tensor(1.0))[1].abs().max() <= 1


def test_gradients_of_a_whole_flow():
    adjacency = random_adjacency(4, 4, 2)
    flow = random_flow(adjacency, 4, num_blocks=2)
    x, context = random_points(adjacency, 4, 2)
    assert torch.autograd.gradcheck(flow.forward_and_log_det, (x.requires_grad_(), context.requires_grad_()))


@pytest.mark.parametrize("replicas", [(), (2,)])
def test_gradients_of_the_inverse_are_those_of_unrolled_sweeps(replicas):
    """By the implicit function theorem here; there by recording every sweep of a solution from scratch."""
    adjacency = random_adjacency(5, 5, 2)
    flow = random_flow(adjacency, 5, num_blocks=3, replicas=replicas)
    y = torch.randn(*replicas, 4, 5, requires_grad=True)
    context = torch.randn(*replicas, 4, 2, requires_grad=True)
    toward = torch.randn(*replicas, 4, 5)
    inputs = [y, context, *flow.parameters()]

    def gradients(x, log_det):
        return torch.autograd.grad((x * toward).sum() + log_det.square().sum(), inputs, retain_graph=True)

    x, log_det = flow.inverse_and_log_det(y, context)
    flat, given, restore = flow._to_batches(y, context)
    unrolled, total = flat, 0.0
    for block in reversed(flow._blocks(given)):
        aim = unrolled
        for _ in range(60):
            update, diagonal = block(unrolled)
            unrolled = unrolled - (unrolled + update - aim) / (1 + diagonal)
        total = total - torch.log1p(block(unrolled)[1]).sum(dim=-1)
    for ours, theirs in zip(gradients(x, log_det), gradients(restore(unrolled), restore(total)), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-7)


def test_the_inverse_carries_no_gradient_where_none_is_asked_for():
    flow = random_flow(random_adjacency(3, 4, 0), 3)
    with torch.no_grad():
        x, log_det = flow.inverse_and_log_det(torch.randn(3, 4))
    assert not x.requires_grad
    assert not log_det.requires_grad


def test_inversion_says_when_it_does_not_converge():
    flow = random_flow(random_adjacency(6, 6, 0), 6)
    with pytest.raises(sv.ConvergenceError, match=r"in 1 sweeps: the residual is .*, the tolerance 1.00e-12"):
        flow.inverse_and_log_det(torch.randn(3, 6), tolerance=1e-12, max_sweeps=1)


def test_inversion_in_single_precision():
    flow = random_flow(random_adjacency(6, 6, 0), 6).float()
    y, _ = flow.forward_and_log_det(torch.randn(50, 6, dtype=torch.float32))
    back, _ = flow.inverse_and_log_det(y)
    again, _ = flow.forward_and_log_det(back)
    assert torch.allclose(again, y, atol=1e-4)


def test_standard_normal():
    x = torch.randn(3, 4)
    assert torch.allclose(standard_normal_log_prob(x), torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(-1))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda a: GraphicalResidualFlow(a.float()), "An adjacency is a bool matrix"),
        (lambda a: GraphicalResidualFlow(a & ~torch.eye(3, dtype=torch.bool)), "False on its diagonal"),
        (lambda a: GraphicalResidualFlow(a | a.T), r"the variables \[0, 1, 2\] form a cycle"),
        (lambda a: GraphicalResidualFlow(a, lipschitz=1.0), "between 0 and 1"),
        (lambda a: GraphicalResidualFlow(a, num_blocks=0), "at least one block"),
        (
            lambda a: GraphicalResidualFlow(a, hidden_features=2),
            "a unit for each of the 3 variables, but its width is 2",
        ),
        (
            lambda a: GraphicalResidualFlow(a).forward_and_log_det(torch.zeros(2, 4)),
            "has 3 variables, but points with 4",
        ),
        (
            lambda a: GraphicalResidualFlow(a).forward_and_log_det(torch.zeros(2, 3), torch.zeros(2, 1)),
            "0 context values, but 1 came",
        ),
        (
            lambda a: GraphicalResidualFlow(a, replicas=(2,)).forward_and_log_det(torch.zeros(3, 4, 3)),
            r"has replicas \(2,\)",
        ),
        (lambda a: reach(a, 0), "at least one block"),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    adjacency = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=torch.bool)
    with pytest.raises(sv.InputError, match=sentence):
        make(adjacency)
