"""Models with exact parts against the networks that the parts come from, and the table of what each part costs."""

import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.engine.dense import DenseProgram
from sirenvae.engine.programs import program_for
from sirenvae.models.exact import PARTS, PartlyExactVAE
from sirenvae.recipes import Recipe

SHORT = Recipe("short", num_steps=15)


def log_joint(network, x, z):
    """log p(x, z) by the network's own conditionals, float64."""
    columns = [*zip(network.observed, x.T, strict=True), *zip(network.latents, z.T, strict=True)]
    values = {v: column.double().numpy() for v, column in columns}
    total = 0.0
    for v, c in network.conditionals.items():
        total = total - 0.5 * ((values[v] - c.mean(values)) ** 2 / c.variance + np.log(2 * np.pi * c.variance))
    return torch.from_numpy(total)


NETWORKS = {
    "ecoli70-tanh": sv.load_network("ecoli70-tanh"),
    "circuit": sv.load_network("circuit"),
    "observed above others": sv.load_network("circuit").with_observed(["sum", "x1", "x2"]),
    "student": sv.load_network("student"),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_both_exact_is_the_joint_density(network, spread):
    """At draws of the network, and beside them."""
    model = PartlyExactVAE(network, replicas=(2,)).eval()
    data = torch.stack([sv.sample_network(network, 30, seed)[0] for seed in (1, 2)])
    model.standardize(data)
    x, z = sv.sample_network(network, 50, seed=3)
    x, z = x + spread * torch.randn_like(x), z + spread * torch.randn_like(z)
    standard_x = model.standardized(x)
    k = len(network.latents)
    units = model.units
    standard_z = ((z - units.location[..., :k]) / units.scale[..., :k]).float()
    log_prob = model.decoder.log_prob(standard_x, model._decoder_inputs(standard_z, standard_x))
    log_prob = log_prob + model.prior_log_prob(standard_z, standard_x)
    log_prob = log_prob - model.scale.log().sum(dim=-1) - units.scale[..., :k].log().sum(dim=-1)
    expected = log_joint(network, x, z)
    torch.testing.assert_close(log_prob.double(), expected.expand(2, -1), rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize("exact", [(), ("prior",), ("decoder",), PARTS])
def test_training_moves_what_is_not_exact(exact):
    network = sv.load_network("circuit")
    torch.manual_seed(0)
    learned = sv.SIReNVAE(network, replicas=(2,))
    torch.manual_seed(0)
    model = PartlyExactVAE(network, exact, replicas=(2,))
    assert isinstance(program_for(model.replica(0, 1), 10), DenseProgram)
    same = dict(learned.named_parameters())
    before = {name: value.clone() for name, value in model.named_parameters()}
    assert set(before) == {name for name in same if name.partition(".")[0] not in exact}
    assert all(torch.equal(value, same[name]) for name, value in before.items())
    x = [sv.sample_network(network, size, size)[0] for size in (20, 130)]
    [*_, record] = sv.fit(model, x, SHORT)
    assert not record.diverged.any()
    still = [name for name, value in model.named_parameters() if value.numel() and torch.equal(value, before[name])]
    assert still == []


def test_a_replica_is_the_model():
    network = sv.load_network("circuit")
    model = PartlyExactVAE(network, replicas=(2,)).eval()
    model.standardize([sv.sample_network(network, size, size)[0] for size in (20, 130)])
    x, z = sv.sample_network(network, 10, seed=2)
    x, z, alone = model.standardized(x), z.float().expand(2, -1, -1), model.replica(1)
    assert torch.equal(model.prior_log_prob(z, x)[1], alone.prior_log_prob(z[1], x[1]))
    assert torch.equal(model.decoder.log_prob(x, z)[1], alone.decoder.log_prob(x[1], z[1]))


def test_the_bound_is_the_evidence_when_both_are_exact():
    network = sv.load_network("student")
    x, _ = sv.sample_network(network, 100, seed=1)
    torch.manual_seed(0)
    model = PartlyExactVAE(network)
    list(sv.fit(model, x, Recipe("short", num_steps=400)))
    expected = sv.true_log_prob(network, x)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        bounds = [model.iwae_bound(x, size, generator).double() for size in (1, 50, 3000)]
    gaps = [(expected - bound).mean().item() for bound in bounds]
    assert gaps[0] > gaps[1] > gaps[2] - 1e-3
    assert gaps[2] == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_samples_are_those_of_the_network(network):
    model = PartlyExactVAE(network)
    model.standardize(sv.sample_network(network, 30, seed=1)[0])
    drawn = model.sample(20_000, torch.Generator().manual_seed(0)).double()
    x, _ = sv.sample_network(network, 20_000, seed=2)
    torch.testing.assert_close(drawn.mean(dim=0), x.mean(dim=0), rtol=0, atol=0.06)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(x.T), rtol=0.05, atol=0.1)
