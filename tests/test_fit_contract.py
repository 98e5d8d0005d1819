"""What a fit does with frozen weights, seeds of any kind, a last epoch that is cut off, and an interruption."""

import itertools
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.training.fit import fit

RECIPE = sv.Recipe("short", num_steps=10, batch_size=8)


@pytest.fixture
def student():
    network = sv.load_network("student")
    torch.manual_seed(0)
    return network, sv.sample_network(network, 30)[0]


@pytest.mark.parametrize("replicas", [(), (2,)])
@pytest.mark.parametrize("make", [sv.SIReNVAE, sv.VanillaVAE])
def test_frozen_weights_stay_as_they_are(student, make, replicas):
    network, x = student
    model = make(network, replicas=replicas)
    model.decoder.requires_grad_(False)
    before = {name: value.clone() for name, value in model.named_parameters()}
    list(fit(model, x, RECIPE))
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved
    assert not any(name.startswith("decoder.") for name in moved)
    assert not any(p.requires_grad for p in model.decoder.parameters())


def test_replicas_taken_out_are_frozen_too(student):
    network, _ = student
    model = sv.VanillaVAE(network, replicas=(3,))
    model.decoder.requires_grad_(False)
    part = model.replica(0, 2)
    assert {name for name, p in part.named_parameters() if not p.requires_grad} == {
        name for name, p in part.named_parameters() if name.startswith("decoder.")
    }


def test_seeds_may_be_a_range(student):
    network, x = student
    losses = []
    for seeds in (range(5, 7), [5, 6], 5):
        torch.manual_seed(0)
        *_, record = fit(sv.VanillaVAE(network, replicas=(2,)), x, RECIPE, seed=seeds)
        losses.append(record.loss)
    assert torch.equal(losses[0], losses[1])
    assert torch.equal(losses[0], losses[2])


def test_an_epoch_counts_once_it_is_whole(student):
    network, x = student
    records = list(fit(sv.VanillaVAE(network), x, RECIPE, every=5))  # 10 steps, 4 an epoch
    assert [(record.step, record.epoch) for record in records] == [(10, 2)]
    records = list(fit(sv.VanillaVAE(network), x, replace(RECIPE, num_steps=8)))
    assert [(record.step, record.epoch) for record in records] == [(4, 1), (8, 2)]


class Interrupted(sv.VanillaVAE):
    """Ctrl-C in its sixth step."""

    calls = itertools.count()

    def loss(self, batch, noise, kl_weight):
        if next(self.calls) == 5:
            raise KeyboardInterrupt
        return super().loss(batch, noise, kl_weight)


def test_an_interrupted_training_does_not_seem_to_have_ended(student, tmp_path):
    network, x = student
    records = fit(Interrupted(network), x, RECIPE)
    next(records)
    with pytest.raises(KeyboardInterrupt):
        next(records)
    with pytest.raises(sv.InputError, match="broken off in the middle"):
        next(records)
    with pytest.raises(sv.InputError, match="broken off in the middle"):
        records.state()


def test_parts_of_a_chain_that_differ_in_context_are_named():
    from sirenvae.flows import Chain, MaskedAffine

    parts = [MaskedAffine(torch.ones(2, 2 + count, dtype=torch.bool).tril()) for count in (2, 3)]
    with pytest.raises(sv.InputError, match=r"part 1 has .*3.* and part 0 has .*2"):
        Chain(*parts)
