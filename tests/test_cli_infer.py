"""The command ``infer``: what it says is what the package finds."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import inferring
from sirenvae.experiments.inferring import Inferring, inverse_named, runs_of

SMALL = "--test 400 --draws 400 --capacity 400 --steps 20"


def printed(words, capsys):
    assert main(words.split()) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_what_it_says_at_a_point_is_the_posterior(capsys):
    network = sv.load_network("student")
    [row] = json.loads(printed(f"infer student --given J=1.5,H=0.2 --json {SMALL}", capsys))
    edges = sv.invert(network, "reverse").dag.number_of_edges()
    assert (row["edges"], row["faithful"], row["steps"]) == (edges, True, 20)
    assert row["floor"] == pytest.approx(0.0, abs=1e-9)
    assert 0 < row["kl"] < 0.1
    assert row["ess"] > 0.9
    [point] = row["points"]
    x = torch.tensor([[1.5, 0.2]])
    assert point["true_log_evidence"] == pytest.approx(sv.true_log_prob(network, x).item())
    assert abs(point["log_evidence"] - point["true_log_evidence"]) < 4 * point["error"]
    mean, covariance = sv.true_posterior(network, x)
    for k, latent in enumerate(point["latents"]):
        deviation = covariance[k, k].sqrt().item()
        assert latent["latent"] == network.latents[k]
        assert latent["true_mean"] == pytest.approx(mean[0, k].item())
        assert latent["true_high"] == pytest.approx(mean[0, k].item() + 1.645 * deviation, abs=1e-3)
        assert latent["mean"] == pytest.approx(latent["true_mean"], abs=0.3 * deviation)
        assert latent["low"] < latent["mean"] < latent["high"]


def test_what_it_says_of_states_is_how_probable_each_is(capsys):
    pytest.importorskip("pgmpy", reason="it brings the network")
    words = "infer asia --given xray=0,dysp=1 --steps 300 --draws 2000 --test 100 --capacity 1500"
    network = sv.load_network("asia")
    [row] = json.loads(printed(f"{words} --json", capsys))
    latents, exact = row["points"][0]["latents"], sv.true_marginals(network, {"xray": 0, "dysp": 1})
    assert [(one["latent"], one["state"]) for one in latents] == [
        (v, state) for v in network.latents for state in network.states[v]
    ]
    for one in latents:
        true = exact[one["latent"]].probs[network.states[one["latent"]].index(one["state"])].item()
        assert one["true_probability"] == pytest.approx(true)
        assert one["probability"] == pytest.approx(true, abs=0.06)
    out = printed(words, capsys)
    assert f"{latents[0]['state']}  " in out
    assert f"{latents[0]['probability']:.4f}  {latents[0]['true_probability']:.4f}" in out


def test_a_table_of_points_may_have_its_columns_in_any_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("# two of them\nH,J\n0.2,1.5\n0.0,-1\n", encoding="utf-8")
    from_file = json.loads(printed(f"infer student --data points.csv --json {SMALL}", capsys))
    given = json.loads(printed(f"infer student --given J=1.5,H=0.2 --given J=-1,H=0 --json {SMALL}", capsys))
    assert from_file[0]["points"] == given[0]["points"]


def test_the_heuristic_stands_beside_its_floor(capsys):
    words = f"infer binary-tree-3 --inverse nami-reverse stuhlmueller-topological --runs 2 --json {SMALL}"
    faithful, heuristic = json.loads(printed(words, capsys))
    network = sv.load_network("binary-tree-3")
    gap = sv.posterior_gap(network, sv.invert(network, method="stuhlmueller"))
    assert not heuristic["faithful"]
    assert heuristic["floor"] == pytest.approx(gap, abs=0.02)
    assert len(heuristic["kls"]) == 2
    assert heuristic["floor"] < heuristic["kl"] < heuristic["floor"] + 0.1
    assert faithful["kl"] < 0.1


def test_the_text_has_every_number(capsys):
    out = printed(f"infer circuit --calibration --family mixture --given x1=0,x2=0,x3=0,x4=0 {SMALL}", capsys)
    for words in ("26 edges, faithful", "mixture, per_variable", "KL ", "draws count", "ranks uniform: p =", "gain "):
        assert words in out
    assert "exact mean" not in out  # nobody knows it


def test_a_time_is_as_many_steps_as_fit_it(monkeypatch):
    """A rehearsal of 64 steps that took .64 seconds: 10 milliseconds each, less what the rehearsal itself has taken."""
    lengths = []

    def told(q, network, recipe, **settings):
        lengths.append(recipe.num_steps)
        return iter([SimpleNamespace(seconds=0.64)])

    monkeypatch.setattr(inferring, "fit", told)
    run = Inferring(sv.load_network("fork"), capacity=200, seconds=60.0)
    list(run.train(run.build()))
    assert lengths[0] == 64
    assert 5000 < lengths[1] <= 6000
    hurried = replace(run, seconds=1e-6)
    list(hurried.train(hurried.build()))
    assert lengths[3] == 1


def test_words_for_inverses_and_runs():
    network = sv.load_network("student")
    inverse = inverse_named(network, "fully_connected-reverse")
    assert (inverse.method, inverse.order) == ("fully_connected", "reverse")
    assert inverse_named(network, "mean_field").method == "mean_field"
    run = Inferring(network, capacity=400, num_runs=3)
    assert [one.replicas for one in runs_of(run.build())] == [(), (), ()]
