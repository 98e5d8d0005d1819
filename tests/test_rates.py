"""Several learning rates tried on every replica, and the recipe of the paper, which tries three."""

import copy
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.training.recipes import RECIPES, Recipe

NETWORK = "fork"


@pytest.fixture(scope="module")
def data():
    return sv.sample_network(sv.load_network(NETWORK), 200, seed=0)[0]


def model(replicas=()):
    return sv.SIReNVAE(sv.load_network(NETWORK), replicas=replicas)


def test_of_several_rates_the_lowest_loss_is_kept(data):
    rates = (1e-5, 1e-2)
    each = [Recipe("one", learning_rate=rate, num_steps=80, kl_warm_up=0.0) for rate in rates]
    both = replace(each[0], learning_rate=rates)
    final = []
    for recipe in each:
        torch.manual_seed(7)
        trained = model()
        *_, last = sv.fit(trained, data, recipe, seed=3)
        final.append((last.loss.item(), trained))
    assert final[1][0] < final[0][0] - 0.1
    torch.manual_seed(7)
    searched = model()
    search = sv.fit(searched, data, both, seed=3)
    *_, record = search
    assert search.learning_rates == [1e-2]
    assert record.loss.item() == pytest.approx(final[1][0], abs=1e-4)
    for key, value in final[1][1].state_dict().items():
        torch.testing.assert_close(searched.state_dict()[key], value, rtol=1e-3, atol=1e-4)


def test_rates_of_several_models_and_replicas(data):
    """Replicas with one rate and with two, in two models of different shapes: each ends as it would have alone."""
    one = Recipe("one", learning_rate=3e-3, num_steps=20)
    two = replace(one, learning_rate=(1e-9, 3e-3))
    torch.manual_seed(1)
    pair, single = model((2,)), model()
    expected = copy.deepcopy(pair), copy.deepcopy(single)
    list(sv.fit(expected[0], data, one, seed=[1, 2]))
    list(sv.fit(expected[1], data, one, seed=3))
    *_, record = sv.fit([pair, single], data, [one, two, two], seed=[1, 2, 3])
    assert record.loss.shape == (3,)
    for ours, theirs in zip((pair, single), expected, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-3, atol=1e-4)


def test_a_rate_that_diverges_is_not_kept(data):
    recipe = Recipe("hot", learning_rate=(1e30, 1e-3), num_steps=20, warm_up_steps=0)
    search = sv.fit(model(), data, recipe)
    *_, record = search
    assert search.learning_rates == [1e-3]
    assert record.loss.isfinite().all()
    assert not record.diverged.any()


def test_the_recipe_of_the_paper():
    paper = RECIPES["paper"]
    assert paper.rates == (1e-1, 1e-2, 1e-3)
    assert (paper.plateau_factor, paper.plateau_patience, paper.final_learning_rate) == (0.1, 10, 1e-6)
    assert (paper.schedule, paper.weight_decay, paper.kl_warm_up, paper.linear) == ("plateau", 0.0, 0.0, False)


def test_steps_limit_a_plateau_schedule(data):
    recipe = replace(RECIPES["paper"], learning_rate=1e-2, num_steps=10)
    *_, record = sv.fit(model(), data, recipe)
    assert record.step == record.num_steps == 10
