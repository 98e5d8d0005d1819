"""Transforms in a chain, and a flow as a distribution of torch's kind."""

import itertools

import pytest
import torch

import sirenvae as sv
from sirenvae.flows import Chain, GraphicalResidualFlow, Inverted, MaskedAffine, standard_normal_log_prob
from sirenvae.flows.affine import MaskedAffine as Affine

ADJACENCY = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0]]).bool()  # 0 -> 1 -> 2, 0 sees the context


def affine(adjacency=ADJACENCY, replicas=()):
    part = Affine(adjacency, replicas).double()
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.normal_(std=0.5)
    return part


def chain(replicas=(), context=True):
    torch.manual_seed(0)
    adjacency = ADJACENCY if context else ADJACENCY[:, :3]
    flow = GraphicalResidualFlow(adjacency, num_blocks=2, replicas=replicas).double().eval()
    last = GraphicalResidualFlow(ADJACENCY[:, :3], num_blocks=1, replicas=replicas).double().eval()
    return Chain(flow, affine(adjacency, replicas), Inverted(last))


def test_directions_undo_each_other_and_log_dets_cancel():
    both, x, c = chain(), torch.randn(7, 3).double(), torch.randn(7, 1).double()
    y, log_det = both.forward_and_log_det(x, c)
    back, more = both.inverse_and_log_det(y, c)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-8)
    torch.testing.assert_close(log_det + more, torch.zeros(7).double(), rtol=0, atol=1e-8)


def test_log_det_is_that_of_the_whole_jacobian():
    both, x, c = chain(), torch.randn(4, 3).double(), torch.randn(4, 1).double()
    _, log_det = both.forward_and_log_det(x, c)
    for point, given, found in zip(x, c, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda p, given=given: both.forward_and_log_det(p[None], given[None])[0][0], point
        )
        assert torch.linalg.slogdet(jacobian).logabsdet.item() == pytest.approx(found.item(), abs=1e-9)


def test_a_part_turned_round_is_the_same_map():
    flow = affine(ADJACENCY[:, :3])
    x = torch.randn(5, 3).double()
    assert torch.equal(Inverted(flow).inverse_and_log_det(x)[0], flow.forward_and_log_det(x)[0])
    assert torch.equal(Inverted(flow).forward_and_log_det(x)[1], flow.inverse_and_log_det(x)[1])


@pytest.mark.parametrize("replicas", [(), (2,), (2, 3)])
@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize("sample_shape", [(), (5,), (2, 4)])
def test_shapes_and_densities_of_the_distribution(replicas, context, sample_shape):
    flow = chain(replicas, context)
    given = torch.randn(*replicas, 6, 1).double() if context else None
    distribution = flow(given)
    batch = (*replicas, 6) if context else replicas
    assert distribution.batch_shape == torch.Size(batch)
    assert distribution.event_shape == torch.Size([3])
    z = distribution.rsample(sample_shape)
    assert z.shape == (*sample_shape, *batch, 3)
    assert z.requires_grad
    assert not distribution.sample(sample_shape).requires_grad
    log_prob = distribution.log_prob(z)
    assert log_prob.shape == (*sample_shape, *batch)
    # Each draw by itself, through the transform.
    first = (0,) * len(sample_shape)
    one = z[first]
    if not context:
        one = one.unsqueeze(-2)
    expected = flow.log_prob(one, given)
    torch.testing.assert_close(log_prob[first].reshape(expected.shape), expected)


@pytest.mark.parametrize(
    ("replicas", "given", "batch"),
    [
        ((), None, (3,)),
        ((2,), None, (5, 2)),
        ((2, 1), None, (4, 2, 3)),
        ((), (6,), (4, 6)),
        ((), (1,), (4,)),
        ((1, 2), (1,), (7, 5, 2, 3)),
    ],
)
@pytest.mark.parametrize("sample_shape", [(), (2, 3)])
def test_expanded(replicas, given, batch, sample_shape):
    """Every place of the larger batch has draws of its own, with the density of the place it was expanded from."""
    flow = chain(replicas, given is not None)
    small = flow(torch.randn(*replicas, *given, 1).double() if given else None)
    own = small.batch_shape
    large = small.expand(batch[len(batch) - len(own) :]).expand(batch)
    z = large.rsample(sample_shape)
    assert (large.batch_shape, z.shape) == (torch.Size(batch), (*sample_shape, *batch, 3))
    assert len(z.reshape(-1, 3).unique(dim=0)) == z[..., 0].numel()
    density = large.log_prob(z)
    assert density.shape == (*sample_shape, *batch)
    for place in itertools.product(*map(range, batch)):
        here = z[(..., *place, slice(None))][(..., *[None] * len(own), slice(None))]
        everywhere = small.log_prob(here.expand(*sample_shape, *own, 3))
        its = [0 if size == 1 else i for i, size in zip(place[len(batch) - len(own) :], own, strict=True)]
        torch.testing.assert_close(density[(..., *place)], everywhere[(..., *its)])


def test_draws_have_the_density_that_is_said():
    """A linear chain is a normal distribution, whose moments are known."""
    torch.manual_seed(1)
    flow = Chain(affine(ADJACENCY[:, :3]), affine(ADJACENCY[:, :3]))
    weights = [torch.eye(3).double() - part.weight * part.mask for part in flow.transforms]
    scales = [torch.exp(-part.log_scale).view(3, 1) for part in flow.transforms]
    whole = (scales[1] * weights[1]) @ (scales[0] * weights[0])
    covariance = torch.linalg.inv(whole.T @ whole)
    draws = flow().sample((40_000,))
    torch.testing.assert_close(draws.T.cov(), covariance, rtol=0.05, atol=0.05 * covariance.max().item())
    zero = flow.inverse_and_log_det(torch.zeros(1, 3).double())[0]
    normal = torch.distributions.MultivariateNormal(zero[0], covariance)
    torch.testing.assert_close(flow().log_prob(draws[:9]), normal.log_prob(draws[:9]), rtol=1e-6, atol=1e-6)


def test_standard_normal():
    x = torch.randn(4, 3)
    torch.testing.assert_close(standard_normal_log_prob(x), torch.distributions.Normal(0, 1).log_prob(x).sum(-1))


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], "at least one transform"),
        ([ADJACENCY, ADJACENCY[:2, :2]], "part 0 has 3 variables, replicas .* and part 1 has 2 variables"),
        ([ADJACENCY, torch.cat([ADJACENCY, ADJACENCY[:, 3:]], dim=1)], "part 0 has .* 1 context values"),
    ],
)
def test_parts_that_do_not_fit(parts, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        Chain(*(MaskedAffine(part) for part in parts))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda f: f.forward_and_log_det(torch.zeros(4, 2).double()), "3 variables, but points with 2"),
        (lambda f: f.forward_and_log_det(torch.zeros(4, 3).double()), "1 context values, but 0 came"),
        (lambda f: f(torch.zeros(4, 2).double()), "1 context values, but 2 came"),
        (lambda f: f(torch.zeros(4, 1).double()).log_prob(torch.zeros(5, 3).double()), r"shape \(\*, 4, 3\)"),
        (lambda f: f(torch.zeros(4, 1).double()).expand((5,)), r"\(4,\) cannot be expanded to \(5,\)"),
        (lambda f: f(torch.zeros(4, 1).double()).expand(()), r"\(4,\) cannot be expanded to \(\)"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act(chain())
