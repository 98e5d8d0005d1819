"""Damaged files of models and fits: ``python tests/fuzz_checkpoints.py --count 20000 --seed 0``.

Each mutation is a function of its number alone. Half of them change bytes of the file; the others change what it says,
or its tensors, and seal it again as if it had been written so.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import sirenvae as sv
from sirenvae.tensor_files import _digest
from sirenvae.training.recipes import Recipe

HOSTILE = [
    *(None, True, False, -1, 0, 1, 2, 3, 10**6, 10**12, 10**400, -(10**30), 0.5, 1e308, float("nan"), float("inf")),
    *("", "x", "\ud800", "\x00", "{", "[" * 5000, "float16", "bfloat16", "SIReNVAE", "VanillaVAE", "Reference", "true"),
    *("LinearNetworkReference", "fully_connected", "no", [], {}, [[]], [None], [1], [-1], [2, 2], {"a": 1}),
]
ENDINGS = ("cannot be read", "is damaged", "in format", "not written", "does not hold")


def originals(folder):
    """One small file of each kind."""
    network = sv.load_network("fork")
    x, _ = sv.sample_network(network, 20)
    torch.manual_seed(0)
    models = {
        "siren": sv.SIReNVAE(network, num_blocks=1),
        "replicas": sv.SIReNVAE(network, "independent", num_blocks=1, linear=False, replicas=(2,)),
        "vanilla": sv.VanillaVAE(network).double(),
        "reference": sv.fit_reference("independent_gaussians", network, x),
        "linear": sv.fit_reference("linear_gaussian_bn", network, x),
        "inference": sv.InferenceNetwork(network, sv.invert(network), "mixture-2", "masked", capacity=100),
        "density": sv.FlowDensity.of_network(network, num_blocks=1),
    }
    paths = {name: Path(folder) / f"{name}.safetensors" for name in [*models, "fit", "plateau"]}
    for name, model in models.items():
        sv.save_model(model, paths[name])
    for name, recipe in {"fit": Recipe("cosine", num_steps=4), "plateau": "paper"}.items():
        fit = sv.fit(sv.VanillaVAE(network, replicas=(2,)), x, recipe)
        next(fit)
        sv.save_fit(fit, paths[name])
    return list(paths.values()), x


def mutated(original, seed):
    """The bytes of a file with one to three things changed, and whether nothing but an error may come of it."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        content = bytearray(original.read_bytes())
        before = bytes(content)
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            rng.choice(BYTES)(content, rng)
        return bytes(content), bytes(content) != before
    with safe_open(str(original), framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    said = json.loads(metadata["sirenvae"])
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if rng.random() < 0.7:
            change_value(said, rng)
        else:
            rng.choice(TENSORS)(tensors, rng)
    text = json.dumps(said)
    metadata = {"sirenvae": text}
    if rng.random() < 0.5:
        metadata["digest"] = _digest(text, tensors)
    path = original.with_suffix(".sealed")
    save_file(tensors, path, metadata=metadata)
    return path.read_bytes(), False


def flip(content, rng):
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def overwrite(content, rng):
    if content:
        content[rng.randrange(len(content))] = rng.randrange(256)


def flip_in_head(content, rng):
    if content:
        content[rng.randrange(min(len(content), 3000))] ^= 1 << rng.randrange(8)


def truncate(content, rng):
    del content[rng.randrange(len(content) + 1) :]


def insert(content, rng):
    at = rng.randrange(len(content) + 1)
    content[at:at] = rng.randbytes(rng.choice([1, 4, 100]))


def cut(content, rng):
    at = rng.randrange(len(content) + 1)
    del content[at : at + rng.choice([1, 4, 100])]


def repeat(content, rng):
    at = rng.randrange(len(content) + 1)
    content[at:at] = content[at : at + 50]


def change_length_of_head(content, rng):
    length = rng.choice([0, 1, 7, 2**31, 2**63, 2**64 - 1, 10**8, 10**8 + 1, rng.randrange(5000)])
    content[:8] = length.to_bytes(8, "little")


BYTES = [flip, overwrite, flip_in_head, truncate, insert, cut, repeat, change_length_of_head]


def places(value, found=()):
    """All pairs of container and key within a value."""
    found = list(found)
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        found.append((value, key))
        found += places(inner)
    return found


def change_value(said, rng):
    """Put something else in the place of a value, take it out, or call it something else; in the network's text too."""
    every = places(said)
    if not every:
        return
    container, key = rng.choice(every)
    if key == "json" and isinstance(container[key], str):
        try:
            network = json.loads(container[key])
        except ValueError:
            return
        if isinstance(network, (dict, list)):
            change_value(network, rng)
            container[key] = json.dumps(network)
            return
    way = rng.random()
    if way < 0.15:
        del container[key]
    elif way < 0.25 and isinstance(container, dict):
        container[rng.choice(["replicas", "", "name", "x"])] = container.pop(key)
    elif way < 0.35:
        other, name = rng.choice(every)
        if isinstance(other, dict) and name in other:
            container[key] = copy.deepcopy(other[name])
    else:
        container[key] = copy.deepcopy(rng.choice(HOSTILE))


def drop(tensors, rng):
    if tensors:
        del tensors[rng.choice(list(tensors))]


def rename(tensors, rng):
    if tensors:
        tensors[rng.choice(["model.x", "fit.x", "x", "model.location"])] = tensors.pop(rng.choice(list(tensors)))


def reshape(tensors, rng):
    if tensors:
        name = rng.choice(list(tensors))
        shapes = [tensors[name].reshape(-1), tensors[name].unsqueeze(0), tensors[name].reshape(-1)[:0], torch.zeros(())]
        tensors[name] = rng.choice(shapes).clone()


def retype(tensors, rng):
    if tensors:
        name = rng.choice(list(tensors))
        kinds = [torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.float64, torch.complex64]
        tensors[name] = tensors[name].to(rng.choice(kinds))


def fill(tensors, rng):
    if tensors:
        name = rng.choice(list(tensors))
        if tensors[name].is_floating_point():
            tensors[name] = torch.full_like(tensors[name], rng.choice([float("nan"), float("inf"), 0.0, 1e30]))


TENSORS = [drop, rename, reshape, retype, fill]


def outcome(path, x):
    """What reading a file does: ``"read"``, or the sentence it ends in; anything else is raised."""
    try:
        sv.load_model(path)
        sv.resume_fit(path, x)
    except sv.InputError as error:
        sentence = str(error)
        assert "\n" not in sentence, f"more than a line: {sentence}"
        assert sentence.endswith("."), f"no sentence: {sentence}"
        return sentence
    return "read"


def survives(original, seed, x, folder):
    """Read one mutation of a file; how it ended, in a word or two."""
    content, must_fail = mutated(original, seed)
    path = Path(folder) / "mutated.safetensors"
    path.write_bytes(content)
    ending = outcome(path, x)
    no_fit = "holds a model, but no fit" in ending
    # A change of the layout that says the same, such as a space in the head, is none; the digest sees all others.
    if must_fail and (ending == "read" or no_fit):
        with safe_open(str(path), framework="pt") as file, safe_open(str(original), framework="pt") as before:
            assert set(file.keys()) == set(before.keys()), "a name was changed unseen"
            for name in before.keys():  # noqa: SIM118
                same = torch.equal(file.get_tensor(name), before.get_tensor(name))
                assert same or "digest" not in (file.metadata() or {}), "a number was changed unseen"
    if ending == "read" or no_fit:
        return "read"
    return next((words for words in ENDINGS if words in ending), ending)


def _main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    endings, failed = Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        files, x = originals(folder)
        for number in range(options.seed, options.seed + options.count):
            original = files[number % len(files)]
            try:
                endings[survives(original, number, x, folder)] += 1
            except BaseException as error:
                failed += 1
                print(f"{original.stem} {number}: {type(error).__name__}: {str(error)[:300]}", flush=True)
                if not isinstance(error, Exception):
                    raise
    print(dict(endings), f"{failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(_main())
