"""The relaxed Bernoulli VAE: densities and gradients against other ways to them, what is finite, what it refuses."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, TransformedDistribution
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli

import sirenvae as sv
from sirenvae.models.relaxed_bits import RelaxedBit, logistic
from sirenvae.nets.ordered_net import OrderedNet, ordered_width_for

SMALL = dict(num_latents=4, capacity=150, decoder_features=5)


def model(encoder="faithful", pixels=6, **settings):
    torch.manual_seed(0)
    made = sv.RelaxedBernoulliVAE(pixels, encoder=encoder, **SMALL | settings).double()
    with torch.no_grad():  # away from the start, where weights from hidden units are small
        for parameter in made.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return made


def bits(count, pixels=6, seed=0):
    return torch.randint(0, 2, (count, pixels), generator=torch.Generator().manual_seed(seed)).double()


def noise_for(made, count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*made.replicas, count, made.latent_features, generator=generator, dtype=torch.float64)


def bit_by_bit(made, x, noise):
    """The posterior's draws by its definition: one pass of the whole network for each latent."""
    z = torch.zeros_like(noise)
    for k in range(made.latent_features):
        logits = made.encoder(torch.sigmoid(z), x)
        drawn = (logits + logistic(noise)) / made.settings["posterior_temperature"]
        z = torch.cat([z[..., :k], drawn[..., k : k + 1], z[..., k + 1 :]], dim=-1)
    return z


@pytest.mark.parametrize("replicas", [(), (3,)])
@pytest.mark.parametrize("encoder", ["faithful", "mean_field"])
def test_a_draw_and_its_gradient_are_those_of_the_definition(encoder, replicas):
    made = model(encoder, replicas=replicas)
    x, noise = bits(7).expand(*replicas, 7, 6), noise_for(made, 7)
    drawn, log_posterior = made.draw_posterior(x, noise)
    expected = bit_by_bit(made, x, noise)
    torch.testing.assert_close(drawn, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(log_posterior, made.posterior_log_prob(expected, x), rtol=1e-10, atol=1e-10)
    weights = list(made.encoder.parameters())
    one, other = (torch.autograd.grad(z.sin().sum(), weights) for z in (drawn, expected))
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("num_hidden", [1, 3, 5, 12])
def test_an_output_sees_the_context_and_what_is_before_it_and_the_order_of_units_says_how_far(num_hidden):
    net = OrderedNet(5, 3, num_hidden).double()
    z, x = torch.randn(2, 5).double(), torch.randn(2, 3).double()
    seen = torch.stack([torch.autograd.functional.jacobian(lambda v, row=x[i]: net(v, row), z[i]) for i in range(2)])
    assert torch.equal((seen != 0).any(dim=0)[0], torch.ones(5, 5).tril(-1).bool())
    assert (torch.autograd.functional.jacobian(lambda v: net(z[:1], v), x[:1]) != 0).all()
    to_hidden, to_output, past = net.weights()
    for k, end in enumerate(net.ends):
        assert not to_output[k, end:].any()
        assert not to_hidden[:end, k:].any()
        assert not past[k, k:].any()
    units, outputs = net.of_context(x)
    whole = outputs + z @ past.T + torch.nn.functional.elu(units + z @ to_hidden.T) @ to_output.T
    torch.testing.assert_close(whole, net(z, x))


@pytest.mark.parametrize("encoder", ["faithful", "mean_field"])
def test_replicas_of_several_capacities_are_trained_as_alone(encoder, tmp_path):
    together = model(encoder, capacity=(90, 150, 150), replicas=(3,))
    narrow, wide, _ = together.num_active
    assert narrow <= 90 < wide <= 150
    assert narrow > 90 - 13  # the weights of one more unit
    alone, recipe, x = [together.replica(r) for r in range(3)], sv.Recipe("short", num_steps=5, batch_size=10), bits(30)
    assert [one.num_active for one in alone] == together.num_active
    list(sv.fit(together, x, recipe, seed=[0, 1, 2]))
    for r, one in enumerate(alone):
        list(sv.fit(one, x, recipe, seed=r))
        for ours, theirs in zip(together.replica(r).parameters(), one.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)
    dead = together.encoder.kept[0, 0] == 0
    assert dead.any()
    noise = noise_for(together, 7)
    before = together.draw_posterior(x[:7].expand(3, 7, 6), noise)[0][0]
    with torch.no_grad():
        together.encoder.hidden.weight[0][dead] += 7.0
        together.encoder.output.weight[0][:, dead] += 7.0
    assert torch.equal(before, together.draw_posterior(x[:7].expand(3, 7, 6), noise)[0][0])
    for saved in (together, alone[0]):
        sv.save_model(saved, tmp_path / "model.safetensors")
        again = sv.load_model(tmp_path / "model.safetensors")
        assert again.num_active == saved.num_active
        one, other = (m.elbo(x, generator=torch.Generator().manual_seed(0)) for m in (saved, again))
        assert torch.equal(one, other)


@pytest.mark.parametrize("ordered", [True, False])
def test_capacity_counts_the_weights_that_act(ordered):
    for budget in (300, 1000, 20_000):
        width = ordered_width_for(5, 20, budget, ordered)
        [counts] = zip(*(OrderedNet(5, 20, width + more, ordered).num_active() for more in (0, 1)), strict=True)
        assert counts[0] <= budget < counts[1]
    net = OrderedNet(5, 20, 7, ordered)
    assert net.num_active()[0] == sum(int((part.mask != 0).sum()) for part in net.children())


def test_every_gradient_is_finite_and_right_against_finite_differences():
    made = model(pixels=3, num_latents=3, capacity=60)
    x, noise = bits(4, 3), noise_for(made, 4)

    def loss(*values):
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), (x, noise))

    made.forward = lambda x, noise: made.loss(x, noise, torch.ones(1, dtype=torch.float64)).sum()
    names, values = zip(*((n, p.detach().requires_grad_()) for n, p in made.named_parameters()), strict=True)
    assert torch.autograd.gradcheck(loss, values, eps=1e-6, atol=1e-6)


def concrete(logits, temperature):
    """Density of a relaxed bit between 0 and 1 as printed, by numpy, in the value itself."""

    def log_density(s):
        a = np.exp(logits)
        top = np.log(temperature) + np.log(a) - (temperature + 1) * (np.log(s) + np.log(1 - s))
        return top - 2 * np.log(a * s**-temperature + (1 - s) ** -temperature)

    return log_density


@pytest.mark.parametrize("temperature", [0.5, 2 / 3, 3.0])
def test_the_density_is_the_printed_one(temperature):
    logits, s = np.array([-2.0, 0.0, 1.5]), np.array([0.01, 0.4, 0.97])
    expected = concrete(logits, temperature)(s) + np.log(s * (1 - s))  # of the logit
    values = torch.logit(torch.from_numpy(s))
    found = RelaxedBit(torch.tensor(temperature, dtype=torch.float64), logits=torch.from_numpy(logits)).log_prob(values)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    theirs = LogitRelaxedBernoulli(torch.tensor(temperature, dtype=torch.float64), logits=torch.from_numpy(logits))
    torch.testing.assert_close(found, theirs.log_prob(values), rtol=1e-12, atol=1e-12)
    grid = torch.linspace(-200, 200, 400_001, dtype=torch.float64)
    mass = (
        RelaxedBit(torch.tensor(temperature, dtype=torch.float64), logits=torch.tensor(1.3).double())
        .log_prob(grid)
        .exp()
    )
    assert torch.trapezoid(mass, grid).item() == pytest.approx(1, abs=1e-9)


def test_a_relaxed_bit_is_one_of_torchs_distributions():
    one = RelaxedBit(torch.tensor(0.5), logits=torch.zeros(3)).expand([2, 3])
    assert isinstance(one, RelaxedBit)
    assert Independent(one, 1).log_prob(one.rsample()).shape == (2,)
    between = TransformedDistribution(one, [torch.distributions.SigmoidTransform()])
    assert between.log_prob(torch.full((2, 3), 0.3)).isfinite().all()


def test_draws_of_the_prior_have_its_density():
    made = model(num_latents=3, capacity=100)
    noise = torch.randn(100_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    drawn = made.prior_transform(noise, bits(1))
    grid = torch.linspace(-150, 150, 60_001, dtype=torch.float64).unsqueeze(-1).expand(-1, 3)
    density = made.prior_distribution(bits(len(grid))).base_dist.log_prob(grid).exp()
    for border in (-3.0, 0.0, 2.0):
        below = torch.where(grid < border, density, 0.0).sum(dim=0) * 300 / 60_000
        torch.testing.assert_close((drawn < border).double().mean(dim=0), below, rtol=0, atol=0.01)


def test_logistic_noise():
    noise = torch.linspace(-5.5, 5.5, 1001)
    exact = torch.special.log_ndtr(noise.double()) - torch.special.log_ndtr(-noise.double())
    torch.testing.assert_close(logistic(noise).double(), exact, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(logistic(noise.double()), exact, rtol=1e-12, atol=1e-13)
    drawn = logistic(torch.randn(200_000, generator=torch.Generator().manual_seed(0)))
    assert drawn.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=0.01)


@pytest.mark.parametrize("encoder", ["faithful", "mean_field"])
def test_a_million_draws_at_a_hundredth_are_finite(encoder):
    torch.manual_seed(0)
    made = sv.RelaxedBernoulliVAE(
        8, 10, encoder, capacity=400, decoder_features=10, prior_temperature=0.01, posterior_temperature=0.01
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(20).add_(5 * torch.randn_like(parameter))
    x = bits(100_000, 8).float()
    noise = torch.randn(100_000, 10, generator=torch.Generator().manual_seed(0))
    z, log_posterior = made.draw_posterior(x, noise)
    prior, joint = made.prior_log_prob(z, x), made.joint_log_prob(z, x)
    for found in (z, log_posterior, prior, joint, made.posterior_log_prob(z, x), made.prior_transform(noise, x)):
        assert found.isfinite().all()
    made.loss(x, noise, torch.ones(1)).mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())


@pytest.mark.parametrize("order", ["topological", "reverse"])
def test_nami_joins_all_latents_in_both_orders(order):
    network = model().bayesian_network()
    inverse = sv.invert(network, order)
    latents = list(inverse.elimination_order)[::-1]
    for k, z in enumerate(latents):
        assert set(inverse.dag.predecessors(z)) == {*latents[:k], *network.observed}
    assert sv.is_faithful(network, inverse)
    assert not sv.is_faithful(network, sv.invert(network, order, method="mean_field"))


@pytest.mark.parametrize("encoder", ["faithful", "mean_field"])
def test_bounds_lie_below_the_evidence_found_by_quadrature(encoder):
    made = model(encoder, pixels=3, num_latents=2, capacity=60)
    x = bits(4, 3)
    axis = torch.linspace(-50, 50, 401, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    joint = torch.stack([made.joint_log_prob(z, row.expand(len(z), -1)) for row in x])
    exact = (joint.detach().logsumexp(dim=-1) + 2 * math.log(axis[1] - axis[0])).tolist()
    generator = torch.Generator().manual_seed(0)
    bound, ess = made.iwae_bound_and_ess(x, 5000, generator)
    assert ((bound - torch.tensor(exact)).abs() < 5 * ess.rsqrt()).all()
    assert (ess > 300).all()
    assert (made.elbo(x, 500, generator=generator) < torch.tensor(exact)).all()


def test_replicas_are_trained_as_alone_and_a_file_gives_the_model_back(tmp_path):
    together = model(replicas=(3,))
    alone, recipe = [together.replica(r) for r in range(3)], sv.Recipe("short", num_steps=5, batch_size=10)
    x = bits(30)
    list(sv.fit(together, x, recipe, seed=[0, 1, 2]))
    for r in range(3):
        list(sv.fit(alone[r], x, recipe, seed=r))
        for ours, theirs in zip(together.replica(r).parameters(), alone[r].parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)
    sv.save_model(together, tmp_path / "model.safetensors")
    again = sv.load_model(tmp_path / "model.safetensors")
    assert again.settings == together.settings
    one, other = (m.elbo(x, generator=torch.Generator().manual_seed(0)) for m in (together, again))
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: model(posterior_temperature=0), "temperature of the posterior must be positive and finite, but 0"),
        (lambda: model(prior_temperature=math.inf), "temperature of the prior"),
        (lambda: model("structured"), "'structured' does not exist; it is one of faithful, mean_field"),
        (lambda: model(capacity=20), "has at least .* but the capacity is 20|one hidden unit has .* capacity is 20"),
        (lambda: model(capacity=(100, 150)), "but 2 capacities came, not one for each"),
        (lambda: model(num_latents=0), "number of latents is at least 1, but 0"),
        (lambda: model(pixels=0), "number of pixels is at least 1, but 0"),
        (lambda: model().elbo(bits(3, 5)), r"shape \(N, 6\)"),
        (lambda: model().elbo(bits(3) / 2), "Bits are 0 or 1, but 0.5 came; binarize"),
        (lambda: model().elbo(bits(3) - 1), "Bits are 0 or 1, but -1 came"),
        (lambda: sv.fit(model(), bits(9) * 3, "default"), "Bits are 0 or 1, but 3 came"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()
