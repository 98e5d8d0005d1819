"""The search that tunes every model with the same effort, its table and its command."""

import csv
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import executors, tuning, tuning_work
from sirenvae.experiments.registry import VAES, build_model
from sirenvae.experiments.store import Store
from sirenvae.experiments.trial import Point, Progress
from sirenvae.training.recipes import RECIPES

SMALL = dict(
    num_tries=4, search_runs=2, num_finalists=2, second_runs=2, num_runs=2, num_test=40, iwae_samples=20,
    search_test=30, search_samples=10,
)  # fmt: skip


def small_config(*names, **changes):
    networks = tuple(map(sv.load_network, names or ["fork"]))
    return tuning.Tuning(networks, **SMALL | {"models": ("true", "vanilla_vae")} | changes)


@pytest.fixture(autouse=True)
def short_trainings(monkeypatch):
    """A default of 60 steps, and draws that are as short; half of them can learn nothing."""
    monkeypatch.setitem(RECIPES, "default", replace(RECIPES["default"], base_steps=60))
    ranges = tuning.RANGES | {"base_steps": (20, 60), "learning_rate": (1e-7, 1e-2)}
    monkeypatch.setattr(tuning, "RANGES", ranges)


def points_of(events):
    return [event for event in events if isinstance(event, Point)]


def test_all_models_try_the_same_recipes_the_default_first():
    config = small_config(num_tries=200)
    recipes = config.recipes()
    assert recipes == small_config("chain", num_tries=200).recipes()
    assert recipes[0] == RECIPES["default"]
    assert len({recipe.name for recipe in recipes}) == 200
    for name, (low, high) in tuning.RANGES.items():
        values = sorted(getattr(recipe, name) for recipe in recipes[1:])
        assert low <= values[0] < values[-1] <= high
        middle = (low + high) / 2 if low == 0 else (low * high) ** 0.5
        assert sum(value < middle for value in values) == pytest.approx(100, abs=25)


def test_the_best_of_the_search_is_measured_on_runs_that_no_choice_saw(path):
    config = small_config()
    with Store(path) as store:
        events = list(config.run(store=store))
        again = points_of(config.run(store=store))
    points = points_of(events)
    assert {point.cell: point.values for point in again} == {point.cell: point.values for point in points}
    assert all(point.was_stored for point in again)
    assert [point.cell.learner for point in points] == ["true", "vanilla_vae"]
    for point in points:
        found = point.values
        best = sorted(range(4), key=lambda number: found["tries"][number])[:2]
        assert sorted(map(int, found["finalists"])) == sorted(best)
        assert found["chosen"] == min(best, key=lambda number: found["finalists"][str(number)])
        assert len(found["tuned"]) == len(found["default"]) == 2
        if found["chosen"] == 0:
            assert found["tuned"] == found["default"]
    seeds = [set(runs.seeds()) for runs in (config.search, config.second, config.fresh)]
    assert not seeds[0] & seeds[1] | seeds[0] & seeds[2] | seeds[1] & seeds[2]
    last = {event.cell: event for event in events if isinstance(event, Progress)}
    assert all(event.step <= event.num_steps == 16 for event in last.values())


def excess_of(config, cell, recipes):
    steps = tuning_work.excess_of(config, cell, recipes, config.search, 0)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_recipe_is_measured_alike_in_any_company():
    """What else is tried, and in which order, changes nothing."""
    config, recipes = small_config(), dict(enumerate(small_config().recipes()))
    [cell, _] = config.cells()
    together, alone = excess_of(config, cell, recipes), excess_of(config, cell, {2: recipes[2]})
    assert together[2] == pytest.approx(alone[2], abs=1e-3)
    assert together[2] != pytest.approx(together[0], abs=1e-3)


def test_the_excess_is_that_of_a_direct_call():
    config = small_config()
    [cell, _], network, recipe = config.cells(), config.networks[0], config.recipes()[1]
    seeds = config.search.seeds()
    model = build_model(network, "true", (len(seeds),), seeds[0])
    list(sv.fit(model, [sv.sample_network(network, cell.size, seed)[0] for seed in seeds], recipe, seed=list(seeds)))
    tests = torch.stack([sv.sample_network(network, config.search_test, 2_000_000 + seed)[0] for seed in seeds])
    with torch.no_grad():
        bound = model.iwae_bound(tests, config.search_samples, torch.Generator().manual_seed(seeds[0]))
    expected = sv.true_log_prob(network, tests).mean(dim=-1) - bound.double().mean(dim=-1)
    found = excess_of(config, cell, {1: recipe})[1]
    assert found == pytest.approx(expected.tolist(), abs=1e-3)
    assert min(found) > 0.0


def test_numbers_that_are_not_finite_come_last():
    assert sorted([[float("nan"), 1.0], [3.0, 3.0], [float("inf"), 0.0], [1.0, 2.0]], key=tuning_work._rank)[:2] == [
        [1.0, 2.0],
        [3.0, 3.0],
    ]


def test_table():
    config = small_config("fork", "chain")
    values = {"tries": [2.0, 1.0, 9.0, 9.0], "finalists": {"0": 1.5, "1": 1.25}, "chosen": 1}
    values |= {"tuned": [1.0, 2.0], "default": [2.0, 4.0]}
    point = Point(config.cells()[2], values)
    [row, default] = config.rows([point])
    recipe = config.recipes()[1]
    assert (row["network"], row["learner"], row["recipe"], row["runs"]) == ("chain", "true", "tuned", 2)
    assert (row["learning_rate"], row["weight_decay"]) == (recipe.learning_rate, recipe.weight_decay)
    assert (row["excess_nll_mean"], row["search_excess_nll"]) == (1.5, 1.25)
    assert row["excess_nll_sd"] == pytest.approx(0.5**0.5)
    assert row["training_points"] == 2 * len(sv.load_network("chain").variables)
    assert (default["recipe"], default["excess_nll_mean"], default["search_excess_nll"]) == ("default", 3.0, 1.5)
    assert (default["base_steps"], default["weight_decay"]) == (60, None)


@contextmanager
def threads(num_workers):
    with ThreadPoolExecutor(num_workers) as executor:
        yield executor, None


def test_command(tmp_path, capsys, monkeypatch):
    full = tuning.Tuning
    monkeypatch.setattr(tuning, "Tuning", lambda networks, **changes: full(networks, **SMALL | changes))
    monkeypatch.setattr(executors, "local_processes", threads)
    reference = tmp_path / "reference" / "tuning.json"
    words = ["table", "tuning", "--networks", "fork", "--tries", "3", "--runs", "1", "--out", str(tmp_path)]
    assert main([*words, "--reference", str(reference)]) == 0
    printed = capsys.readouterr().out
    assert "SIReN-VAE, fully connected" in printed
    assert "Every model tried the same 3 recipes, the default and 2 draws" in printed
    results = sv.reference_results("tuning", reference.parent)
    assert [row["learner"] for row in results.rows if row["recipe"] == "tuned"] == list(VAES)
    assert results.settings["num_tries"] == 3
    with open(tmp_path / "table-tuning.csv", encoding="utf-8") as file:
        assert [row["recipe"] for row in csv.DictReader(file)] == ["tuned", "default"] * len(VAES)
    assert main([*words[:-1], "/dev/null/x"]) == 2
    assert main([*words, "--multiple", "0"]) == 2
    assert "The multiple is at least 1, but 0 came" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ("true", "gan")}, "There is no model gan"),
        ({"num_tries": 0}, "number of tries is at least 1, but 0 came"),
        ({"networks": ("fork", "fork")}, "networks must be different"),
        ({"networks": ("munin1000",)}, "munin1000"),
    ],
)
def test_bad_input(changes, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        small_config(*changes.pop("networks", ["fork"]), **changes)
