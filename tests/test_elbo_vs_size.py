"""ELBO against training-set size: the experiment, its figure and its command line, and the command that trains."""

import csv
import json
import math
import re
from dataclasses import replace

import pytest

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import elbo_vs_size
from sirenvae.experiments.store import Store
from sirenvae.experiments.trial import Point, Progress
from sirenvae.figures.elbo import elbo_vs_size_figure
from sirenvae.figures.export import find_browser, write_html
from sirenvae.training.recipes import Recipe
from sirenvae.training.selection import Candidate, Selection

SHORT = Recipe("short", num_steps=30)


def small_config(**changes):
    settings = dict(
        sizes=(30, 10), models=("true", "vanilla_vae"), num_seeds=2, recipe=SHORT, num_test=50, num_updates=3
    )
    return elbo_vs_size.ElboVsSize(sv.load_network("fork"), **settings | changes)


def test_an_experiment_yields_progress_and_a_point_per_cell():
    config = small_config()
    events = list(config.run())
    points = [event for event in events if isinstance(event, Point)]
    assert [(point.cell.size, point.cell.learner) for point in points] == [
        (10, "true"),
        (30, "true"),
        (10, "vanilla_vae"),
        (30, "vanilla_vae"),
    ]
    assert len(events) == 4 * 4
    assert all(len(point.values["elbo"]) == 2 for point in points)
    assert all(i >= e for point in points for i, e in zip(point.values["iwae"], point.values["elbo"], strict=True))
    rows = config.rows(points)
    assert len(rows) == 8
    assert rows[0]["excess_nll"] == rows[0]["true_log_evidence"] - rows[0]["iwae"]


def test_on_the_way_all_test_points_count():
    """Else the curve could pass the line of the truth, which is that of all test points."""
    at_rest = Recipe("at rest", num_steps=4, learning_rate=1e-12)
    config = small_config(sizes=(10,), models=("true",), num_test=3000, recipe=at_rest)
    *on_the_way, point = config.run()
    for progress in on_the_way:
        assert progress.values["test_elbo"] == pytest.approx(point.values["elbo"], abs=0.2)


def test_worker_processes_find_the_same_points():
    from sirenvae.experiments.executors import local_processes

    config = small_config(sizes=(10,))
    here = [event for event in config.run() if isinstance(event, Point)]
    with local_processes(2) as (executor, line):
        events = list(config.run(executor, line))
    there = [event for event in events if isinstance(event, Point)]
    assert any(isinstance(event, Progress) for event in events)
    for row, other in zip(config.rows(here), config.rows(there), strict=True):
        assert row["elbo"] == pytest.approx(other["elbo"], abs=1e-4)


def test_leaving_early_stops_the_workers():
    from sirenvae.experiments.executors import local_processes

    long = small_config(recipe=Recipe("long", num_steps=100_000), num_updates=5000)
    with local_processes(1) as (executor, line):
        for event in long.run(executor, line):
            assert event.step < 100_000
            break
    assert line.stop.is_set()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sizes": (0,)}, r"at least 2 points, but 0 came"),
        ({"sizes": ()}, "at least 2 points"),
        ({"sizes": (4, 4)}, "sizes must be different"),
        ({"models": ("wrong",)}, "no model wrong; there are true"),
        ({"models": ()}, r"no model \(none given\)"),
        ({"references": ("wrong",)}, "no reference wrong; there are independent_gaussians"),
        ({"num_seeds": 0}, "number of seeds is at least 1, but 0 came"),
    ],
)
def test_bad_configs_are_one_sentence(changes, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        small_config(**changes)


def test_presets():
    network = sv.load_network("ecoli70")
    assert elbo_vs_size.preset("quick", network).sizes == (46, 92, 230, 920, 4600)
    assert len(elbo_vs_size.preset("quick", network).cells()) == 20
    with pytest.raises(sv.InputError, match="one of minute, structures, quick, paper"):
        elbo_vs_size.preset("slow", network)


def test_the_figure_keeps_its_points_too(tmp_path):
    network = sv.load_network("fork")
    config = elbo_vs_size.ElboVsSize(
        network, (30, 10), ("true",), num_seeds=2, recipe=SHORT, num_test=50, num_updates=3
    )
    with Store(tmp_path / "s.sqlite") as store:
        first = list(config.run(store=store))
        second = list(replace(config, sizes=(10, 20, 30), num_updates=5).run(store=store))
    found = [event for event in second if isinstance(event, Point)]
    assert [(point.cell.size, point.was_stored) for point in found] == [(10, True), (30, True), (20, False)]
    assert {event.cell.size for event in second if isinstance(event, Progress)} == {20}
    without = [event for event in config.run() if isinstance(event, Point)]
    assert [replace(point, was_stored=False) for point in found[:2]] == [
        event for event in first if isinstance(event, Point)
    ]
    for point, other in zip(found[:2], without, strict=True):
        assert point.values["iwae"] == pytest.approx(other.values["iwae"], abs=1e-4)
        assert point.values["truth"] == other.values["truth"]


def test_the_figure_has_a_curve_and_a_band_for_each_model_and_the_exact_line(tmp_path):
    rows = [
        {"model": model, "size": size, "elbo": -30.0 - seed, "true_log_evidence": -29.0, "true_log_evidence_error": 0.0}
        for model in ("true", "vanilla_vae")
        for size in (10, 100)
        for seed in (0, 1)
    ]
    figure = elbo_vs_size_figure(rows, "test")
    curves = [trace for trace in figure.data if trace.name]
    assert [trace.name for trace in curves] == ["SIReN-VAE, true structure", "vanilla VAE"]
    assert tuple(curves[0].y) == (30.5, 30.5)
    assert figure.layout.shapes[0].y0 == 29.0
    html = write_html(figure, tmp_path / "figure.html").read_text(encoding="utf-8")
    assert 'src="http' not in html
    for broken in (None, math.nan, -math.inf):
        rows[0]["elbo"] = broken
        [ours, _] = [trace for trace in elbo_vs_size_figure(rows).data if trace.name]
        assert tuple(ours.x) == (100,)


def test_command_line_train_and_figure(capsys, tmp_path):
    assert (
        main(
            ["train", "fork", "--size", "20", "--seeds", "2", "--steps", "20", "--test", "50", "--iwae", "5", "--json"]
        )
        == 0
    )
    rows = json.loads(capsys.readouterr().out)
    assert [row["seed"] for row in rows] == [0, 1]
    assert main(["train", "fork", "--size", "20", "--seeds", "1", "--steps", "20", "--test", "50", "--iwae", "5"]) == 0
    assert "mean excess NLL" in capsys.readouterr().out

    figure = ["figure", "elbo-vs-size", "--network", "fork", "--preset", "minute", "--sizes", "10", "--steps", "20"]
    assert main([*figure, "--seeds", "1", "--workers", "1", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    with open(tmp_path / "out" / "elbo-vs-size-fork.csv", encoding="utf-8") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["true", "vanilla_vae"]
    assert (tmp_path / "out" / "elbo-vs-size-fork.html").exists()
    if find_browser():
        assert (tmp_path / "out" / "elbo-vs-size-fork.png").stat().st_size > 10_000
    else:
        assert "no PNG: it needs Chromium or Chrome" in printed


def test_command_line_train_says_what_was_chosen(capsys, monkeypatch):
    *others, _ = Selection.__init__.__defaults__
    linear, cold = Candidate("linear start", True, None), Candidate("cold", False, SHORT)
    wild = Candidate("wild", False, replace(SHORT, learning_rate=1e300))
    words = ["train", "fork", "--recipe", "selected", "--size", "20", "--seeds", "2", "--test", "50", "--iwae", "5"]
    for candidates in ((linear, wild), (cold, wild)):
        monkeypatch.setattr(Selection.__init__, "__defaults__", (*others, candidates))
        assert main(words) == 0
        printed = capsys.readouterr().out
        assert printed.startswith("fork, true, 20 points, recipe selected\n")
        assert printed.count(f"chosen: {candidates[0].name}\n") == 2
        assert "no triumph of flows" in printed
    assert main([*words, "--json"]) == 0
    assert [(row["recipe"], row["chosen"]) for row in json.loads(capsys.readouterr().out)] == [("selected", "cold")] * 2


def test_command_line_train_says_that_the_truth_is_estimated(capsys):
    words = ["train", "ecoli70-tanh", "--structure", "vanilla_vae", "--size", "10", "--seeds", "1", "--steps", "2"]
    assert main([*words, "--test", "6", "--iwae", "2"]) == 0
    assert re.search(r"estimated log evidence of the test points -\d+\.\d{3} ± 0\.\d+ nats", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "student", "--size", "0"], "at least 2 points"),
        (["train", "student", "--learning-rate", "-1"], "a finite positive number is expected, but '-1' came"),
        (["train", "student", "--structure", "x"], "no model x"),
        (["train", "student", "--recipe", "x"], "one of default, paper, selected"),
        (["train", "student", "--recipe", "selected", "--steps", "9"], "leave --learning-rate, --steps out"),
        (["train", "student", "--recipe", "selected", "--structure", "independent"], "trains the true structure alone"),
        (["train", "fork", "--recipe", "selected", "--size", "9"], "at least 10 points"),
        (["train", "student", "--seeds", "0"], "number of seeds is at least 1"),
        (["figure", "elbo-vs-size", "--preset", "x"], "one of minute, structures, quick, paper"),
        (["figure", "elbo-vs-size", "--workers", "0"], "number of workers is at least 1"),
        (["figure", "elbo-vs-size", "--network", "student", "--out", "/dev/null/x"], "cannot be made"),
    ],
)
def test_command_line_bad_input_is_one_sentence_and_code_2(arguments, sentence, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
