"""What a factor may be: splines against autograd and numerical inversion, families by their names."""

import pytest
import torch
from torch.distributions import Normal

import sirenvae as sv
from sirenvae.flows.spline import RationalQuadraticSpline
from sirenvae.models.families import FlowFactor, FlowFamily, MixtureFamily, family_named


def random_spline(num_bins=6, shape=(), seed=0, size=1.5):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(*shape, 3 * num_bins - 1, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("num_bins", [2, 5, 8])
def test_a_spline_and_its_inverse_cancel(num_bins):
    spline = RationalQuadraticSpline(random_spline(num_bins))
    x = torch.linspace(-6, 6, 501, dtype=torch.float64)
    y, log_slope = spline.forward_and_log_slope(x)
    back, log_slope_back = spline.inverse_and_log_slope(y)
    torch.testing.assert_close(back, x, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(log_slope_back, -log_slope, rtol=1e-7, atol=1e-7)
    assert (y.diff() > 0).all()
    assert not torch.allclose(y, x, atol=0.1)


def test_the_slope_is_that_of_autograd_and_is_continuous():
    spline = RationalQuadraticSpline(random_spline())
    x = torch.linspace(-4.5, 4.5, 2_001, dtype=torch.float64, requires_grad=True)
    y, log_slope = spline.forward_and_log_slope(x)
    slope = torch.autograd.grad(y.sum(), x)[0]
    torch.testing.assert_close(log_slope.exp(), slope)
    knots, values, _ = spline._table
    for side in (-1e-9, 1e-9):
        near, _ = spline.forward_and_log_slope(knots + side)
        torch.testing.assert_close(near, values, rtol=1e-6, atol=1e-6)
    below, above = (spline.forward_and_log_slope(knots + side)[1] for side in (-1e-9, 1e-9))
    torch.testing.assert_close(below, above, rtol=1e-5, atol=1e-5)


def test_every_value_may_have_a_spline_of_its_own():
    parameters = random_spline(4, (3, 2))
    values = torch.randn(5, 3, 2, dtype=torch.float64)
    together, log_slopes = RationalQuadraticSpline(parameters).forward_and_log_slope(values)
    for i in range(3):
        for j in range(2):
            alone = RationalQuadraticSpline(parameters[i, j]).forward_and_log_slope(values[:, i, j])
            torch.testing.assert_close((together[:, i, j], log_slopes[:, i, j]), alone)


def test_a_flow_factor_is_what_torch_makes_of_its_parts():
    parameters = torch.cat([torch.tensor([[0.4, -0.3]]).double().expand(7, 2), random_spline(8, (7,))], dim=-1)
    factor = FlowFactor(parameters)
    value = torch.linspace(-5, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(factor.log_prob(value), super(FlowFactor, factor).log_prob(value))
    noise = torch.randn(7, dtype=torch.float64)
    drawn = factor.from_noise(noise)
    for transform in reversed(factor.transforms):
        drawn = transform.inv(drawn)
    torch.testing.assert_close(drawn, noise)


def test_families_start_where_they_say():
    value = torch.linspace(-3, 3, 9)
    first = FlowFamily().first().expand(9, -1)
    torch.testing.assert_close(FlowFamily().factor(first).log_prob(value), Normal(0.0, 1.0).log_prob(value))
    for name in ("gaussian", "mixture", "mixture-5", "flow", "flow-3"):
        family = family_named(name)
        assert len(family.roles()) == len(family.first()) == family.num_parameters


@pytest.mark.parametrize("name", ["gaussian", "mixture-4", "flow"])
@pytest.mark.parametrize("layout", ["masked", "per_variable"])
def test_a_linear_start_is_the_regression_of_numpy(name, layout):
    """Mean and deviation of each factor against least squares with an intercept, on a fixed set."""
    network = sv.load_network("student")
    x, z = sv.sample_network(network, 4000, seed=2)
    q = sv.InferenceNetwork(network, sv.invert(network, "reverse"), name, layout, capacity=3000, replicas=(2,))
    q.prepare((x, z), [])
    table = dict(zip((*network.observed, *network.latents), torch.cat([x, z], dim=1).T, strict=True))
    point = torch.tensor([[0.5, -0.3]]).double()
    draws = q(point).sample((20_000,), torch.Generator().manual_seed(0))[:, 1, 0]
    values = dict(zip(network.latents, draws.T, strict=True)) | {
        v: point[0, i].expand(len(draws)) for i, v in enumerate(network.observed)
    }
    for v in q.order:
        parents = sorted(q.inverse.dag.predecessors(v))
        design = torch.stack([*(table[p] for p in parents), torch.ones(4000).double()], dim=1)
        solution = torch.linalg.lstsq(design, table[v].unsqueeze(1)).solution.flatten()
        left = (table[v] - design @ solution).std()
        given = torch.stack([*(values[p] for p in parents), torch.ones(len(draws)).double()], dim=1)
        residual = values[v] - given @ solution
        assert residual.mean().abs() < 0.05 * left
        spread = MixtureFamily(4).factor(MixtureFamily(4).first()).stddev.item() if name == "mixture-4" else 1.0
        assert (residual.std() / (spread * left)).item() == pytest.approx(1.0, abs=0.03)


def test_a_linear_start_comes_once_and_only_where_it_is_asked_for():
    network = sv.load_network("student")
    inverse = sv.invert(network)
    x, z = sv.sample_network(network, 1000, seed=3)
    started, plain = (
        sv.InferenceNetwork(network, inverse, capacity=600, linear_start=start) for start in (True, False)
    )
    for q in (started, plain):
        q.prepare(network, [])
    assert sv.posterior_divergence(network, started, x, z).mean() < 1e-4
    assert sv.posterior_divergence(network, plain, x, z).mean() > 1
    recipe = sv.Recipe("few", num_steps=5, learning_rate=0.1)
    list(sv.fit(started, network, recipe))
    weights = [value.clone() for value in started.parameters()]
    started.prepare(network, [])
    assert all(torch.equal(a, b) for a, b in zip(weights, started.parameters(), strict=True))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cauchy", "one of gaussian, mixture, flow"),
        ("gaussian-3", "'gaussian-3' does not exist"),
        ("mixture-1", "at least 2 components, written as mixture-5, but 'mixture-1' came"),
        ("flow-many", "at least 2 bins"),
    ],
)
def test_a_family_that_is_none(name, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        family_named(name)


def test_a_spline_of_too_few_numbers():
    with pytest.raises(sv.InputError, match=r"has 3 B - 1 parameters, but 4 came"):
        RationalQuadraticSpline(torch.zeros(4))
