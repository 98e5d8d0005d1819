"""Models with exact parts against the networks that the parts come from, and the table of what each part costs."""

import csv
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import executors, parts, parts_work
from sirenvae.experiments.store import Store
from sirenvae.experiments.trial import Point, Progress
from sirenvae.graphs import ProductGaussian
from sirenvae.graphs.linear_gaussian import joint_moments
from sirenvae.training.dense import DenseProgram
from sirenvae.training.programs import program_for
from sirenvae.training.recipes import Recipe
from sirenvae.truth.partly_exact import PARTS, PartlyExactVAE

SHORT = Recipe("short", num_steps=15)


def log_joint(network, x, z):
    """log p(x, z) by the network's own conditionals, float64."""
    columns = [*zip(network.observed, x.T, strict=True), *zip(network.latents, z.T, strict=True)]
    values = {v: column.double().numpy() for v, column in columns}
    total = 0.0
    for v, c in network.conditionals.items():
        total = total - 0.5 * ((values[v] - c.mean(values)) ** 2 / c.variance + np.log(2 * np.pi * c.variance))
    return torch.from_numpy(total)


def times_nothing(network):
    """The same network, but the first product multiplies one of its parents by zero."""
    v, product = next((v, c) for v, c in network.conditionals.items() if isinstance(c, ProductGaussian))
    factors = {parent: 0.0 if i == 0 else factor for i, (parent, factor) in enumerate(product.coefficients.items())}
    conditionals = {**network.conditionals, v: replace(product, coefficients=factors)}
    return sv.BayesianNetwork(network.dag, network.observed, conditionals)


NETWORKS = {
    "ecoli70-tanh": sv.load_network("ecoli70-tanh"),
    "circuit": sv.load_network("circuit"),
    "observed above others": sv.load_network("circuit").with_observed(["sum", "x1", "x2"]),
    "a factor of zero": times_nothing(sv.load_network("circuit")),
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
    units = model.joint_units
    standard_z = ((z - units.location[..., :k]) / units.scale[..., :k]).float()
    log_prob = model.decoder.log_prob(standard_x, model._decoder_inputs(standard_z, standard_x))
    log_prob = log_prob + model.prior_log_prob(standard_z, standard_x)
    log_prob = log_prob - model.scale.log().sum(dim=-1) - units.scale[..., :k].log().sum(dim=-1)
    expected = log_joint(network, x, z)
    torch.testing.assert_close(log_prob.double(), expected.expand(2, -1), rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("exact", [(), ("prior",), ("decoder",), PARTS])
def test_training_moves_what_is_not_exact(exact, linear):
    network = sv.load_network("circuit")
    torch.manual_seed(0)
    learned = sv.SIReNVAE(network, linear=linear, replicas=(2,))
    torch.manual_seed(0)
    model = PartlyExactVAE(network, exact, linear=linear, replicas=(2,))
    assert isinstance(program_for(model.replica(0, 1), 10), DenseProgram)
    same = dict(learned.named_parameters())
    before = {name: value.clone() for name, value in model.named_parameters()}
    assert set(before) == {name for name in same if name.partition(".")[0].removesuffix("_affine") not in exact}
    aligned = {"decoder.linear.weight"} if exact == ("prior",) else set()
    assert {name for name, value in before.items() if not torch.equal(value, same[name])} == aligned
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


def test_a_decoder_beside_the_exact_prior_starts_at_the_regression():
    network = sv.load_network("student")
    model = PartlyExactVAE(network, ("prior",), replicas=(2,))
    covariance = joint_moments(network)[1]
    deviation = dict(zip(network.variables, np.sqrt(np.diag(covariance)), strict=True))
    for i, x in enumerate(network.observed):
        for j, z in enumerate(network.latents):
            slope = network.conditionals[x].coefficients.get(z, 0.0) * deviation[z] / deviation[x]
            assert model.decoder.linear.weight[1, i, j].item() == pytest.approx(slope, abs=0.05)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_samples_are_those_of_the_network(network):
    model = PartlyExactVAE(network)
    model.standardize(sv.sample_network(network, 30, seed=1)[0])
    drawn = model.sample(20_000, torch.Generator().manual_seed(0)).double()
    x, _ = sv.sample_network(network, 20_000, seed=2)
    torch.testing.assert_close(drawn.mean(dim=0), x.mean(dim=0), rtol=0, atol=0.06)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(x.T), rtol=0.05, atol=0.1)


def small_config(**changes):
    settings = dict(
        network=sv.load_network("student"), multiples=(5,), recipe=SHORT, num_runs=2, num_test=40, iwae_samples=30,
        many_samples=2000, num_fresh=2000, refit_steps=110,
    )  # fmt: skip
    return parts.Parts(**settings | changes)


def test_table(path):
    config = small_config()
    with Store(path) as store:
        events = list(config.run(store=store))
        again = list(config.run(store=store))
    points = [event for event in events if isinstance(event, Point)]
    assert {point.cell: point.values for point in again} == {point.cell: point.values for point in points}
    last = {event.cell: event for event in events if isinstance(event, Progress)}
    assert all(event.step == event.num_steps == 235 for event in last.values())
    rows = {row["exact"]: row for row in config.rows(points)}
    assert list(rows) == ["none", "decoder", "prior", "both"]
    assert rows["both"]["excess_nll_refitted_mean"] == pytest.approx(0, abs=0.01)
    assert rows["none"]["excess_nll_refitted_mean"] > 0.02
    for row in rows.values():
        assert 0 < row["gap_refitted_mean"] < row["gap_mean"]
        assert 1 < row["ess_mean"] < 30
        assert row["ess_many_mean"] < row["ess_refitted_mean"] < 2000
        assert row["excess_nll_many_mean"] < row["excess_nll_mean"] + 0.05
        assert row["diverged_runs"] == 0


@pytest.mark.parametrize("linear", [False, True])
def test_refitting_moves_the_posterior_alone(linear):
    config = small_config(refit_steps=20)
    model = sv.SIReNVAE(config.network, linear=linear, replicas=(2,)).eval()
    before = {name: value.clone() for name, value in model.named_parameters()}
    assert list(parts_work.refit_posterior(config, model)) == [20]
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if name.startswith(("encoder.", "posterior_"))}
    assert not model.training


@contextmanager
def threads(num_workers):
    with ThreadPoolExecutor(num_workers) as executor:
        yield executor, None


def test_command(tmp_path, capsys, monkeypatch):
    full = parts.Parts
    small = dict(recipe=SHORT, num_test=20, iwae_samples=20, many_samples=40, num_fresh=300, refit_steps=5)
    monkeypatch.setattr(parts, "Parts", lambda network, **changes: full(network, **small | changes))
    monkeypatch.setattr(executors, "local_processes", threads)
    words = ["table", "parts", "--network", "fork", "--multiples", "4", "--runs", "1", "--out", str(tmp_path)]
    reference = tmp_path / "reference" / "parts.json"
    assert main([*words, "--reference", str(reference)]) == 0
    printed = capsys.readouterr().out
    assert "| network | per variable | exact " in printed.replace("  ", " ")
    results = sv.reference_results("parts", reference.parent)
    assert [row["exact"] for row in results.rows] == ["none", "decoder", "prior", "both"]
    assert results.settings["fork"]["num_runs"] == 1
    assert results.notes == tuple(full(sv.load_network("fork"), num_runs=1, **small).notes())
    assert "Refitted: the same model" in printed
    with open(tmp_path / "table-parts-fork.csv", encoding="utf-8") as file:
        assert [row["exact"] for row in csv.DictReader(file)] == ["none", "decoder", "prior", "both"]
    assert main([*words[:-1], "/dev/null/x"]) == 2
    words[words.index("--runs") + 1] = "0"
    assert main(words) == 2
    assert "number of runs is at least 1, but 0 came" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: PartlyExactVAE(sv.load_network("fork"), ("encoder",)), "There is no exact encoder"),
        (lambda: small_config(multiples=(3, 3)), "multiples must be different"),
        (lambda: small_config(refit_batch=0), "refit batch is at least 1, but 0 came"),
    ],
)
def test_bad_input(make, sentence):
    with pytest.raises(sv.errors.InputError, match=sentence):
        make()
