"""The training engine: edge lists against automatic differentiation, replicas against themselves alone."""

import subprocess
import sys
import warnings
from dataclasses import replace

import pytest
import torch
from random_networks import random_network

import sirenvae as sv
from sirenvae.training.dense import DenseProgram
from sirenvae.training.kernels.edges import EdgeMatrix
from sirenvae.training.kernels.siren_vae import EdgeProgram
from sirenvae.training.programs import program_for
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.training.streams import Streams

SHORT = Recipe("short", num_steps=12, batch_size=20)


def normal_noise(num_latents):
    return lambda steps, points, generator: torch.randn(steps, num_latents, points, generator=generator).mT


def built(network, structure="true", replicas=(), seed=0, **settings):
    torch.manual_seed(seed)
    if structure == "vanilla_vae":
        return sv.VanillaVAE(network, replicas=replicas, **settings)
    return sv.SIReNVAE(network, structure, replicas=replicas, **settings)


def with_observed_parents():
    """Observed variables above latents and above each other: context in the prior, observed inputs in the decoder."""
    return sv.load_network("student").with_observed(["D", "G", "H", "J"])


def same_step(model, num_points=7, seed=0):
    """One step's loss and gradient, by edge lists and by differentiating the model itself."""
    generator = torch.Generator().manual_seed(seed)
    num_replicas = torch.Size(model.replicas).numel()
    like = model.location

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=like.dtype)

    x = normal(num_replicas, model.observed_features, num_points)
    noise = normal(num_replicas, model.latent_features, num_points)
    kl_weight, weight = normal(num_replicas).sigmoid(), normal(num_replicas, num_points).sigmoid()
    found = []
    for program in (EdgeProgram(model, num_points), DenseProgram(model)):
        program.set_points(x)
        loss = program.loss(noise, kl_weight, weight)
        found.append((loss, program.unpack(program.gradient)))
    return found


@pytest.mark.parametrize("structure", ["true", "fully_connected", "independent"])
@pytest.mark.parametrize("replicas", [(), (3,), (2, 2)])
def test_edge_lists_give_the_loss_and_the_gradient_of_the_model(structure, replicas):
    model = built(sv.load_network("ecoli70"), structure, replicas).double()
    (loss, gradient), (expected_loss, expected) = same_step(model)
    assert torch.allclose(loss, expected_loss, rtol=1e-12)
    for name, value in expected.items():
        assert torch.allclose(gradient[name], value, rtol=1e-10, atol=1e-12), name


@pytest.mark.parametrize("network", [sv.load_network("ecoli70"), with_observed_parents()])
def test_edge_lists_with_linear_parts(network):
    model = built(network, replicas=(2,), linear=True).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    (loss, gradient), (expected_loss, expected) = same_step(model)
    assert torch.allclose(loss, expected_loss, rtol=1e-12)
    for name, value in expected.items():
        assert torch.allclose(gradient[name], value, rtol=1e-9, atol=1e-11), name


@pytest.mark.parametrize("seed", range(6))
def test_edge_lists_on_random_networks(seed):
    """Weights far from their start, so that norms are beyond their bound and every path carries a gradient."""
    network = random_network(4 + 2 * seed, seed)
    model = built(network, replicas=(2,), num_blocks=1 + seed % 5, prior_features=len(network.latents) + seed).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    (loss, gradient), (expected_loss, expected) = same_step(model)
    assert torch.allclose(loss, expected_loss, rtol=1e-12)
    for name, value in expected.items():
        assert torch.allclose(gradient[name], value, rtol=1e-9, atol=1e-11), name


def test_edge_lists_with_observed_parents():
    model = built(with_observed_parents(), replicas=(2,)).double()
    assert model.prior.context_features == 4
    (loss, gradient), (expected_loss, expected) = same_step(model)
    assert torch.allclose(loss, expected_loss, rtol=1e-12)
    for name, value in expected.items():
        assert torch.allclose(gradient[name], value, rtol=1e-10, atol=1e-12), name


def test_edge_products_against_dense_ones():
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(5, 7, generator=generator) < 0.4
    matrix = EdgeMatrix(mask)
    values = torch.randn(3, 2, matrix.num_edges, generator=generator, dtype=torch.float64)
    dense = torch.zeros(3, 2, 5, 7, dtype=torch.float64)
    dense[..., matrix.rows, matrix.columns] = values
    table, left = (torch.randn(3, 2, n, 4, generator=generator, dtype=torch.float64) for n in (7, 5))
    assert torch.allclose(matrix.product(values, table), dense @ table, atol=1e-14)
    assert torch.allclose(matrix.product(values, table[0]), dense @ table[0], atol=1e-14)
    assert torch.allclose(matrix.T.product(matrix.turned(values), left), dense.mT @ left, atol=1e-14)
    expected = (left @ table[0].mT)[..., matrix.rows, matrix.columns]
    assert torch.allclose(matrix.edge_products(left, table[0]), expected, atol=1e-14)


def test_the_program_is_chosen_by_what_it_can_do():
    network = sv.load_network("student")
    assert isinstance(program_for(built(network), 10), EdgeProgram)
    assert isinstance(program_for(built(network, "vanilla_vae"), 10), DenseProgram)
    deep = built(network)
    deep.prior = sv.GraphicalResidualFlow(deep.prior.adjacency, hidden_features=[10, 10])
    assert isinstance(program_for(deep, 10), DenseProgram)


@pytest.mark.parametrize("structure", ["true", "vanilla_vae"])
def test_a_replica_ends_as_it_would_have_ended_alone(structure):
    """Other sizes, seeds, rates, decays, lengths and a plateau beside it change nothing."""
    network = sv.load_network("greenhouse")
    sizes, seeds = (12, 20, 33, 50), (5, 0, 7, 7)
    recipes = [
        SHORT,
        replace(SHORT, learning_rate=0.01, weight_decay=0.3),
        replace(SHORT, num_steps=25, batch_size=10),
        replace(RECIPES["paper"], plateau_patience=1, max_epochs=7, batch_size=20),
    ]
    data = [sv.sample_network(network, n, seed=n)[0] for n in sizes]
    together = built(network, structure, (4,)).double()
    alone = [together.replica(r) for r in range(4)]
    *_, last = sv.fit(together, data, recipes, seed=seeds)
    assert not last.diverged.any()
    for r, model in enumerate(alone):
        *_, own = sv.fit(model, data[r], recipes[r], seed=seeds[r])
        for (name, ours), value in zip(together.replica(r).named_parameters(), model.parameters(), strict=True):
            assert torch.allclose(ours, value, rtol=1e-8, atol=1e-10), (r, name)
        assert last.learning_rate[r] == 0 or last.learning_rate[r] == pytest.approx(own.learning_rate.item())


def test_models_of_every_structure_train_in_one_fit():
    network = sv.load_network("greenhouse")
    names = ("true", "fully_connected", "independent", "vanilla_vae")
    data = [sv.sample_network(network, n, seed=n)[0] for n in (10, 20, 30, 40)]
    models = [built(network, name, seed=3).double() for name in names]
    alone = [built(network, name, seed=3).double() for name in names]
    *_, record = sv.fit(models, data, SHORT, seed=4)
    assert record.loss.shape == (4,)
    for r, (ours, model) in enumerate(zip(models, alone, strict=True)):
        *_, own = sv.fit(model, data[r], SHORT, seed=4 + r)
        for name, value in model.state_dict().items():
            assert torch.allclose(ours.state_dict()[name], value, rtol=1e-8, atol=1e-10), (r, name)
        assert torch.isfinite(own.loss)


def test_finished_replicas_rest_and_leave():
    network = sv.load_network("greenhouse")
    x, _ = sv.sample_network(network, 20)
    recipes = [replace(SHORT, num_steps=n) for n in (3, 3, 12)]
    model = built(network, replicas=(3,))
    training = sv.fit(model, x, recipes)
    for record in training:
        if record.step == 3:
            resting = model.replica(0, 1).state_dict()
        if record.step == 4:
            assert [group.chosen for group in training._groups] == [[2]]
    assert record.step == 12
    assert record.learning_rate.tolist()[:2] == [0.0, 0.0]
    for name, value in model.replica(0, 1).state_dict().items():
        assert torch.equal(value, resting[name])


def test_a_replica_that_diverges_is_frozen_and_the_others_go_on():
    network = sv.load_network("greenhouse")
    x, _ = sv.sample_network(network, 20)
    broken, whole = built(network, replicas=(3,)).double(), built(network, replicas=(3,)).double()
    recipes = [SHORT, replace(SHORT, learning_rate=1e300), SHORT]
    records = list(sv.fit(broken, x, recipes, seed=(1, 2, 3)))
    list(sv.fit(whole, x, SHORT, seed=(1, 2, 3)))
    assert records[-1].diverged.tolist() == [False, True, False]
    assert records[-1].step == 12
    assert torch.isfinite(records[-1].loss[[0, 2]]).all()
    assert all(torch.isfinite(value).all() for value in broken.replica(1).parameters())
    for name, value in whole.replica(0, 2).state_dict().items():
        assert torch.allclose(broken.replica(0, 2).state_dict()[name], value, rtol=1e-8, atol=1e-10), name


def test_a_stream_is_a_function_of_seed_and_step():
    points = [torch.arange(7.0).unsqueeze(-1), torch.arange(100, 105.0).unsqueeze(-1)]
    together = Streams(points, [3, 4], [3, 3], normal_noise(2), torch.empty(0))
    alone = Streams(points[1:], [4], [3], normal_noise(2), torch.empty(0))
    for step in (40, 2, 17):
        assert torch.equal(together.noise(step)[1], alone.noise(step)[0])
        assert torch.equal(together.batch(step)[1], alone.batch(step)[0])
    assert not torch.equal(together.noise(0)[0], together.noise(0)[1])
    seen = torch.cat([alone.batch(step)[0, 0] for step in range(5)])
    for epoch in seen.split(5):
        assert epoch.sort().values.tolist() == [100.0, 101.0, 102.0, 103.0, 104.0]
    noise = torch.cat([alone.noise(step).flatten() for step in range(2000)])
    assert abs(noise.mean()) < 0.04
    assert abs(noise.std() - 1) < 0.03


def test_small_batches_are_filled_up_with_points_that_do_not_count():
    streams = Streams([torch.ones(4, 1), torch.ones(9, 1)], [0, 0], [10, 10], normal_noise(1), torch.empty(0))
    assert streams.num_points == 9
    assert streams.constant
    assert streams.point_weight[0].tolist() == [0.25] * 4 + [0.0] * 5
    assert torch.allclose(streams.point_weight.sum(dim=-1), torch.ones(2))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"recipe": [SHORT]}, "There are 2 replicas, but the list has 1 entries for the recipe"),
        ({"seed": [1, 2, 3]}, "3 entries for the seed"),
        ({"x": [torch.randn(5, 3)]}, "1 entries for the training data"),
        ({"x": [torch.randn(5, 3), torch.full((5, 3), torch.nan)]}, "NaN or infinite"),
        ({"x": [torch.randn(5, 3), torch.ones(5, 3)]}, "is constant"),
        ({"every": 0}, "at least 1 epoch"),
    ],
)
def test_bad_lists_are_one_sentence(arguments, sentence):
    model = built(sv.load_network("greenhouse"), replicas=(2,))
    settings = {"x": torch.randn(5, 3), "recipe": SHORT} | arguments
    with pytest.raises(sv.InputError, match=sentence):
        sv.fit(model, settings.pop("x"), settings.pop("recipe"), **settings)


def test_a_record_can_stand_for_several_epochs():
    network = sv.load_network("greenhouse")
    x, _ = sv.sample_network(network, 50)
    one, many = built(network), built(network)
    fine = list(sv.fit(one, x, SHORT))
    coarse = list(sv.fit(many, x, SHORT, every=2))
    assert [record.step for record in coarse] == [6, 12]
    assert coarse[0].loss == pytest.approx(torch.stack([fine[0].loss, fine[1].loss]).mean().item(), rel=1e-5)
    for name, value in one.state_dict().items():
        assert torch.equal(many.state_dict()[name], value)


OUT_OF_MEMORY = """
import resource, sys, warnings
import torch
import sirenvae as sv
import sirenvae.training.loop
from sirenvae.training.recipes import Recipe
torch.set_num_threads(1)
sirenvae.training.loop.replicas_at_once = lambda model, num_points: 64  # as on an accelerator
network = sv.load_network("ecoli70")
x, _ = sv.sample_network(network, 2000)
model = sv.VanillaVAE(network, replicas=(64,), encoder_features=200)
training = sv.fit(model, x, Recipe("short", num_steps=3, batch_size=2000))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 600 * 2**20,) * 2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    records = list(training)
print(records[-1].step, bool(torch.isfinite(records[-1].loss).all()), len(caught), caught[0].message if caught else "")
"""


# RLIMIT_AS holds on Linux alone; the halving itself is tested everywhere, below.
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited in a way that only Linux has")
def test_too_little_memory_means_fewer_replicas_at_a_time():
    done = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 True"), done.stdout
    assert "Training 64 replicas at once needs more memory than there is; it goes on with 32 at a time." in done.stdout


def test_running_out_of_memory_changes_no_result(monkeypatch):
    network = sv.load_network("greenhouse")
    x, _ = sv.sample_network(network, 30)
    whole, halved = built(network, replicas=(5,)).double(), built(network, replicas=(5,)).double()
    list(sv.fit(whole, x, SHORT))
    loss, calls = EdgeProgram.loss, []

    def short_of_memory(self, *arguments):
        calls.append(len(self.weights))
        if len(calls) > 3 and len(self.weights) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return loss(self, *arguments)

    monkeypatch.setattr(EdgeProgram, "loss", short_of_memory)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(sv.fit(halved, x, SHORT))
    assert "goes on with 3 at a time" in str(caught[0].message)
    for name, value in whole.state_dict().items():
        assert torch.allclose(halved.state_dict()[name], value, rtol=1e-9, atol=1e-11), name


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch):
    def broken(self, *arguments):
        raise RuntimeError("something else")

    monkeypatch.setattr(EdgeProgram, "loss", broken)
    x, _ = sv.sample_network(sv.load_network("greenhouse"), 30)
    with pytest.raises(RuntimeError, match="something else"):
        list(sv.fit(built(sv.load_network("greenhouse"), replicas=(2,)), x, SHORT))
