"""The recipe that chooses its candidate by cross-validation."""

import math
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.training.recipes import RECIPES
from sirenvae.training.selection import Candidate, Selection, _still_racing
from sirenvae.truth.references import fit_reference

SHORT = replace(RECIPES["default"], num_steps=20)
LINEAR = Candidate("linear start", True, None)
COLD = Candidate("cold", False, SHORT)
WILD = Candidate("wild", False, replace(SHORT, learning_rate=1e300))


def selected(network, candidates, size=60, replicas=(2,), seed=0):
    torch.manual_seed(0)
    model = sv.SIReNVAE(network, replicas=replicas, linear=True)
    data = [sv.sample_network(network, size, seed=s)[0] for s in range(model.location[..., 0, 0].numel())]
    selection = Selection(model, data, seed=seed, candidates=candidates)
    return model, data, selection, list(selection)


def test_on_a_linear_truth_a_short_training_loses_to_the_linear_start():
    network = sv.load_network("greenhouse")
    model, data, selection, records = selected(network, (COLD, LINEAR))
    assert selection.chosen == ["linear start", "linear start"]
    assert selection.scores.shape == (2, 2)
    assert len(records) == 1
    x, _ = sv.sample_network(network, 100, seed=99)
    for r, points in enumerate(data):
        reference = fit_reference("linear_gaussian_bn_ridge", network, points)
        elbo = model.replica(r).elbo(x)
        assert torch.allclose(elbo.double(), reference.log_prob(x), atol=1e-3)
        assert records[-1].loss[r].item() == pytest.approx(-reference.log_prob(points).mean().item(), abs=1e-4)


def test_what_trains_best_is_trained_on_all_points():
    network = sv.load_network("greenhouse")
    longer = Candidate("longer", False, replace(SHORT, num_steps=60))
    model, data, selection, records = selected(network, (COLD, longer), replicas=())
    assert selection.chosen == ["longer"]
    assert records[-1].step == 60
    assert records[-1].loss.shape == ()
    assert torch.isfinite(model.elbo(data[0])).all()


def test_a_candidate_that_diverges_is_not_chosen():
    _, _, selection, _ = selected(sv.load_network("fork"), (WILD, COLD))
    assert selection.chosen == ["cold", "cold"]


def test_an_only_candidate_is_chosen_without_a_race():
    _, _, selection, records = selected(sv.load_network("fork"), (COLD,))
    assert selection.chosen == ["cold", "cold"]
    assert torch.isnan(selection.scores).all()
    assert records[-1].step == 20


def test_the_choice_is_of_each_replica_alone():
    network = sv.load_network("fork")
    _, data, together, _ = selected(network, (LINEAR, COLD), seed=5)
    model = sv.SIReNVAE(network, linear=True)
    alone = Selection(model, data[1], seed=6, candidates=(LINEAR, COLD))
    next(alone)
    assert torch.allclose(alone.scores[0], together.scores[1], atol=1e-4)


@pytest.mark.parametrize(
    ("build", "size", "sentence"),
    [
        (lambda net: sv.SIReNVAE(net, linear=False), 50, "built with linear=True"),
        (lambda net: sv.SIReNVAE(net, "independent", linear=True), 50, "true structure"),
        (lambda net: sv.VanillaVAE(net), 50, "true structure"),
        (lambda net: sv.SIReNVAE(net, linear=True), 9, "at least 10 points"),
        (lambda net: sv.SIReNVAE(net, linear=True, replicas=(2,)), None, "2 replicas, but the list has 1"),
    ],
)
def test_bad_input_is_one_sentence(build, size, sentence):
    network = sv.load_network("fork")
    x, _ = sv.sample_network(network, size or 50)
    with pytest.raises(sv.InputError, match=sentence):
        sv.fit(build(network), x if size else [x], "selected")


def test_lists_that_do_not_fit():
    network = sv.load_network("fork")
    x, _ = sv.sample_network(network, 50)
    with pytest.raises(sv.InputError, match="2 replicas, but the list has 3 entries for the seed"):
        sv.fit(sv.SIReNVAE(network, replicas=(2,)), x, "selected", seed=[1, 2, 3])
    with pytest.raises(sv.InputError, match="cannot be one of a list"):
        sv.fit(sv.SIReNVAE(network, replicas=(2,)), x, ["selected", "default"])


def test_who_still_races():
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(100, generator=generator)
    noisy = base + 0.05 * torch.randn(100, generator=generator)
    never = torch.full((100,), -math.inf)
    assert _still_racing({0: base, 1: base - 1.0}) == [0]  # clearly behind
    assert _still_racing({0: base - 1.0, 1: base}) == [1]
    assert _still_racing({0: base, 1: noisy}) == [0, 1]  # who knows
    assert _still_racing({0: base, 1: base.clone()}) == [0]  # no better than a simpler one
    assert _still_racing({0: base, 1: base + 0.1}) == [1]
    assert _still_racing({0: never, 1: base, 2: never}) == [1]
    assert _still_racing({3: never}) == [3]
