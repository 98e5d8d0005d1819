"""Models and fits on disk."""

import os
import pickle
import subprocess
import sys
from dataclasses import fields, replace
from functools import partial

import fuzz_checkpoints
import networkx as nx
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import sirenvae as sv
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth.partly_exact import PARTS, PartlyExactVAE
from sirenvae.truth.references import REFERENCES

COSINE = Recipe("cosine", num_steps=12, batch_size=20)
PLATEAU = replace(RECIPES["paper"], learning_rate=1e-2, plateau_patience=1, max_epochs=6, batch_size=20)
SEVERAL = replace(PLATEAU, learning_rate=(1e-2, 1e-3))
ONE_OF = replace(COSINE, learning_rate=(1e-2,))


def fresh(name="true", replicas=()):
    torch.manual_seed(3)
    network = sv.load_network("greenhouse")
    if name == "vanilla_vae":
        return sv.VanillaVAE(network, replicas=replicas)
    return sv.SIReNVAE(network, name, num_blocks=2, replicas=replicas)


SIREN = [(structure, linear) for structure in ("true", "fully_connected", "independent") for linear in (True, False)]
MODELS = {
    **{
        f"{structure}{'' if linear else ', no linear parts'}": partial(
            sv.SIReNVAE, structure=structure, linear=linear, num_blocks=2, activation="tanh", prior_features=9
        )
        for structure, linear in SIREN
    },
    "vanilla": partial(sv.VanillaVAE, encoder_features=5),
    **{f"exact {', '.join(exact)}": partial(PartlyExactVAE, exact=exact) for exact in (PARTS, *zip(PARTS))},
}


def observed_above_others():
    """A network in which latents and observed variables have observed parents, and numbers as names."""
    network = sv.load_network("greenhouse").with_observed(["Heat", "Gauge", "Size", "Yield"])
    return sv.BayesianNetwork(network.dag, network.observed, network.conditionals, name="α 50%")


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("network", "replicas", "dtype", "training"),
    [
        (sv.load_network("greenhouse"), (), torch.float32, False),
        (observed_above_others(), (2, 1), torch.float64, True),
    ],
    ids=["single", "double, replicas, in training"],
)
def test_a_model_comes_back_as_it_was(tmp_path, build, network, replicas, dtype, training):
    torch.manual_seed(3)
    model = build(network, replicas=replicas)
    x, _ = sv.sample_network(network, 50)
    model.standardize(x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    model = model.to(dtype).train(training)
    sv.save_model(model, tmp_path / "model.safetensors")
    state = torch.random.get_rng_state()
    copy = sv.load_model(tmp_path / "model.safetensors")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert type(copy) is type(model)
    assert not copy.training
    assert (copy.structure, copy.replicas, copy.network.name) == (model.structure, replicas, network.name)
    assert list(copy.network.dag.edges) == list(network.dag.edges)
    assert (copy.network.variables, copy.network.observed) == (network.variables, network.observed)
    assert copy.network.conditionals == network.conditionals
    assert [p.dtype for p in copy.parameters()] == [dtype] * len(list(model.parameters()))
    model.eval()
    values = [(m.elbo(x, generator=seeded()), m.sample(9, seeded())) for m in (model, copy)]
    assert all(torch.equal(a, b) for a, b in zip(*values, strict=True))
    assert list(sv.fit(copy, x, Recipe("short", num_steps=2)))


def seeded():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_comes_back_as_it_was(tmp_path, name):
    network = sv.load_network("greenhouse")
    x, _ = sv.sample_network(network, 60)
    reference = sv.fit_reference(name, network, x)
    sv.save_model(reference, tmp_path / "reference.safetensors")
    copy = sv.load_model(tmp_path / "reference.safetensors")
    assert type(copy) is type(reference)
    assert torch.equal(copy.log_prob(x), reference.log_prob(x))
    for field in fields(reference):
        ours, theirs = getattr(reference, field.name), getattr(copy, field.name)
        if field.name == "network":
            assert theirs.conditionals == ours.conditionals
        else:
            assert torch.equal(ours, theirs) if isinstance(ours, torch.Tensor) else ours == theirs, field.name


def named(*names):
    a, b, c = names
    return sv.VanillaVAE(sv.BayesianNetwork(nx.DiGraph([(a, b), (a, c)])))


@pytest.mark.parametrize("names", [(0, 1, 2), (1, "a", (2, "b"))])
def test_numbers_as_names_come_back(tmp_path, names):
    sv.save_model(named(*names), tmp_path / "model.safetensors")
    assert sv.load_model(tmp_path / "model.safetensors").network.variables == names


def test_names_that_a_file_cannot_hold_are_refused_at_once(tmp_path):
    with pytest.raises(sv.InputError, match="names that a file cannot hold"):
        sv.save_model(named(frozenset("a"), "b", "c"), tmp_path / "model.safetensors")
    assert not os.listdir(tmp_path)


class Derived(sv.SIReNVAE):
    pass


REFUSED = {
    "A Derived cannot be saved as a model": lambda network: Derived(network),
    "A GaussianLikelihood cannot be saved": lambda network: sv.SIReNVAE(network).decoder,
    "A GraphicalResidualFlow cannot be saved": lambda network: sv.SIReNVAE(network).encoder,
    "but this one is of bfloat16": lambda network: sv.SIReNVAE(network).bfloat16(),
    "a setting is no plain value": lambda network: with_setting(sv.VanillaVAE(network)),
}


def with_setting(model):
    model.settings["encoder_features"] = object()
    return model


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_read_back_is_refused_when_it_is_saved(tmp_path, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.save_model(REFUSED[sentence](sv.load_network("fork")), tmp_path / "model.safetensors")
    assert not os.listdir(tmp_path)


def test_fits_that_cannot_go_on_are_refused_when_they_are_saved(tmp_path):
    network = sv.load_network("fork")
    x, _ = sv.sample_network(network, 20)
    several = sv.fit([sv.VanillaVAE(network), sv.SIReNVAE(network)], x)
    with pytest.raises(sv.InputError, match="this one is of several"):
        sv.save_fit(several, tmp_path / "fit.safetensors")
    with pytest.raises(sv.InputError, match="but a Selection came"):
        sv.save_fit(sv.fit(sv.SIReNVAE(network), x, "selected"), tmp_path / "fit.safetensors")
    with pytest.raises(sv.InputError, match="but a list came"):
        sv.save_fit([1], tmp_path / "fit.safetensors")
    assert not os.listdir(tmp_path)


def test_numbers_of_numpy_are_numbers(tmp_path):
    network = sv.load_network("fork")
    x, _ = sv.sample_network(network, 20)
    model = sv.SIReNVAE(network, num_blocks=np.int64(2))
    sv.save_fit(sv.fit(model, x, COSINE, seed=np.int64(3)), tmp_path / "fit.safetensors")
    assert sv.load_model(tmp_path / "fit.safetensors").settings["num_blocks"] == 2
    assert len(list(sv.resume_fit(tmp_path / "fit.safetensors", x))) == 12


@pytest.mark.parametrize(
    "recipe", [COSINE, PLATEAU, SEVERAL, ONE_OF], ids=["cosine", "plateau", "several rates", "one rate of a list"]
)
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
    path = tmp_path / "model.safetensors"
    for name, content, sentence in [
        ("missing", None, "cannot be read"),
        ("empty", b"", "cannot be read"),
        ("text", b"not a model", "cannot be read"),
        ("pickle", pickle.dumps({"a": [1.0]}), "cannot be read"),
        ("huge head", (2**63).to_bytes(8, "little") + bytes(50), "cannot be read"),
        ("deep head", (60_000).to_bytes(8, "little") + b"[" * 60_000, "cannot be read"),
    ]:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, sentence)
    assert_refused(tmp_path, "cannot be read")
    torch.save({"a": torch.zeros(2)}, path)
    assert_refused(path, "cannot be read")
    save_file({"a": torch.zeros(2)}, path)
    assert_refused(path, "was not written by this version")
    for said, sentence in {
        "{": "is not JSON",
        "[" * 100_000: "is not JSON",
        "[1]": "was not written by this version",
        '{"format": true}': "was not written by this version",
        '{"format": 2, "model": {}}': "was written in format 2 by a later version",
        '{"format": 1, "model": {"class": "SIReNVAE"}}': "does not hold a model of this version: it has no 'dtype'",
        '{"format": 1, "model": {"class": "Other"}}': "a model of this version: it is of the class 'Other'",
    }.items():
        save_file({"a": torch.zeros(2)}, path, metadata={"sirenvae": said})
        assert_refused(path, sentence, also_as_fit="model of" not in sentence)


def assert_refused(path, sentence, *, also_as_fit=True):
    for read in (sv.load_model, *([lambda path: sv.resume_fit(path, torch.zeros(5, 3))] if also_as_fit else [])):
        with pytest.raises(sv.InputError, match=sentence) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


def test_a_model_is_no_fit(tmp_path):
    sv.save_model(fresh(), tmp_path / "model.safetensors")
    with pytest.raises(sv.InputError, match="no fit to go on with"):
        sv.resume_fit(tmp_path / "model.safetensors", torch.zeros(5, 3))


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    return fuzz_checkpoints.originals(tmp_path_factory.mktemp("originals"))


@pytest.mark.parametrize("first", range(0, 210, 30))
def test_damaged_files_are_one_sentence(small_files, tmp_path, first):
    files, x = small_files
    for number in range(first, first + 30):
        fuzz_checkpoints.survives(files[number % len(files)], number, x, tmp_path)


def test_truncated_files_are_one_sentence(small_files, tmp_path):
    files, x = small_files
    for file in files:
        content = file.read_bytes()
        for length in range(0, len(content), 100):
            (tmp_path / "cut").write_bytes(content[:length])
            assert "cannot be read" in fuzz_checkpoints.outcome(tmp_path / "cut", x)


def test_a_changed_number_is_found(small_files, tmp_path):
    files, _ = small_files
    content = bytearray(files[0].read_bytes())
    content[-5] ^= 1
    (tmp_path / "changed").write_bytes(content)
    assert_refused(tmp_path / "changed", "is damaged: it is not as it was written")


def test_files_from_before_there_was_a_digest_are_read(small_files, tmp_path):
    files, _ = small_files
    with safe_open(str(files[0]), framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, tmp_path / "old", metadata={"sirenvae": metadata["sirenvae"]})
    assert sv.load_model(tmp_path / "old").structure == "true"


def test_a_large_model_is_not_built_for_a_small_file(small_files, tmp_path):
    """A number in the settings that its tensors do not bear out must not cost memory or time."""
    files, _ = small_files
    with safe_open(str(files[0]), framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    said = metadata["sirenvae"].replace('"num_blocks": 1', '"num_blocks": 1000000000')
    assert said != metadata["sirenvae"]
    save_file(tensors, tmp_path / "large", metadata={"sirenvae": said})
    assert_refused(tmp_path / "large", "does not hold a model", also_as_fit=False)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(sv.InputError, match="cannot be written"):
        sv.save_model(fresh(), tmp_path / "no" / "folder" / "model.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(sv.InputError, match=r"cannot be written: .*[Dd]irectory"):
        sv.save_model(fresh(), tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path):
    """The system refuses to let a file grow, in the middle of writing it."""
    path = tmp_path / "model.safetensors"
    sv.save_model(fresh(), path)
    before = path.read_bytes()
    code = (
        "import resource, sys, sirenvae as sv\n"
        "model = sv.SIReNVAE(sv.load_network('ecoli70'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sv.save_model(model, sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert f"InputError: The file {path} cannot be written" in done.stderr
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
