"""Data as people bring them: far from zero, in any unit, as tables; and questions that change nothing."""

import copy
import subprocess
import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch

import sirenvae as sv
from sirenvae.experiments.registry import VAES, build_model
from sirenvae.models.points import as_points, is_several
from sirenvae.models.units import location_and_scale
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth.partly_exact import PartlyExactVAE
from sirenvae.truth.references import REFERENCES

SHORT = replace(RECIPES["default"], name="short", num_steps=60)
NETWORK = "fork"  # three observed variables
# Factors and shifts, the shifts in standard deviations.
MOVED = [(1e-13, 0.0), (1e13, 0.0), (1.0, 1e9), (1.0, -1e9), (1e-13, 1e9), (1e13, -1e6), (1e-2, 8e8)]


def moved(x, factor, shift):
    return factor * (x + shift * x.std(dim=0))


@pytest.fixture(scope="module")
def data():
    return sv.sample_network(sv.load_network(NETWORK), 200, seed=0)[0]


def trained_bound(name, x):
    """Everything from the same seeds."""
    model = build_model(sv.load_network(NETWORK), name, seed=1)
    list(sv.fit(model, x, SHORT, every=SHORT.num_steps))
    generator = torch.Generator().manual_seed(2)
    return model.iwae_bound(x, 50, generator).mean().item(), model


@pytest.fixture(scope="module")
def unmoved(data):
    """The bounds of the models that were trained on the data as they are."""
    return {name: trained_bound(name, data)[0] for name in VAES}


@pytest.mark.parametrize("name", VAES)
@pytest.mark.parametrize(("factor", "shift"), MOVED)
def test_a_bound_does_not_depend_on_zero_and_unit(data, unmoved, name, factor, shift):
    x = moved(data, factor, shift)
    found, model = trained_bound(name, x)
    assert found + 3 * np.log(factor) == pytest.approx(unmoved[name], abs=1e-3)
    assert model.standardized(x).mean(dim=-2).abs().max() < 1e-6
    draws = model.sample(500, torch.Generator().manual_seed(3))
    assert draws.dtype == torch.float64
    assert torch.allclose(draws.std(dim=0) / x.std(dim=0), torch.ones(3, dtype=torch.float64), atol=0.7)
    assert model.reconstruct(x).unique(dim=0).shape[0] > 100


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize(("factor", "shift"), MOVED)
def test_a_reference_does_not_depend_on_zero_and_unit(data, name, factor, shift):
    def log_prob(x):
        return sv.fit_reference(name, sv.load_network(NETWORK), x).log_prob(x).mean().item()

    assert log_prob(moved(data, factor, shift)) + 3 * np.log(factor) == pytest.approx(log_prob(data), abs=1e-3)


def shifted_network(offset):
    """One cause of two variables, whose numbers are those of clocks."""
    conditionals = {
        "cause": sv.LinearGaussian(0.0, {}, 1.0),
        "early": sv.LinearGaussian(offset + 63.0, {"cause": 1.0}, 0.5),
        "late": sv.LinearGaussian(offset + 3601.0, {"cause": -1.0}, 0.5),
    }
    return sv.BayesianNetwork(nx.DiGraph([("cause", "early"), ("cause", "late")]), conditionals=conditionals)


@pytest.mark.parametrize("exact", [("prior",), ("decoder",), ("prior", "decoder")])
def test_exact_parts_far_from_zero(exact):
    """Draws of the two networks are the same, but for the offset."""
    bounds = []
    for offset in (0.0, 1.7e9):
        network = shifted_network(offset)
        x, _ = sv.sample_network(network, 200, seed=0)
        torch.manual_seed(0)
        model = PartlyExactVAE(network, exact)
        list(sv.fit(model, x, SHORT, every=SHORT.num_steps))
        bounds.append(model.iwae_bound(x, 50, torch.Generator().manual_seed(0)).mean().item())
        assert model.sample(100).std(dim=0).min() > 0.5
    assert bounds[0] == pytest.approx(bounds[1], abs=1e-3)


def test_the_truth_far_from_zero():
    near, far = shifted_network(0.0), shifted_network(1.7e9)
    x, _ = sv.sample_network(near, 50, seed=0)
    assert torch.allclose(sv.true_log_prob(far, x + 1.7e9), sv.true_log_prob(near, x), atol=1e-5)
    assert sv.observed_entropy(far) == pytest.approx(sv.observed_entropy(near), abs=1e-9)


def test_location_and_scale_of_hard_columns():
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(1000, 1, generator=generator, dtype=torch.float64)
    for factor in (1e-300, 1e-13, 1.0, 1e150, 1e300):
        location, scale = location_and_scale(base * factor, ["v"])
        assert location.item() / factor == pytest.approx(base.mean().item(), rel=1e-9)
        assert scale.item() / factor == pytest.approx(base.std().item(), rel=1e-9)
    location, scale = location_and_scale(base + 1e9, ["v"])
    assert location.item() - 1e9 == pytest.approx(base.mean().item(), abs=1e-6)
    assert scale.item() == pytest.approx(base.std().item(), rel=1e-6)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ([1e-13] * 4, "v is constant"),
        ([0.0] * 4, "v is constant"),
        ([1.0, 1.0, 1.0 + 2e-16 * 2, 1.0], "no more than the rounding of float64"),
        (torch.tensor([1.7e9, 1.7e9 + 100, 1.7e9, 1.7e9]), "no more than the rounding of float32"),
        ([-1e308, 1e308, 1e308, -1e308], "larger units"),
    ],
)
def test_columns_that_do_not_vary(column, sentence):
    x = torch.as_tensor(column).double().unsqueeze(-1)
    if not isinstance(column, torch.Tensor):
        x = torch.tensor(column, dtype=torch.float64).unsqueeze(-1)
    with pytest.raises(sv.InputError, match=sentence):
        location_and_scale(x, ["v"])


def test_units_keep_their_digits_in_any_precision(data):
    model = sv.SIReNVAE(sv.load_network(NETWORK))
    model.standardize(data + 123456789.0123)
    before = model.location.clone()
    for dtype in (torch.float16, torch.float32, torch.float64):
        model.to(dtype)
        assert model.dtype == dtype
        assert model.location.dtype == model.scale.dtype == torch.float64
        assert torch.equal(model.location, before)


# Tables


def frame(x, names=("x3", "x1", "x2"), **more):
    columns = {f"x{i + 1}": x[:, i].numpy() for i in range(3)}
    return pd.DataFrame({name: columns[name] for name in names} | more)


def test_a_data_frame_is_read_by_its_names(data):
    expected, model = trained_bound("true", data)
    found, _ = trained_bound("true", frame(data))
    assert found == expected
    for act in (
        lambda x: model.elbo(x, generator=torch.Generator().manual_seed(0)),
        lambda x: model.iwae_bound(x, 20, generator=torch.Generator().manual_seed(0)),
        lambda x: model.posterior(x).sample(2, torch.Generator().manual_seed(0)),
        lambda x: model.reconstruct(x, generator=torch.Generator().manual_seed(0)),
        lambda x: sv.true_log_prob(model.network, x),
        lambda x: sv.fit_reference("ledoit_wolf", model.network, x).log_prob(x),
    ):
        expected = act(data)
        for same in (frame(data), data.tolist(), data.numpy()[::-1][::-1], list(data), [list(row) for row in data]):
            assert torch.equal(act(same), expected)


def test_integer_names_are_columns_too():
    network = sv.BayesianNetwork(nx.DiGraph([(0, 1), (0, 2)]))
    table = pd.DataFrame({2: [1.0, 2.0], 1: [3, 4]})
    assert as_points(table, network.observed).tolist() == [[3.0, 1.0], [4.0, 2.0]]
    assert as_points(table.rename(columns=str), network.observed).tolist() == [[3.0, 1.0], [4.0, 2.0]]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: t.drop(columns="x2"), "lacks the columns x2; it needs exactly x1, x2, x3"),
        (lambda t: t.assign(year=1), "has columns that are no observed variable: year"),
        (lambda t: t.assign(x2="much"), r"must be numbers, but x2 \("),
        (lambda t: pd.concat([t, t[["x1"]]], axis=1), "more than one column called x1"),
        (lambda t: t.assign(x1=pd.to_datetime("2024-01-01")), r"must be numbers, but x1 \(datetime64"),
        (lambda t: t.assign(x3=[None, *range(len(t) - 1)]), "x3 is NaN or infinite in row 0"),
        (lambda t: t["x1"], r"Points have shape \(N, 3\)"),
        (lambda t: [[1.0, 2.0, 3.0], [1.0]], "all of one length"),
        (lambda t: [["a", "b", "c"]], "rows of numbers"),
        (lambda t: "x1", "rows of numbers"),
        (lambda t: torch.zeros(4, 3, dtype=torch.complex64), "real numbers"),
        (lambda t: np.zeros((4, 3), dtype=complex), "complex numbers came"),
        (lambda t: torch.zeros(3, 4, 3), r"replicas \(\)"),
    ],
)
def test_tables_that_do_not_fit(data, spoil, sentence):
    table = spoil(frame(data))
    for act in (sv.SIReNVAE(sv.load_network(NETWORK)).elbo, lambda x: next(sv.fit(model(), x, SHORT))):
        with pytest.raises(sv.InputError, match=sentence):
            act(table)


def model(replicas=()):
    return sv.SIReNVAE(sv.load_network(NETWORK), replicas=replicas)


def test_rows_and_data_sets_are_told_apart(data):
    assert not is_several(data.tolist())
    assert not is_several(list(data))
    assert not is_several(data)
    assert is_several([data, data])
    assert is_several([data.tolist(), frame(data)])
    [record] = sv.fit(model((2,)), [frame(data), data[:50].tolist()], SHORT, every=SHORT.num_steps)
    assert record.loss.shape == (2,)


# Questions


@pytest.mark.parametrize("name", VAES)
def test_questions_change_nothing_and_record_nothing(data, name):
    asked = build_model(sv.load_network(NETWORK), name)
    asked.standardize(data)
    assert asked.training  # as it comes
    state = copy.deepcopy(asked.state_dict())
    questions = {
        "elbo": lambda g: asked.elbo(data, generator=g),
        "iwae_bound": lambda g: asked.iwae_bound(data, 10, generator=g),
        "sample": lambda g: asked.sample(10, g),
        "reconstruct": lambda g: asked.reconstruct(data, 4, g),
        "posterior": lambda g: asked.posterior(data).sample(3, g),
    }
    if name != "vanilla_vae":
        questions["norms"] = lambda g: torch.stack([torch.cat(norms) for norms in [asked.prior.spectral_norms()]])
    for question in questions.values():
        first, second = (question(torch.Generator().manual_seed(0)) for _ in range(2))
        assert torch.equal(first, second)
        assert not first.requires_grad
        asked.eval()
        assert torch.equal(question(torch.Generator().manual_seed(0)), first)
        asked.train()
    assert all(module.training for module in asked.modules())
    assert all(torch.equal(value, state[key]) for key, value in asked.state_dict().items())


def test_a_graph_comes_when_it_is_asked_for(data):
    asked = model()
    asked.standardize(data)
    for value in (asked.elbo(data, graph=True), asked.iwae_bound(data, 3, graph=True)):
        value.mean().backward()
        assert asked.decoder.log_scale.grad.abs().sum() > 0
    assert asked.posterior(data).rsample(2).requires_grad
    z = asked.posterior(data).sample()
    assert asked.posterior(data).log_prob(z).requires_grad


# Replicas alone and together


def test_each_network_has_its_own_steps_and_decay():
    """A list of models of different networks: each ends as alone, whatever its place in the list."""
    nets = [sv.load_network("ecoli70"), sv.load_network("student")]
    data = [sv.sample_network(net, 130, seed=0)[0] for net in nets]
    recipe = Recipe("r", base_steps=60, batch_size=50)

    def fresh():
        torch.manual_seed(0)
        return [sv.SIReNVAE(net, num_blocks=1) for net in nets]

    alone = fresh()
    for one, x in zip(alone, data, strict=True):
        list(sv.fit(one, x, recipe, seed=5))
    for order in ([0, 1], [1, 0]):
        together = [fresh()[i] for i in order]
        *_, record = sv.fit(together, [data[i] for i in order], recipe, seed=[5, 5])
        for one, i in zip(together, order, strict=True):
            for key, value in alone[i].named_parameters():
                torch.testing.assert_close(one.get_parameter(key), value, rtol=1e-3, atol=1e-4)
    assert record.num_steps == max(recipe.steps_for(130, len(net.variables)) for net in nets)


def test_precision_and_batches_of_neighbours_do_not_matter(data):
    recipe = [Recipe("small", num_steps=30, batch_size=20), Recipe("large", num_steps=30, batch_size=150)]
    for first in (0, 1):
        ours = [copy.deepcopy(m) for m in (fresh_pair() if first == 0 else fresh_pair()[::-1])]
        list(sv.fit(ours, data, recipe if first == 0 else recipe[::-1], seed=[0, 0]))
        single = fresh_pair()[0]
        list(sv.fit(single, data, recipe[0]))
        for key, value in single.state_dict().items():
            torch.testing.assert_close(ours[first].state_dict()[key], value, rtol=1e-4, atol=1e-5)


def fresh_pair():
    torch.manual_seed(4)
    single = model()
    torch.manual_seed(4)
    return [single, model().double()]


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (lambda: [(m := model()), m], "The same model came twice"),
        (lambda: [], "no model to train"),
    ],
)
def test_lists_of_models_that_cannot_be_trained(data, models, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.fit(models(), data, SHORT)


# Memory and threads


MEMORY = """
import resource
import sirenvae as sv
network = sv.load_network("ecoli70")
x, _ = sv.sample_network(network, 1000, seed=0)
model = sv.SIReNVAE(network)
model.standardize(x)
model.iwae_bound(x[:10], 3)  # whatever is set up once
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.iwae_bound(x, 50)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_a_bound_of_many_draws_takes_little_memory():
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300  # megabytes; with a graph it would be 800


def test_threads_are_given_back(data):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        training = sv.fit(model(), data, SHORT)
        next(training)
        assert torch.get_num_threads() == 3
        training.model.iwae_bound(data, 5)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
