"""Inverse autoregressive flow: its two directions, its determinant, what each variable sees."""

import pytest
import torch

import sirenvae as sv
from sirenvae.flows import Chain, InverseAutoregressive, MaskedAffine

FULL = torch.cat([torch.ones(4, 4).tril(), torch.ones(4, 2)], dim=1).bool()  # in order, two context values
FORK = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, 0]]).bool()  # 1 <- 0 -> 2, 0 alone sees the context


def step(adjacency=FULL, hidden=(16,), replicas=()):
    torch.manual_seed(0)
    part = InverseAutoregressive(adjacency, hidden, replicas).double()
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return part


def points(part, count=5):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(*part.replicas, count, size, generator=generator, dtype=torch.float64)
        for size in (part.features, part.context_features)
    ]


@pytest.mark.parametrize("adjacency", [FULL, FORK])
@pytest.mark.parametrize("hidden", [(16,), (12, 20)])
def test_the_log_determinant_is_that_of_the_jacobian_to_ten_digits(adjacency, hidden):
    part = step(adjacency, hidden)
    y, c = points(part)
    x, log_det = part.inverse_and_log_det(y, c)
    for i in range(len(y)):
        jacobian = torch.autograd.functional.jacobian(
            lambda v, i=i: part.inverse_and_log_det(v[None], c[i : i + 1])[0][0], y[i]
        )
        assert torch.linalg.slogdet(jacobian).logabsdet.item() == pytest.approx(log_det[i].item(), abs=1e-10)
        assert not (jacobian != 0)[~adjacency[:, : part.features]].any()
        assert (jacobian != 0)[adjacency[:, : part.features]].all()
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(y).sum(dim=-1)
    torch.testing.assert_close(part.log_prob(x, c), normal - log_det, rtol=0, atol=1e-10)


@pytest.mark.parametrize("replicas", [(), (3,), (2, 2)])
@pytest.mark.parametrize("adjacency", [FULL, FORK])
def test_the_directions_undo_each_other(adjacency, replicas):
    part = step(adjacency, replicas=replicas)
    y, c = points(part)
    x, there = part.inverse_and_log_det(y, c)
    back, again = part.forward_and_log_det(x, c)
    torch.testing.assert_close(back, y, rtol=0, atol=1e-10)
    torch.testing.assert_close(there + again, torch.zeros_like(there), rtol=0, atol=1e-10)


def test_it_is_the_gated_update_as_printed():
    part = step()
    y, c = points(part)
    mean, opened = part.net(torch.cat([y, c], dim=-1)).unbind(dim=-1)
    gate = torch.sigmoid(opened + 1.5)
    x, log_det = part.inverse_and_log_det(y, c)
    torch.testing.assert_close(x, gate * y + (1 - gate) * mean)
    torch.testing.assert_close(log_det, gate.log().sum(dim=-1))


def test_a_gate_that_is_nearly_shut_is_finite():
    part = step().float()
    with torch.no_grad():
        part.net.output.bias.view(4, 2)[:, 1] = -200.0
    y, c = (v.float().requires_grad_() for v in points(part))
    x, log_det = part.inverse_and_log_det(y, c)
    assert x.isfinite().all()
    assert log_det.isfinite().all()
    (x.sum() + log_det.sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in part.parameters())


def test_a_variable_that_saw_itself_would_be_noticed():
    part = step()
    with torch.no_grad():
        part.net.linear.mask[2 * 1, 1] = 1.0  # the mean of variable 1 from itself
        part.net.linear.weight[2 * 1, 1] = 0.7
    y, c = points(part)
    jacobian = torch.autograd.functional.jacobian(lambda v: part.inverse_and_log_det(v[None], c[:1])[0][0], y[0])
    _, log_det = part.inverse_and_log_det(y, c)
    assert abs(torch.linalg.slogdet(jacobian).logabsdet - log_det[0]) > 1e-3


def test_replicas_are_alone_and_it_joins_a_chain():
    part = step(replicas=(2,))
    y, c = points(part)
    chain = Chain(MaskedAffine(FULL, (2,)).double(), part)
    again = chain.rebuilt((2,)).double()
    again.load_state_dict(chain.state_dict())
    assert torch.equal(chain.log_prob(y, c), again.log_prob(y, c))
    alone = step()
    state = {
        name: value if name.endswith(("mask", "adjacency")) else value[1] for name, value in part.state_dict().items()
    }
    alone.load_state_dict(state)
    torch.testing.assert_close(alone.inverse_and_log_det(y[1], c[1])[0], part.inverse_and_log_det(y, c)[0][1])


def test_it_is_trained_as_any_flow_and_saved(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(500, 2)
    x[:, 1] = 0.5 * x[:, 1] + x[:, 0].square()
    flow = InverseAutoregressive(torch.ones(2, 2).tril().bool(), [16])
    model = sv.FlowDensity(flow, ["a", "b"])
    losses = [record.loss.item() for record in sv.fit(model, x, sv.Recipe("short", num_steps=300, learning_rate=1e-2))]
    assert losses[-1] < losses[0] - 0.3
    sv.save_model(model, tmp_path / "flow.safetensors")
    assert torch.equal(sv.load_model(tmp_path / "flow.safetensors").log_prob(x), model.log_prob(x))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: InverseAutoregressive(torch.ones(3, 3).bool(), [8]), "cycle"),
        (lambda: InverseAutoregressive(torch.zeros(3, 3).bool(), [8]), "diagonal"),
        (lambda: step(hidden=(2,)), "edge would be lost"),
        (lambda: step().inverse_and_log_det(torch.zeros(5, 3).double(), torch.zeros(5, 2).double()), "4 variables"),
        (lambda: step().inverse_and_log_det(torch.zeros(5, 4).double()), "2 context values"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()
