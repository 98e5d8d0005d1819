"""A flow alone, fitted to points whose density is known."""

import math

import networkx as nx
import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.flows import Chain, GraphicalResidualFlow, Inverted, MaskedAffine
from sirenvae.flows.lipschitz import block_bounds
from sirenvae.graphs.linear_gaussian import columns, joint_moments
from sirenvae.models.structures import density_adjacency

CHAIN = torch.tensor([[True, False], [True, True]])
SHORT = sv.Recipe("short", num_steps=150, learning_rate=5e-2, batch_size=200, weight_decay=0.0)


def correlated(num_points: int, correlation: float = 0.8) -> torch.Tensor:
    """Rows far from standard units: 1000 + 3 times a standard normal, 50 times one that depends on it."""
    noise = torch.randn(num_points, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    second = correlation * noise[:, 0] + math.sqrt(1 - correlation**2) * noise[:, 1]
    return torch.stack([1000 + 3 * noise[:, 0], 50 * second], dim=1)


ENTROPY = math.log(2 * math.pi * math.e) + 0.5 * math.log(1 - 0.8**2) + math.log(3 * 50)
CONDITIONAL_ENTROPY = 0.5 * math.log(2 * math.pi * math.e * (1 - 0.8**2)) + math.log(50)


def residual(adjacency=CHAIN, replicas=()):
    torch.manual_seed(0)
    return GraphicalResidualFlow(adjacency, num_blocks=3, num_power_iterations=3, replicas=replicas)


def fitted(x, flow, recipe=SHORT, **settings):
    model = sv.FlowDensity(flow)
    return model, list(sv.fit(model, x, recipe, **settings))


def test_a_correlated_normal_comes_within_a_twentieth_of_a_nat_of_its_entropy():
    flow = residual()
    model, records = fitted(correlated(2000), flow)
    fresh = correlated(4000)[2000:]
    assert -model.log_prob(fresh).mean().item() == pytest.approx(ENTROPY, abs=0.08)
    assert records[0].loss > records[-1].loss
    assert records[-1].loss.item() == pytest.approx(ENTROPY, abs=0.1)
    assert not flow.training
    assert (block_bounds(flow) < 1).all()
    noise, _ = flow.forward_and_log_det(model.standardized(fresh))
    assert abs(noise.T.corrcoef()[0, 1].item()) < 0.1


def test_an_edge_that_is_missing_cannot_be_learned():
    model, _ = fitted(correlated(2000), residual(torch.eye(2, dtype=torch.bool)))
    noise, _ = model.transform.forward_and_log_det(model.standardized(correlated(4000)[2000:]))
    assert noise.T.corrcoef()[0, 1].item() > 0.7


@pytest.mark.parametrize("linear", [False, True])
def test_context_counts(linear):
    """Its unit does not: the density is that of x alone."""
    adjacency = torch.tensor([[True, True]])
    flow = Chain(MaskedAffine(adjacency), residual(adjacency)) if linear else residual(adjacency)
    rows = correlated(4000).flip(1)
    model, _ = fitted(rows[:2000], flow)
    assert -model.log_prob(rows[2000:]).mean().item() == pytest.approx(CONDITIONAL_ENTROPY, abs=0.08)
    drawn = model.sample(20_000, torch.tensor([1003.0]), torch.Generator().manual_seed(0))
    assert drawn.mean().item() == pytest.approx(0.8 * 50, abs=5)
    assert drawn.std().item() == pytest.approx(0.6 * 50, abs=4)


def test_an_affine_map_alone_starts_at_the_regression_and_is_the_whole_truth():
    """The least squares of numpy, and the normal density in closed form."""
    network = sv.load_network("student")
    x, z = sv.sample_network(network, 20_000, seed=1)
    points = torch.empty(len(x), len(network.variables), dtype=torch.float64)
    points[:, columns(network, network.observed)], points[:, columns(network, network.latents)] = x, z
    model = sv.FlowDensity.of_network(network).double()
    affine = model.transform.transforms[0]
    list(sv.fit(model, points, sv.Recipe("still", num_steps=1, learning_rate=1e-12)))
    standard = ((points - points.mean(dim=0)) / points.std(dim=0)).numpy()
    for i, v in enumerate(network.variables):
        parents = [network.position[p] for p in network.dag.predecessors(v)]
        expected, _, _, _ = np.linalg.lstsq(standard[:, parents], standard[:, i], rcond=None)
        assert affine.weight[i, parents].tolist() == pytest.approx(expected.tolist(), abs=2e-4)
        left = standard[:, i] - standard[:, parents] @ expected
        assert affine.log_scale[0, i].item() == pytest.approx(math.log(left.std()), abs=1e-3)
    mean, covariance, _ = (torch.from_numpy(moment) for moment in joint_moments(network))
    truth = torch.distributions.MultivariateNormal(mean, covariance).log_prob(points)
    assert (truth - model.log_prob(points)).mean().item() == pytest.approx(0, abs=3e-3)
    drawn = model.sample(20_000, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(torch.cov(drawn.T), covariance, rtol=0.06, atol=0.1)


def test_weights_that_have_moved_are_not_started_again():
    model, _ = fitted(correlated(300), Chain(MaskedAffine(CHAIN), residual()))
    before = model.transform.transforms[0].weight.clone()
    list(sv.fit(model, correlated(300) * 2, sv.Recipe("still", num_steps=1, learning_rate=1e-12)))
    assert torch.allclose(model.transform.transforms[0].weight, before)


def test_few_points_leave_every_deviation_above_zero():
    network = sv.load_network("ecoli70")
    x, z = sv.sample_network(network, 3)
    model = sv.FlowDensity.of_network(network, (*network.observed, *network.latents))
    *_, record = sv.fit(model, torch.cat([x, z], dim=1), sv.Recipe("short", num_steps=5))
    assert not record.diverged
    assert torch.isfinite(record.loss)


def test_the_observed_variables_of_a_network_alone():
    """a -> h <- b with h left out and its children c and d seen: a and b matter for both, and c for d, through h."""
    dag = nx.DiGraph([("a", "h"), ("b", "h"), ("h", "c"), ("h", "d"), ("d", "e")])
    network = sv.BayesianNetwork(dag, observed=["a", "b", "c", "d", "e"])
    adjacency = density_adjacency(network, "edbca").tolist()
    rows = {v: dict(zip("edbca", row, strict=True)) for v, row in zip("edbca", adjacency, strict=True)}
    seen = {v: {u for u, sees in row.items() if sees and u != v} for v, row in rows.items()}
    first, second = sorted("cd", key=network.topological_order.index)
    assert seen == {"a": set(), "b": set(), first: {"a", "b"}, second: {"a", "b", first}, "e": {"d"}}


def test_the_marginal_of_a_linear_network_is_reached():
    network = sv.load_network("student")
    x, _ = sv.sample_network(network, 20_000, seed=1)
    model = sv.FlowDensity.of_network(network, network.observed)
    list(sv.fit(model, x, sv.Recipe("short", num_steps=3)))
    fresh, _ = sv.sample_network(network, 5000, seed=2)
    assert (sv.true_log_prob(network, fresh) - model.log_prob(fresh)).mean().item() == pytest.approx(0, abs=0.01)


def test_replicas_end_as_they_would_have_ended_alone():
    x = [correlated(n) for n in (40, 60, 90)]
    together = sv.FlowDensity(Chain(MaskedAffine(CHAIN, (3,)), residual(replicas=(3,)))).double()
    alone = [together.replica(r) for r in range(3)]
    recipe = sv.Recipe("short", num_steps=12, batch_size=20)
    list(sv.fit(together, x, recipe, seed=(3, 1, 2)))
    for r, model in enumerate(alone):
        *_, own = sv.fit(model, x[r], recipe, seed=(3, 1, 2)[r])
        assert torch.isfinite(own.loss)
        for (name, ours), value in zip(together.replica(r).named_parameters(), model.parameters(), strict=True):
            assert torch.allclose(ours, value, rtol=1e-8, atol=1e-10), (r, name)
    assert torch.allclose(together.log_prob(x[0])[1], alone[1].log_prob(x[0]), rtol=1e-8)


def test_a_rebuilt_transform_is_of_the_same_kind():
    flow = GraphicalResidualFlow(CHAIN, 2, [5, 6], (2,), 0.9, 3, activation="tanh")
    chain = Chain(MaskedAffine(CHAIN, (2,)), Inverted(flow))
    other = chain.rebuilt((3,))
    shapes = {name: value.shape[1:] for name, value in chain.named_parameters()}
    assert {name: value.shape[1:] for name, value in other.named_parameters()} == shapes
    assert all(value.shape[0] == 3 for value in other.parameters())
    again = other.transforms[1].transform
    assert (again.lipschitz, again.num_power_iterations, again.activation) == (0.9, 3, flow.activation)
    assert torch.equal(other.transforms[0].mask, chain.transforms[0].mask)


def test_the_same_seed_gives_the_same_flow():
    (_, first), (_, again) = (fitted(correlated(300), residual()) for _ in range(2))
    assert [record.loss for record in first] == [record.loss for record in again]


class Doubling(sv.flows.Transform):
    """One that does not say how it is rebuilt."""

    def forward_and_log_det(self, x, context=None):
        return 2 * x, torch.full(x.shape[:-1], math.log(2.0))

    def inverse_and_log_det(self, y, context=None):
        return y / 2, torch.full(y.shape[:-1], -math.log(2.0))


class Scaling(Doubling):
    def __init__(self):
        super().__init__(2)
        self.weight = torch.nn.Parameter(torch.ones(2))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: fitted(torch.tensor([[0.0, 1.0], [2.0, math.nan]]), residual()), "x1 is NaN or infinite in row 1"),
        (lambda: fitted(torch.randn(5, 3), residual()), "shape \\(N, 2\\)"),
        (lambda: fitted(torch.ones(5, 2), residual()), "x0, x1 is constant"),
        (lambda: sv.FlowDensity(torch.nn.Linear(2, 2)), "built from a transform, but a Linear came"),
        (lambda: sv.FlowDensity(residual(), names=["a"]), "has 2 variables, but 1 names came"),
        (lambda: sv.FlowDensity(residual(), names=["a", "a"]), "are different"),
        (lambda: sv.FlowDensity(residual()).sample(0), "at least 1, but 0 came"),
        (lambda: sv.FlowDensity(residual()).sample(2, torch.zeros(1)), "has 0 context values, but some came"),
        (lambda: sv.FlowDensity(residual(torch.tensor([[True, True]]))).sample(2), "has 1 context values, but none"),
        (lambda: sv.FlowDensity(residual(torch.tensor([[True, True]]))).sample(2, torch.zeros(3, 1)), "row of context"),
        (lambda: fitted(torch.randn(5, 2), Doubling(2)), "has no parameters that could be trained"),
        (lambda: sv.FlowDensity(Scaling()).replica(0), "give it a method rebuilt"),
        (lambda: Chain(residual(), residual(torch.tensor([[True]]))), "part 0 has 2 .* part 1 has 1 variables"),
        (lambda: Chain(residual(), torch.nn.Linear(2, 2)), "its part 1 is a Linear"),
        (lambda: sv.FlowDensity.of_network(sv.load_network("fork"), ["nobody"]), "nobody is none of them"),
        (lambda: sv.FlowDensity.of_network(sv.load_network("fork"), []), "none came"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()
