"""fit and its optimizer, the experiment that uses them, and the command line."""

import csv
import json
import math
import re
from dataclasses import replace

import pytest
import torch

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.engine.optimizer import ReplicatedAdamW
from sirenvae.engine.schedule import Schedule
from sirenvae.experiments import elbo_vs_size
from sirenvae.experiments.learners import MODELS
from sirenvae.figures.elbo import elbo_vs_size_figure
from sirenvae.figures.export import find_browser, write_html
from sirenvae.recipes import RECIPES, Recipe
from sirenvae.selection import Candidate, Selection

SHORT = Recipe("short", num_steps=30)


def fitted(replicas=(), recipe=SHORT, seed=0, size=120):
    network = sv.load_network("fork")
    model = elbo_vs_size.build_model(network, "true", replicas, seed=1)
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
    recipe = replace(RECIPES["paper"], plateau_patience=2, final_learning_rate=1e-3)
    schedule = Schedule([recipe, recipe], [50, 50], 10, torch.ones(1))
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
    recipe = replace(RECIPES["paper"], plateau_patience=1, batch_size=10)
    schedule = Schedule([recipe, recipe], [10, 30], 5, torch.ones(1))
    for step, loss in enumerate([1.0, 5.0, 3.0, 1.0, 1.0, 8.0]):
        schedule.end_step(step, torch.full((2,), loss))
    assert schedule.epochs.tolist() == [6, 2]
    assert schedule.best[1].item() == pytest.approx(3.0)
    assert schedule.rate.tolist() == pytest.approx([1e-2 * 0.1**5, 1e-3])


def test_the_paper_recipe_runs_to_its_end():
    recipe = replace(RECIPES["paper"], plateau_patience=1, max_epochs=40)
    _, records = fitted(recipe=recipe, size=60)
    assert records[-1].learning_rate.item() < 1e-2
    assert records[-1].num_steps is None
    assert records[0].kl_weight.item() == 1.0


def test_the_default_laws():
    recipe = RECIPES["default"]
    assert recipe.steps_for(92, 46) == 2000
    assert recipe.steps_for(4600, 46) == 4000
    assert replace(recipe, base_steps=1000).steps_for(4600, 46) == 2000
    assert recipe.decay_for("true", 92, 46) == 1.0
    assert recipe.decay_for("true", 4600, 46) == pytest.approx(0.02)
    assert all(recipe.decay_for(other, 92, 46) > 1.0 for other in MODELS if other != "true")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"learning_rate": -0.1}, "learning rate must be positive, but -0.1 came"),
        ({"learning_rate": math.nan}, "learning rate must be positive, but nan came"),
        ({"batch_size": 0}, "batch size must be positive"),
        ({"num_steps": 0}, "number of steps is at least 1, but 0 came"),
        ({"weight_decay": -1.0}, "weight decay is at least 0"),
        ({"weight_decay": math.nan}, "weight decay is at least 0, but nan came"),
        ({"kl_warm_up": -0.1}, "kl warm up is at least 0, but -0.1 came"),
        ({"noise_floor": math.nan}, "noise floor is at least 0, but nan came"),
        ({"plateau_factor": 1.0}, "plateau factor lies between 0 and 1, but 1.0 came"),
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


def small_config(**changes):
    settings = dict(
        sizes=(30, 10), models=("true", "vanilla_vae"), num_seeds=2, recipe=SHORT, num_test=50, num_updates=3
    )
    return elbo_vs_size.Config(sv.load_network("fork"), **settings | changes)


def test_an_experiment_yields_progress_and_a_point_per_cell():
    config = small_config()
    events = list(elbo_vs_size.run(config))
    points = [event for event in events if isinstance(event, elbo_vs_size.Point)]
    assert [(point.cell.size, point.cell.model) for point in points] == [
        (10, "true"),
        (30, "true"),
        (10, "vanilla_vae"),
        (30, "vanilla_vae"),
    ]
    assert len(events) == 4 * 4
    assert all(len(point.elbo) == 2 for point in points)
    assert all(i >= e for point in points for i, e in zip(point.iwae, point.elbo, strict=True))
    rows = elbo_vs_size.table(config, points)
    assert len(rows) == 8
    assert rows[0]["excess_nll"] == rows[0]["true_log_evidence"] - rows[0]["iwae"]


def test_on_the_way_all_test_points_count():
    """Else the curve could pass the line of the truth, which is that of all test points."""
    at_rest = Recipe("at rest", num_steps=4, learning_rate=1e-12)
    config = small_config(sizes=(10,), models=("true",), num_test=3000, recipe=at_rest)
    *on_the_way, point = elbo_vs_size.run(config)
    for progress in on_the_way:
        assert progress.test_elbo == pytest.approx(point.elbo, abs=0.2)


def test_worker_processes_find_the_same_points():
    from sirenvae.experiments.executors import local_processes

    config = small_config(sizes=(10,))
    here = [event for event in elbo_vs_size.run(config) if isinstance(event, elbo_vs_size.Point)]
    with local_processes(2) as (executor, line):
        events = list(elbo_vs_size.run(config, executor, line))
    there = [event for event in events if isinstance(event, elbo_vs_size.Point)]
    assert any(isinstance(event, elbo_vs_size.Progress) for event in events)
    for row, other in zip(elbo_vs_size.table(config, here), elbo_vs_size.table(config, there), strict=True):
        assert row["elbo"] == pytest.approx(other["elbo"], abs=1e-4)


def test_leaving_early_stops_the_workers():
    from sirenvae.experiments.executors import local_processes

    long = small_config(recipe=Recipe("long", num_steps=100_000), num_updates=5000)
    with local_processes(1) as (executor, line):
        for event in elbo_vs_size.run(long, executor, line):
            assert event.step < 100_000
            break
    assert line.stop.is_set()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sizes": (0,)}, r"at least 2 points, but 0 came"),
        ({"sizes": ()}, "at least 2 points"),
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
    assert main([*figure, "--seeds", "1", "--out", str(tmp_path / "out")]) == 0
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
        (["train", "student", "--learning-rate", "-1"], "learning rate must be positive, but -1.0 came"),
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
