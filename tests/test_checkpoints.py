"""Models and fits on disk."""

import subprocess
import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import sirenvae as sv
from sirenvae.training.recipes import RECIPES, Recipe

COSINE = Recipe("cosine", num_steps=12, batch_size=20)
PLATEAU = replace(RECIPES["paper"], learning_rate=1e-2, plateau_patience=1, max_epochs=6, batch_size=20)
SEVERAL = replace(PLATEAU, learning_rate=(1e-2, 1e-3))


def fresh(name="true", replicas=()):
    torch.manual_seed(3)
    network = sv.load_network("greenhouse")
    if name == "vanilla_vae":
        return sv.VanillaVAE(network, replicas=replicas)
    return sv.SIReNVAE(network, name, num_blocks=2, replicas=replicas)


@pytest.mark.parametrize("name", ["true", "independent", "vanilla_vae"])
@pytest.mark.parametrize("replicas", [(), (2,)])
def test_a_model_comes_back_as_it_was(tmp_path, name, replicas):
    model = fresh(name, replicas)
    x, _ = sv.sample_network(model.network, 50)
    list(sv.fit(model, x, COSINE))
    sv.save_model(model, tmp_path / "model.safetensors")
    torch.manual_seed(99)
    copy = sv.load_model(tmp_path / "model.safetensors")
    assert type(copy) is type(model)
    assert copy.structure == model.structure
    assert set(copy.network.dag.edges) == set(model.network.dag.edges)
    expected = model.elbo(x, generator=torch.Generator().manual_seed(0))
    assert torch.equal(copy.elbo(x, generator=torch.Generator().manual_seed(0)), expected)


def test_a_double_model_stays_double(tmp_path):
    sv.save_model(fresh().double(), tmp_path / "model.safetensors")
    assert sv.load_model(tmp_path / "model.safetensors").location.dtype == torch.float64


@pytest.mark.parametrize("recipe", [COSINE, PLATEAU, SEVERAL], ids=["cosine", "plateau", "several rates"])
def test_a_killed_fit_goes_on_bit_for_bit(tmp_path, recipe):
    x, _ = sv.sample_network(sv.load_network("greenhouse"), 50)
    whole = fresh(replicas=(2,))
    expected = list(sv.fit(whole, x, recipe, seed=4))

    broken = sv.fit(fresh(replicas=(2,)), x, recipe, seed=4)
    for _ in range(2):
        next(broken)
    sv.save_fit(broken, tmp_path / "fit.safetensors")
    next(broken)  # what happens after the save must not matter
    torch.manual_seed(99)
    resumed = sv.resume_fit(tmp_path / "fit.safetensors", x)
    records = list(resumed)
    assert [record.epoch for record in records] == [record.epoch for record in expected[2:]]
    assert all(torch.equal(a.loss, b.loss) for a, b in zip(records, expected[2:], strict=True))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert sv.load_model(tmp_path / "fit.safetensors").structure == "true"


KILLED = """
import sys
import sirenvae as sv
network = sv.load_network("greenhouse")
x, _ = sv.sample_network(network, 50)
training = sv.resume_fit(sys.argv[1], x)
for record in training:
    sv.save_fit(training, sys.argv[1])
    print(record.epoch, flush=True)
"""


def test_a_fit_killed_by_force_goes_on_bit_for_bit(tmp_path):
    recipe, path = replace(COSINE, num_steps=300), tmp_path / "fit.safetensors"
    x, _ = sv.sample_network(sv.load_network("greenhouse"), 50)
    whole = fresh(replicas=(3,))
    list(sv.fit(whole, x, recipe, seed=4))
    sv.save_fit(sv.fit(fresh(replicas=(3,)), x, recipe, seed=4), path)
    with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True) as process:
        reached = [next(process.stdout) for _ in range(5)]
        process.kill()
    resumed = sv.resume_fit(path, x)
    assert next(resumed).epoch > int(reached[-1])
    list(resumed)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_bad_files_are_one_sentence(tmp_path):
    with pytest.raises(sv.InputError, match="cannot be read"):
        sv.load_model(tmp_path / "missing.safetensors")
    (tmp_path / "text.safetensors").write_text("not a model")
    with pytest.raises(sv.InputError, match="cannot be read"):
        sv.load_model(tmp_path / "text.safetensors")
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(sv.InputError, match="was not written by this version"):
        sv.load_model(tmp_path / "other.safetensors")
    sv.save_model(fresh(), tmp_path / "model.safetensors")
    with pytest.raises(sv.InputError, match="no fit to go on with"):
        sv.resume_fit(tmp_path / "model.safetensors", torch.zeros(5, 3))
    with pytest.raises(sv.InputError, match="cannot be written"):
        sv.save_model(fresh(), tmp_path / "no" / "folder" / "model.safetensors")
    other = sv.SIReNVAE(sv.BayesianNetwork(nx.DiGraph([(0.5, 1)])))
    with pytest.raises(sv.InputError, match=r"0\.5 is a float"):
        sv.save_model(other, tmp_path / "other.safetensors")


@pytest.mark.parametrize("names", [(0, 1, 2), (("x", 0), ("x", 1), "y"), (np.int64(3), "a", (1, (2, "b")))])
def test_names_that_are_no_strings_come_back(tmp_path, names):
    a, b, c = names
    cpds = {
        a: sv.LinearGaussian(0.5, {}, 1.0),
        b: sv.LinearGaussian(0.0, {a: 2.0}, 1.0),
        c: sv.LinearGaussian(0.0, {b: -0.5}, 0.3),
    }
    model = sv.SIReNVAE(sv.BayesianNetwork(nx.DiGraph([(a, b), (b, c)]), None, cpds))
    sv.save_model(model, tmp_path / "model.safetensors")
    network = sv.load_model(tmp_path / "model.safetensors").network
    assert network.variables == names
    assert dict(network.conditionals) == cpds
