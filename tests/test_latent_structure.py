"""A VAE that learns its latent structure: fusion, gates, densities, phases, each against another way to it."""

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal

import sirenvae as sv
from sirenvae.models.relaxed_bits import logistic

SMALL = dict(num_nodes=3, node_features=2, hidden_features=8)


def model(pixels=6, **settings):
    torch.manual_seed(0)
    made = sv.LatentStructureVAE(pixels, **SMALL | settings).double()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter is not made.gate_odds:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def bits(count, pixels=6, seed=0):
    return torch.randint(0, 2, (count, pixels), generator=torch.Generator().manual_seed(seed)).double()


def noise_for(made, count, extra=0, seed=1):
    generator = torch.Generator().manual_seed(seed)
    shape = (*made.replicas, count, made.latent_features + extra)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("replicas", [(), (2,)])
@pytest.mark.parametrize("gates", ["learned", "closed", [[0, 0, 0], [1, 0, 0], [0, 1, 0]]])
@pytest.mark.parametrize("iaf", [False, True])
def test_draws_and_densities_agree(iaf, gates, replicas):
    made = model(iaf=iaf, gates=gates, replicas=replicas)
    x, noise = bits(5).expand(*replicas, 5, 6), noise_for(made, 5)
    z, log_posterior = made.draw_posterior(x, noise)
    torch.testing.assert_close(made.posterior_log_prob(z, x), log_posterior, rtol=0, atol=1e-9)
    prior = made.prior_distribution(x)
    torch.testing.assert_close(prior.log_prob(z), made.prior_log_prob(z, x))
    assert prior.rsample((4,)).shape == (4, *z.shape)


@pytest.mark.parametrize("iaf", [False, True])
def test_the_density_of_a_posterior_is_that_of_its_noise(iaf):
    made = model(iaf=iaf)
    x, noise = bits(2), noise_for(made, 2)
    for i in range(2):
        jacobian = torch.autograd.functional.jacobian(
            lambda v, i=i: made.draw_posterior(x[i : i + 1], v[None])[0][0], noise[i]
        )
        expected = Normal(0.0, 1.0).log_prob(noise[i]).sum() - torch.linalg.slogdet(jacobian).logabsdet
        found = made.draw_posterior(x[i : i + 1], noise[i : i + 1])[1]
        assert found.item() == pytest.approx(expected.item(), abs=1e-9)


def test_fusion_is_the_product_of_two_normal_densities():
    made = model()
    x, z = bits(4), noise_for(made, 4)
    nodes = list(made._nodes(x))
    for node in nodes[1:]:
        above, spread = made._top_down(node.index, z[..., : node.place.start])
        mean, log_scale = made._fused(node, z[..., : node.place.start])
        precisions = (-2 * node.log_scale).exp(), (-2 * spread).exp()
        torch.testing.assert_close(log_scale, -0.5 * sum(precisions).log())
        expected = (precisions[0] * node.mean + precisions[1] * above) / sum(precisions)
        torch.testing.assert_close(mean, expected)
    assert torch.equal(made._fused(nodes[0], z[..., :0])[0], nodes[0].mean)


def test_all_gates_shut_is_the_plain_vae_number_for_number():
    """Written out: standard normal prior, each node but the first fused with it, whatever the top-down nets are."""
    made = model(gates="closed")
    x, noise = bits(5), noise_for(made, 5)
    units = x
    for layer in made.encoder:
        units = torch.nn.functional.elu(units @ layer.weight.T + layer.bias)
    heads = (units @ made.heads.weight.T + made.heads.bias).view(5, 3, 2, 2)
    mean, log_scale = heads[:, :, 0], heads[:, :, 1]
    precision = (-2 * log_scale).exp() + torch.tensor([0.0, 1.0, 1.0]).double().view(1, 3, 1)
    scale = precision.rsqrt()
    mean = mean * (-2 * log_scale).exp() / precision
    q = Normal(mean.flatten(1), scale.flatten(1))
    z = q.mean + q.stddev * noise
    expected = Bernoulli(logits=made.decoder.natural(z)).log_prob(x).sum(dim=1)
    expected = expected + (Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(dim=1)
    torch.testing.assert_close(made.standard_elbo(x, noise), expected, rtol=1e-12, atol=1e-12)
    assert not made.gates.any()


def test_a_shut_gate_leaves_nothing_of_its_parent():
    made = model(gates=[[0, 0, 0], [0, 0, 0], [1, 0, 0]])
    z = noise_for(made, 1)

    def of_node(n, place):
        return torch.autograd.functional.jacobian(lambda v: made._top_down(n, v[None])[0][0], z[0, : 2 * n])[:, place]

    assert not of_node(1, slice(0, 2)).any()
    assert of_node(2, slice(0, 2)).all()
    assert not of_node(2, slice(2, 4)).any()
    assert made.gates.nonzero().tolist() == [[2, 0]]


@pytest.mark.parametrize("iaf", [False, True])
def test_the_bound_lies_below_the_evidence_found_from_the_prior(iaf):
    made = model(iaf=iaf)
    x = bits(3)
    z = made.prior_transform(torch.randn(200_000, 6, generator=seeded(), dtype=torch.float64), x)
    likelihood = torch.stack([made.decoder.log_prob(row.expand(len(z), -1), z) for row in x]).detach()
    truth = likelihood.logsumexp(dim=1) - math.log(len(z))
    few, many = made.elbo(x, 500, generator=seeded()), made.iwae_bound(x, 5000, seeded())
    assert (few < many).all()
    assert (many < truth + 0.05).all()
    *_, last = sv.ais(made, x, 200, 60, start="prior", generator=seeded())
    assert last.log_evidence.tolist() == pytest.approx(truth.tolist(), abs=0.15)


def test_gradients_of_gates_are_those_of_finite_differences():
    made = model()
    x, noise = bits(400, seed=3), noise_for(made, 400, extra=3)
    weight = torch.ones(1, dtype=torch.float64)

    def loss():  # the same random numbers: the difference has no noise but that of rounding
        return made.loss(x, noise, weight).mean()

    made.train()
    [gradient] = torch.autograd.grad(loss(), [made.gate_odds])
    for e in range(3):
        ends = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                made.gate_odds[0, e] += step
                ends.append(loss().item())
                made.gate_odds[0, e] -= step
        assert gradient[0, e].item() == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_gates_wait_for_the_full_weight_of_the_kl_term_and_cost_while_they_are_open():
    made = model()
    x, noise = bits(7), noise_for(made, 7, extra=3)
    early = made.loss(x, noise, torch.tensor([0.5]).double())
    whole = -model(gates="open").standard_elbo(x, noise[:, :6], torch.tensor([0.5]).double())
    torch.testing.assert_close(early, whole + 3 * 0.03)
    assert torch.autograd.grad(early.sum(), made.gate_odds)[0].abs().sum() == 0
    late = made.loss(x, noise, torch.ones(1).double())
    relaxed = torch.sigmoid((10 * made.gate_odds + logistic(noise[:1, 6:])) / 0.5)
    with made._with_gates(relaxed):
        expected = 0.03 * relaxed.sum() - made.standard_elbo(x, noise[:, :6])
    torch.testing.assert_close(late, expected)


def test_two_phases_learn_gates_then_keep_them_and_a_file_gives_all_back(tmp_path):
    made = model(replicas=(2,), gate_penalty=2.0)  # so dear that all shut
    recipe = sv.Recipe("first", num_steps=120, base_steps=120, batch_size=20, learning_rate=0.02, kl_warm_up=0.2)
    x = bits(60)
    training = sv.fit(made, x, sv.Phases(recipe, sv.Recipe("second", num_steps=5, batch_size=20)), seed=[0, 1])
    assert made.gates.sum() == 6
    list(training)
    assert not made.learns_gates
    assert made.gates.sum() == 0
    sv.save_model(made, tmp_path / "model.safetensors")
    again = sv.load_model(tmp_path / "model.safetensors")
    assert torch.equal(again.gates, made.gates)
    assert torch.equal(again.elbo(x, generator=seeded()), made.elbo(x, generator=seeded()))
    assert made.kl_per_node(x, 3, seeded()).shape == (2, 3)


def test_nodes_cost_together_what_the_bound_says():
    made = model()
    x = bits(50)
    total = made.kl_per_node(x, 400, seeded()).sum()
    generator = seeded(1)
    costs = [made.elbo(x, kl_weight=w, num_samples=400, generator=generator).mean() for w in (0.0, 1.0)]
    assert total.item() == pytest.approx((costs[0] - costs[1]).item(), abs=0.15)


def test_replicas_are_trained_as_alone():
    together = model(replicas=(2,), iaf=True)
    alone, recipe, x = [together.replica(r) for r in range(2)], sv.Recipe("short", num_steps=6, batch_size=10), bits(30)
    list(sv.fit(together, x, recipe, seed=[0, 1]))
    for r, one in enumerate(alone):
        list(sv.fit(one, x, recipe, seed=r))
        for ours, theirs in zip(together.replica(r).parameters(), one.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("order", ["topological", "reverse"])
def test_the_structure_is_a_network_that_nami_inverts(order):
    rows = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    network = model(gates=rows).latent_network()
    assert set(network.dag.edges) == {("z0", "z1"), ("z1", "z2"), *((f"z{n}", "x") for n in range(3))}
    assert network.observed == ("x",)
    inverse = sv.invert(network, order)
    assert sv.is_faithful(network, inverse)
    assert all(inverse.dag.has_edge("x", f"z{n}") for n in range(3))
    assert len(list(itertools.combinations(network.latents, 2))) >= inverse.dag.number_of_edges() - 3


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: model(num_nodes=1), "at least 2 nodes, but 1"),
        (lambda: model(node_features=0), "values of a node is at least 1, but 0"),
        (lambda: model(pixels=0), "pixels is at least 1"),
        (lambda: model(gates="half"), "'half' do not exist; they are learned, open, closed"),
        (lambda: model(gates=[[0, 1, 0], [0, 0, 0], [0, 0, 0]]), "those before it alone"),
        (lambda: model(gates=[[0, 0], [1, 0]]), "3 rows of 3"),
        (lambda: model(gates=[[0, 0, 0], [0.5, 0, 0], [0, 0, 0]]), "zeros and ones"),
        (lambda: model().fix_gates(), "have not been trained"),
        (lambda: model(gates="open").fix_gates(), "have not been trained"),
        (lambda: model(replicas=(2,)).latent_network(), r"there are replicas \(2,\)"),
        (lambda: model().elbo(bits(3) * 2), "Bits are 0 or 1, but 2 came"),
        (lambda: model().elbo(bits(3) - 0.5), "Bits are 0 or 1"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()
