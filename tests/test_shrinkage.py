"""How much of the correlations in a sample is noise, beside scikit-learn's shrinkage."""

import math

import pytest
import torch
from sklearn.covariance import ledoit_wolf_shrinkage

import sirenvae as sv
from sirenvae.models.shrinkage import noise_to_signal
from sirenvae.training.recipes import RECIPES


@pytest.mark.parametrize(("name", "size"), [("ecoli70", 92), ("arth150", 214), ("ecoli70-tanh", 4600)])
def test_it_is_the_odds_of_ledoit_and_wolfs_shrinkage(name, size):
    x, _ = sv.sample_network(sv.load_network(name), size)
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    shrinkage = ledoit_wolf_shrinkage(x.numpy(), assume_centered=True)
    assert noise_to_signal(x) == pytest.approx(shrinkage / (1 - shrinkage), rel=1e-9)


def test_it_falls_with_the_number_of_points():
    network = sv.load_network("arth150")
    few, many = (noise_to_signal(sv.sample_network(network, size)[0]) for size in (200, 20_000))
    assert 50 * many < few


def test_points_without_correlations_are_all_noise():
    x = torch.eye(4, dtype=torch.float64).repeat(3, 1)
    assert noise_to_signal(torch.cat([x, -x])) == math.inf


def test_one_variable_has_no_correlations():
    assert noise_to_signal(torch.randn(20, 1, generator=torch.Generator().manual_seed(0))) == 0.0


def test_the_default_decay_is_the_prior_or_the_noise():
    recipe = RECIPES["default"]
    assert recipe.decay_for(1.0, 92, 46, noise=0.2) == 1.0
    assert recipe.decay_for(1.0, 128, 64, noise=4.0) == 4.0
    assert recipe.decay_for(6.0, 128, 64, noise=math.inf) < 1000
