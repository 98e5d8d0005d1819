"""The paper's table: its numbers against direct calls, its store and its bad configurations."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from statistics import fmean, stdev

import pytest
import small_table
import torch
from distributed import LocalCluster
from small_table import SHORT, small_config

import sirenvae as sv
from sirenvae import objectives
from sirenvae.experiments import elbo_vs_size, executors, table1, table1_work
from sirenvae.experiments.registry import build_model
from sirenvae.experiments.runs import held_out_seeds
from sirenvae.experiments.store import Store
from sirenvae.experiments.texts import table1_texts
from sirenvae.experiments.trial import Cell, Point, Progress
from sirenvae.models import replicas
from sirenvae.training.recipes import RECIPES
from sirenvae.training.selection import Candidate, Selection
from sirenvae.truth.references import fit_reference


@pytest.fixture(scope="module")
def config():
    return small_config()


@pytest.fixture(scope="module")
def events(config):
    return list(config.run())


@pytest.fixture(scope="module")
def rows(config, events):
    return config.rows(only_points(events))


def only_points(events):
    return [event for event in events if isinstance(event, Point)]


def row_of(rows, network, learner, multiple):
    [row] = [r for r in rows if (r["network"], r["learner"], r["multiple"]) == (network, learner, multiple)]
    return row


def held_out(network, seed):
    return sv.sample_network(network, 40, 2_000_000 + seed)[0]


def test_every_cell_is_a_row_in_the_order_of_the_table(config, rows):
    learners = ["true", "vanilla_vae", "independent_gaussians", "linear_gaussian_bn"]
    expected = [("truth", None)] + [(learner, multiple) for multiple in (3, 10) for learner in learners]
    for name in ("fork", "student"):
        assert [(r["learner"], r["multiple"]) for r in rows if r["network"] == name] == expected
    assert {row["recipe"] for row in rows if row["learner"] in ("true", "vanilla_vae")} == {"short"}
    assert [row["training_points"] for row in rows if row["network"] == "student"] == [None] + [21] * 4 + [70] * 4


def test_progress_of_each_trained_cell_goes_to_its_end(config, events):
    last = {event.cell: event for event in events if isinstance(event, Progress)}
    assert set(last) == {cell for cell in config.cells() if cell.recipe}
    assert all(event.step == event.num_steps == 20 for event in last.values())


def test_truth_is_exact(rows):
    network = sv.load_network("student")
    nll = [-sv.true_log_prob(network, held_out(network, seed)).mean().item() for seed in (1000, 1001)]
    row = row_of(rows, "student", "truth", None)
    assert row["nll_mean"] == pytest.approx(fmean(nll))
    assert row["nll_sd"] == pytest.approx(stdev(nll))
    assert row["exact_entropy"] == pytest.approx(sv.graphs.observed_entropy(network))


def test_references_are_those_of_a_direct_call(rows):
    network, excess = sv.load_network("student"), []
    for seed in (1000, 1001):
        x_train, _ = sv.sample_network(network, 21, seed)
        x = held_out(network, seed)
        fitted = fit_reference("linear_gaussian_bn", network, x_train, seed)
        excess.append((sv.true_log_prob(network, x) - fitted.log_prob(x)).mean().item())
    row = row_of(rows, "student", "linear_gaussian_bn", 3)
    assert row["excess_nll_mean"] == pytest.approx(fmean(excess))
    assert row["excess_nll_sd"] == pytest.approx(stdev(excess))
    assert row["elbo_mean"] is row["effective_sample_size_mean"] is row["reconstruction_error_mean"] is None


@pytest.mark.parametrize(("multiple", "size"), [(3, 21), (10, 70)])
def test_models_are_those_of_a_direct_call(rows, multiple, size):
    """A size alone, without the other one beside it in the program."""
    network = sv.load_network("student")
    model = build_model(network, "true", (2,), seed=1000)
    x_train = [sv.sample_network(network, size, seed)[0] for seed in (1000, 1001)]
    list(sv.fit(model, x_train, SHORT, seed=[1000, 1001]))
    x = torch.stack([held_out(network, seed) for seed in (1000, 1001)])
    generator = torch.Generator().manual_seed(1000)
    with torch.no_grad():
        bound, ess = model.iwae_bound_and_ess(x, 30, generator)
        distance = (model.reconstruct(x, 32, generator).double() - x).square().sum(dim=-1).sqrt()
        elbo = model.elbo(x, 20, generator=generator)
    excess = (sv.true_log_prob(network, x) - bound).mean(dim=-1)
    row = row_of(rows, "student", "true", multiple)
    for name, values in {
        "nll": -bound.mean(dim=-1),
        "excess_nll": excess,
        "effective_sample_size": ess.mean(dim=-1),
        "reconstruction_error": distance.mean(dim=-1),
        "elbo": elbo.mean(dim=-1),
    }.items():
        assert row[f"{name}_mean"] == pytest.approx(values.mean().item(), rel=1e-3)
        assert row[f"{name}_sd"] == pytest.approx(values.std().item(), rel=1e-2, abs=1e-3)
    assert 1 < row["effective_sample_size_mean"] < 30


@pytest.mark.parametrize("rows_at_once", [16_384, 24])
def test_bound_and_effective_sample_size_in_pieces(monkeypatch, rows_at_once):
    """They are those of all log weights, however many are computed at once."""
    monkeypatch.setattr(replicas.Fittable, "rows_at_once", rows_at_once)
    model, seen = build_model(sv.load_network("student"), "true", (2,)), []
    standard_elbo = model.standard_elbo

    def watched(x, noise):
        seen.append(standard_elbo(x, noise).unflatten(-1, (-1, 5)).movedim(-2, 0))
        return seen[-1].movedim(0, -2).flatten(-2)

    model.standard_elbo = watched
    x = sv.sample_network(model.network, 5)[0]
    with torch.no_grad():
        bound, ess = model.iwae_bound_and_ess(x, 9)
    log_weights = torch.cat(seen)
    assert len(log_weights) == 9
    assert len(seen) == (1 if rows_at_once > 100 else 5)
    assert torch.allclose(bound, objectives.iwae_bound(log_weights).double(), atol=1e-5)
    assert torch.allclose(ess, objectives.effective_sample_size(log_weights), rtol=1e-4)


def test_the_paper_beside_ours():
    config = table1.preset("paper")
    linear = ["ecoli70", "arth150", "magic-irri", "magic-niab"]
    assert [network.name for network in config.networks] == [*linear, "ecoli70-tanh", "tree-tanh-5"]
    assert (config.num_runs, config.num_test, config.iwae_samples, config.multiples) == (5, 1000, 500, (2, 100))
    sizes = {network.name: 2 * len(network.variables) for network in config.networks[:3]}
    cells = [Cell(name, "vanilla_vae", size, "default") for name, size in sizes.items()]
    points = [Point(cell, {"nll": [1.0]}, False) for cell in cells]
    rows = config.rows(points)
    assert [row["paper_excess_nll"] for row in rows] == [None, 37.1, 5.84]
    assert "0.58 nats on arth150" in " ".join(config.notes(rows))
    assert "0.58 nats" not in " ".join(small_config().notes([]))


def test_seeds_are_not_those_of_the_figure(config):
    figure = elbo_vs_size.preset("paper", config.networks[0])
    ours = {*config.seeds(), *held_out_seeds(config.seeds())}
    assert len(ours) == 4
    assert ours.isdisjoint({*figure.seeds(), 1_000_003})


def other_numbers(network):
    leaf = network.observed[0]
    changed = {leaf: replace(network.conditionals[leaf], variance=9.0)}
    return replace(network, conditionals={**network.conditionals, **changed}, name=network.name)


def test_what_a_result_depends_on_is_in_its_config(config):
    cell = next(cell for cell in config.cells() if cell.learner == "true")
    described = config.described(cell)
    json.dumps(described, allow_nan=False)
    for change in (
        {"num_runs": 3},
        {"first_seed": 7},
        {"num_test": 41},
        {"iwae_samples": 31},
        {"elbo_samples": 21},
        {"reconstruction_samples": 33},
        {"recipes": (replace(SHORT, learning_rate=1e-4),)},
        {"networks": (other_numbers(config.networks[0]),)},
    ):
        assert replace(config, **change).described(cell) != described
    assert replace(config, num_updates=4).described(cell) == described


def test_nothing_stored_runs_again(tmp_path, rows):
    """Left in the middle, then finished, then complete: the table is the undisturbed one."""
    config = small_config()
    with Store(tmp_path / "sweep.sqlite") as store:
        running = config.run(store=store)
        first = next(event for event in running if isinstance(event, Point))
        running.close()
        stored = len(store.rows("table-1"))
        assert 1 <= stored < len(config.cells())
        second = only_points(config.run(store=store))
        third = only_points(config.run(store=store))
    assert first.cell in [point.cell for point in second if point.was_stored]
    assert sum(point.was_stored for point in second) == stored
    assert all(point.was_stored for point in third)
    assert config.rows(third) == config.rows(second)
    for row, other in zip(config.rows(second), rows, strict=True):
        assert row["nll_mean"] == pytest.approx(other["nll_mean"], abs=1e-4)


def test_killed_and_started_again(tmp_path, config, rows):
    """Killed with -9 it goes on from its store, to the table of an undisturbed run."""
    path = tmp_path / "s.sqlite"
    process = subprocess.Popen([sys.executable, small_table.__file__, path])
    deadline = time.monotonic() + 60
    while num_rows(path) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with Store(path) as store:
        before = store.rows()
        assert 2 <= len(before) < len(config.cells())
        points = only_points(config.run(store=store))
        assert store.rows()[: len(before)] == before
    assert sum(point.was_stored for point in points) == len(before)
    for row, other in zip(config.rows(points), rows, strict=True):
        assert row["nll_mean"] == pytest.approx(other["nll_mean"], abs=1e-4)


def num_rows(path):
    if not os.path.exists(path) or not os.path.getsize(path):
        return 0
    with Store(path, writable=False) as store:
        return len(store.rows())


def test_cluster_finds_the_same_table(rows):
    config = small_config(multiples=(3,))
    with (
        LocalCluster(1, threads_per_worker=2, processes=False, protocol="tcp://", dashboard_address=":0") as local,
        executors.cluster(local.scheduler_address) as executor,
    ):
        points = only_points(config.run(executor))
    expected = [row for row in rows if row["multiple"] != 10]
    for row, other in zip(config.rows(points), expected, strict=True):
        assert row["nll_mean"] == pytest.approx(other["nll_mean"], abs=1e-4)


def test_selected_is_a_row_of_the_true_structure_and_says_what_was_chosen(monkeypatch):
    """Of two candidates, one that cannot train: every run keeps its linear start."""
    asked = []
    candidates = (Candidate("linear start", True, None), Candidate("wild", False, replace(SHORT, learning_rate=1e300)))

    def watched(model, x, recipe, **settings):
        asked.append((recipe, model.structure, model.settings.get("linear")))
        if recipe == "selected":
            return Selection(model, x, **settings, candidates=candidates)
        return sv.fit(model, x, recipe, **settings)

    monkeypatch.setattr(table1_work, "fit", watched)
    networks = (sv.load_network("fork"),)
    config = small_config(networks=networks, recipes=(SHORT, "selected"), references=(), multiples=(4,))
    cells = config.cells()
    assert [(c.learner, c.recipe) for c in cells[1:]] == [
        ("true", "short"),
        ("vanilla_vae", "short"),
        ("true", "selected"),
    ]
    assert "candidates" in config.described(cells[-1])["recipe"]
    points = only_points(config.run())
    assert [point.values.get("chosen") for point in points if point.cell.recipe] in (
        [None, None, ["linear start"] * 2],
        [["linear start"] * 2, None, None],
        [None, ["linear start"] * 2, None],
    )
    rows = config.rows(points)
    assert [row["chosen"] for row in rows] == [None, None, None, "linear start ×2"]
    assert "no triumph of flows" in config.notes(rows)[-1]
    assert "no triumph of flows" not in " ".join(config.notes(rows[:-1]))
    texts, _ = table1_texts(rows)
    assert texts[0][5] == "chosen"
    assert [line[5] for line in texts[1:]] == ["-", "-", "-", "linear start ×2"]
    assert "chosen" not in table1_texts(rows[:-1])[0][0]
    assert (SHORT, "true", True) in asked
    assert ("selected", "true", True) in asked


def test_the_papers_recipe_trains_the_papers_model_without_linear_parts():
    paper = replace(RECIPES["paper"], max_epochs=2)
    config = small_config(networks=(sv.load_network("fork"),), recipes=(SHORT, paper), references=())
    described = {cell.recipe: config.described(cell) for cell in config.cells() if cell.learner == "true"}
    assert described["short"]["settings"]["linear"]
    assert not described["paper"]["settings"]["linear"]


def test_truth_that_is_estimated_is_said_to_be():
    """Of two networks that are not normal one is summed over grids, the other needs importance sampling."""
    networks = tuple(map(sv.load_network, ("tree-tanh-2", "ecoli70-tanh")))
    config = small_config(networks=networks, multiples=(2,), models=("vanilla_vae",), num_test=6)
    rows = config.rows(only_points(config.run()))
    tests = [sv.sample_network(networks[1], 6, seed)[0] for seed in (2_001_000, 2_001_001)]
    error = sv.true_log_prob_and_error(networks[1], torch.stack(tests))[1]
    expected = error.square().sum().sqrt().item() / 12
    assert [row["nll_standard_error"] for row in rows] == [None] * 4 + [pytest.approx(expected)] + [None] * 3
    assert {row["exact_entropy"] for row in rows} == {None}
    assert all(row["excess_nll_mean"] > 0 for row in rows if row["learner"] == "linear_gaussian_bn")
    assert f"except on ecoli70-tanh ({expected:.2g} nats)" in config.notes(rows)[-1]
    assert table1_texts(rows)[0][1][3] == "true network"
    assert table1_texts(rows)[0][5][3] == f"true network, estimated ± {expected:.2g}"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ("wrong",)}, "no model wrong; there are true"),
        ({"references": ("wrong",)}, "no reference wrong; there are independent_gaussians"),
        ({"networks": ()}, "networks must be different and at least one"),
        ({"models": ("true", "true")}, "models must be different"),
        ({"references": ("ledoit_wolf", "ledoit_wolf")}, "references must be different"),
        ({"recipes": (SHORT, SHORT)}, "recipes must be different"),
        ({"recipes": ("default",)}, "A recipe is a Recipe or 'selected', but 'default' came"),
        ({"iwae_samples": 0}, "iwae samples is at least 1, but 0 came"),
    ],
)
def test_bad_configs_are_one_sentence(changes, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        small_config(**changes)


def test_a_run_that_is_not_finite_leaves_a_row_without_its_numbers():
    """The rest of the table is there."""
    config = small_config(networks=(sv.load_network("fork"),), models=("true",), references=(), multiples=(4,))
    nll = [1.0, float("inf")] + [2.0] * (config.num_runs - 2)
    others = dict.fromkeys(("effective_sample_size", "reconstruction_error", "elbo"), [1.0] * config.num_runs)
    cells = config.cells()
    truth = Point(cells[0], {"nll": [0.5] * config.num_runs, "entropy": 0.5}, False)
    points = [truth, Point(cells[1], others | {"nll": nll}, False)]
    _, row = config.rows(points)
    assert all(math.isnan(row[f"{name}_{what}"]) for name in ("nll", "excess_nll") for what in ("mean", "sd"))
    assert (row["elbo_mean"], row["elbo_sd"]) == (1.0, 0.0)
    assert "nan ± nan" in table1_texts([row])[0][1]
