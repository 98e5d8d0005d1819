"""fit, its recipes, schedules and optimizer."""

import math
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.experiments.registry import VAES, build_model
from sirenvae.training.optimizer import ReplicatedAdamW
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.training.schedule import Schedule

SHORT = Recipe("short", num_steps=30)


def fitted(replicas=(), recipe=SHORT, seed=0, size=120):
    network = sv.load_network("fork")
    model = build_model(network, "true", replicas, seed=1)
    x, _ = sv.sample_network(network, size, seed=2)
    return model, list(sv.fit(model, x, recipe, seed=seed))


def test_records():
    _, records = fitted(replicas=(2,))
    assert [record.epoch for record in records] == list(range(1, 16))
    assert [record.step for record in records] == list(range(2, 31, 2))  # 120 points are two batches of at most 100
    assert all(record.loss.shape == record.learning_rate.shape == (2,) for record in records)
    assert (records[0].kl_weight < 0.2).all()
    assert (records[-1].kl_weight == 1.0).all()
    assert records[-1].learning_rate.max() < records[5].learning_rate.min()
    assert all(record.num_steps == 30 for record in records)


def test_the_loss_falls_and_is_in_raw_units():
    """The last loss is near the negative ELBO that the model reports on its training data."""
    recipe = Recipe("short", num_steps=300)
    model, records = fitted(recipe=recipe)
    x, _ = sv.sample_network(sv.load_network("fork"), 120, seed=2)
    with torch.no_grad():
        elbo = model.elbo(x, 50).mean().item()
    assert records[-1].loss.item() == pytest.approx(-elbo, abs=0.3)


def test_equal_seeds_give_equal_weights_and_other_seeds_do_not():
    first, again, other = fitted()[0], fitted()[0], fitted(seed=5)[0]
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(first.encoder.weights[0], other.encoder.weights[0])


def test_stopping_early_leaves_a_usable_model():
    network = sv.load_network("fork")
    model = sv.SIReNVAE(network)
    x, _ = sv.sample_network(network, 50)
    for record in sv.fit(model, x, RECIPES["default"]):
        if record.epoch == 2:
            break
    assert not model.training
    assert torch.isfinite(model.elbo(x)).all()


def test_masked_weights_stay_zero():
    network = sv.load_network("student")
    model = sv.SIReNVAE(network)
    x, _ = sv.sample_network(network, 50)
    list(sv.fit(model, x, SHORT))
    for flow in (model.prior, model.encoder):
        for i, weight in enumerate(flow.weights):
            assert (weight[..., flow.get_buffer(f"mask_{i}") == 0] == 0).all()


@pytest.mark.parametrize("learning_rate", [0.01, 0.1])
def test_the_lipschitz_bound_holds_while_training(learning_rate):
    """Before each step the vectors of the last one give sigma; the true one must be within 1 % of the bound."""
    network = sv.load_network("student")
    model = sv.SIReNVAE(network)
    x, _ = sv.sample_network(network, 100)
    worst = 0.0
    for _ in sv.fit(model, x, Recipe("fast", num_steps=100, learning_rate=learning_rate)):
        model.train()
        with torch.no_grad():
            worst = max(
                worst, *(s.max().item() for flow in (model.prior, model.encoder) for s in flow.spectral_norms())
            )
        model.eval()
    assert 0.9 < worst <= 0.97 * 1.01


def test_adamw_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(2, 5, generator=generator, dtype=torch.float64)
    decays = torch.tensor([True, True, False, True, False])
    rates, weight_decays = torch.tensor([[0.01, 0.2], [0.5, 0.0]], dtype=torch.float64)
    weights = start.clone()
    optimizer = ReplicatedAdamW(weights, decays)
    theirs = [torch.nn.Parameter(row.clone()) for row in start[:, :, None].flatten(0, 1)]
    groups = [
        {"params": [p], "lr": rates[i // 5].item(), "weight_decay": weight_decays[i // 5].item() * decays[i % 5].item()}
        for i, p in enumerate(theirs)
    ]
    reference = torch.optim.AdamW(groups)
    for step in range(5):
        gradient = torch.randn(2, 5, generator=generator, dtype=torch.float64)
        for parameter, value in zip(theirs, gradient.flatten(), strict=True):
            parameter.grad = value.reshape(1)
        optimizer.step(gradient, rates, weight_decays, optimizer.corrections(step + 1))
        reference.step()
    assert torch.allclose(weights.flatten(), torch.cat(theirs), atol=1e-14)


def test_a_rate_of_zero_leaves_the_weights_alone():
    weights = torch.ones(2, 3)
    optimizer = ReplicatedAdamW(weights, torch.ones(3, dtype=torch.bool))
    optimizer.step(torch.ones(2, 3), torch.tensor([0.0, 0.1]), torch.tensor([1.0, 2.0]), optimizer.corrections(1))
    assert torch.equal(weights[0], torch.ones(3))
    assert torch.allclose(weights[1], torch.full((3,), 1 - 0.1 * 2.0 - 0.1), atol=1e-6)


def test_the_plateau_schedule_lowers_each_rate_on_its_own_and_ends():
    recipe = replace(RECIPES["paper"], learning_rate=1e-2, plateau_patience=2, final_learning_rate=1e-3)
    schedule = Schedule([recipe, recipe], [50, 50], [10, 10], torch.ones(1))
    losses = [(3.0, 3.0), (2.0, 3.0), (1.0, 3.0), (0.0, 3.0)]
    for step, loss in enumerate(losses):
        schedule.end_step(step, torch.tensor(loss))
    assert schedule.learning_rate(4).tolist() == pytest.approx([1e-2, 1e-3])
    assert not schedule.finished(4).any()
    for step in range(4, 10):
        schedule.end_step(step, torch.tensor((0.0, 3.0)))
    assert schedule.finished(10).all()
    assert schedule.learning_rate(10).tolist() == [0.0, 0.0]


def test_a_plateau_looks_at_the_means_of_its_own_epochs():
    recipe = replace(RECIPES["paper"], learning_rate=1e-2, plateau_patience=1, batch_size=10)
    schedule = Schedule([recipe, recipe], [10, 30], [5, 5], torch.ones(1))
    for step, loss in enumerate([1.0, 5.0, 3.0, 1.0, 1.0, 8.0]):
        schedule.end_step(step, torch.full((2,), loss))
    assert schedule.epochs.tolist() == [6, 2]
    assert schedule.best[1].item() == pytest.approx(3.0)
    assert schedule.rate.tolist() == pytest.approx([1e-2 * 0.1**5, 1e-3])


def test_the_paper_recipe_runs_to_its_end():
    recipe = replace(RECIPES["paper"], learning_rate=1e-2, plateau_patience=1, max_epochs=40)
    _, records = fitted(recipe=recipe, size=60)
    assert records[-1].learning_rate.item() < 1e-2
    assert records[-1].num_steps is None
    assert records[0].kl_weight.item() == 1.0


def test_the_default_laws():
    recipe = RECIPES["default"]
    assert recipe.steps_for(92, 46) == 2000
    assert recipe.steps_for(4600, 46) == 4000
    assert replace(recipe, base_steps=1000).steps_for(4600, 46) == 2000
    assert recipe.decay_for(1.0, 92, 46) == 1.0
    assert recipe.decay_for(1.0, 4600, 46) == pytest.approx(0.02)
    assert all(build_model(sv.load_network("fork"), other).decay_strength > 1 for other in VAES if other != "true")
    assert recipe.decay_for(5.0, 92, 46) == 5.0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"learning_rate": -0.1}, "learning rate must be positive and finite, but -0.1 came"),
        ({"learning_rate": math.nan}, "learning rate must be positive and finite, but nan came"),
        ({"batch_size": 0}, "batch size must be positive"),
        ({"num_steps": 0}, "number of steps is at least 1, but 0 came"),
        ({"weight_decay": -1.0}, "weight decay is at least 0"),
        ({"weight_decay": math.nan}, "weight decay is at least 0 and finite, but nan came"),
        ({"kl_warm_up": -0.1}, "kl warm up is at least 0 and finite, but -0.1 came"),
        ({"noise_floor": math.nan}, "noise floor is at least 0 and finite, but nan came"),
        ({"plateau_factor": 1.0}, "plateau factor lies between 0 and 1, but 1.0 came"),
        ({"learning_rate": math.inf}, "learning rate must be positive and finite, but inf came"),
        ({"learning_rate": (1e-2, 1e-2)}, "to try are different"),
        ({"learning_rate": ()}, "at least one"),
        ({"schedule": "plateau", "learning_rate": 1e-7}, "ends before its first step"),
        ({"max_epochs": 5}, 'belongs to the schedule "plateau"'),
        ({"schedule": "linear"}, "one of cosine, plateau"),
    ],
)
def test_bad_recipes_are_one_sentence(settings, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        Recipe("bad", **settings)


def test_fit_rejects_bad_input_at_the_call():
    network = sv.load_network("fork")
    with pytest.raises(sv.InputError, match="one of default, paper"):
        sv.fit(sv.SIReNVAE(network), torch.randn(5, 3), "unknown")
    with pytest.raises(sv.InputError, match="at least 2 points"):
        sv.fit(sv.SIReNVAE(network), torch.randn(1, 3))
