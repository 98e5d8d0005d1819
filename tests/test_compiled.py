"""Inference networks over inverses of trees: trials, what they measure, what they say of the paper's claims."""

import json
from dataclasses import replace
from itertools import permutations

import networkx as nx
import pytest

import sirenvae as sv
from sirenvae.experiments import nami6, nami9
from sirenvae.experiments.compiled_names import capacity_of, parts_of
from sirenvae.experiments.compiled_work import _crossing
from sirenvae.experiments.formats import as_csv
from sirenvae.experiments.texts import TEXTS
from sirenvae.experiments.trend import jonckheere
from sirenvae.experiments.trial import Point
from sirenvae.experiments.trials import trial_of
from sirenvae.figures.compiled import compiled_figure
from sirenvae.graphs import with_extra_edges
from sirenvae.training.recipes import RECIPES

SHORT = replace(RECIPES["inference"], num_steps=60)


def points_of(trial):
    return [event for event in trial.run() if isinstance(event, Point)]


@pytest.fixture(scope="module")
def race():
    trial = nami6.Nami6(
        (sv.load_network("binary-tree-3"),),
        ("stuhlmueller", "nami-topological", "nami-reverse", "fully_connected"),
        capacities=("active-900",),
        num_runs=3,
        recipe=replace(RECIPES["inference"], num_steps=300),
        num_test=800,
        num_draws=400,
    )
    return trial, points_of(trial)


def test_what_a_race_finds(race):
    """The heuristic stays above its floor and near it, faithful inverses go towards nothing."""
    trial, points = race
    rows = {row["inverse"]: row for row in trial.rows(points)}
    gap = sv.posterior_gap(trial.networks[0], sv.invert(trial.networks[0], method="stuhlmueller"))
    wrong = rows["stuhlmueller"]
    assert wrong["floor"] == pytest.approx(gap, rel=0.3)
    assert 0 < wrong["kl_mean"] - wrong["floor"] < 0.05
    for name in nami6.FAITHFUL:
        assert rows[name]["floor"] == pytest.approx(0, abs=1e-12)
        assert 0 < rows[name]["kl_mean"] < 0.05
        assert rows[name]["active_weights"] <= 900
        assert rows[name]["curve_mean"][0] > rows[name]["kl_mean"]
        # draws of a good q are as likely under the exact posterior as its own
        assert rows[name]["nll_mean"] == pytest.approx(rows[name]["exact_nll"], abs=0.05)
    assert [row["edges"] for row in rows.values()] == [6, 9, 10, 15]


def test_the_words_and_the_figure_of_a_race(race):
    trial, points = race
    rows = trial.rows(points)
    text = " ".join(trial.notes(rows))
    assert "Pyro" in text
    assert "above its floor" in text
    texts, right = TEXTS["nami-6"](rows)
    assert len(texts) == 5
    assert len(right) == len(texts[0])
    assert "KL, training" not in texts[0]
    assert "curve_mean" not in as_csv(rows).splitlines()[0]
    figure = compiled_figure(rows, dark=True)
    dashed = [trace for trace in figure.data if trace.line.dash == "dash"]
    assert len(dashed) == 1  # the one floor that is not 0
    assert dashed[0].y[0] == rows[0]["floor"]
    curves = [trace for trace in figure.data if trace.showlegend is None and trace.mode == "lines"]
    assert [len(trace.x) for trace in curves] == [len(trial.measured()) - 1] * 4


def test_a_fixed_set_is_learnt_by_heart():
    trial = nami6.Nami6(
        (sv.load_network("binary-tree-3"),), ("fully_connected",), (30,), num_runs=2, recipe=SHORT, num_test=200
    )
    [row] = trial.rows(points_of(replace(trial, recipe=replace(SHORT, num_steps=400))))
    assert row["train_kl_mean"] < row["kl_mean"] - 0.1
    assert row["training_draws"] == 30
    texts, _ = TEXTS["nami-6"]([row])
    assert "KL, training" in texts[0]


def test_a_trial_repeats_and_its_runs_differ():
    trial = nami6.Nami6((sv.load_network("binary-tree-3"),), ("nami-reverse",), num_runs=2, recipe=SHORT, num_test=100)
    [together] = points_of(trial)
    [again] = points_of(trial)
    assert together.values["kl"] == again.values["kl"]
    assert together.values["kl"][0] != together.values["kl"][1]


def test_a_crossing_lies_between_two_measurements():
    assert _crossing([0, 10, 20], [2.0, 1.0, 0.25]) == pytest.approx(15.0)
    assert _crossing([0, 10, 20], [2.0, 0.5, 0.25]) == pytest.approx(10.0)
    assert _crossing([0, 10], [0.4, 0.3]) == 0
    assert _crossing([0, 10], [2.0, 0.6]) is None


def test_a_trial_travels_as_json():
    trial = nami9.preset("quick")
    assert trial_of(json.loads(json.dumps(trial.to_json()))).settings() == trial.settings()
    assert len(trial.cells()) == 7
    assert len(nami6.preset("paper").cells()) == 8 * 3 * 3 * 5
    with pytest.raises(sv.InputError, match="one of quick, paper"):
        nami6.preset("slow")


def test_edges_at_random_places():
    tree = sv.load_network("binary-tree-4")
    inverse = sv.invert(tree)
    for seed in range(5):
        few, many = (with_extra_edges(tree, inverse, count, seed) for count in (12, 16))
        assert set(inverse.dag.edges) < set(few.dag.edges) < set(many.dag.edges)
        assert (few.dag.number_of_edges(), many.dag.number_of_edges()) == (35 + 12, 35 + 16)
        assert nx.is_directed_acyclic_graph(many.dag)
        assert sv.is_faithful(tree, many)
        assert not sv.is_minimal(tree, many)
        assert all(child in tree.latents for _, child in many.dag.edges)
    assert set(few.dag.edges) != set(with_extra_edges(tree, inverse, 12, 0).dag.edges)
    with pytest.raises(sv.InputError, match="room for 42 more edges, but 43"):
        with_extra_edges(tree, inverse, 43, 0)


def test_a_drawn_tree():
    tree = sv.load_network("drawn-tree-4-3")
    assert set(tree.dag.edges) == set(sv.load_network("binary-tree-4").dag.edges)
    root, *others = tree.conditionals.values()
    assert (root.intercept, root.variance) == (0.0, 1.0)
    numbers = [number for one in others for number in (one.intercept, *one.coefficients.values())]
    assert len(set(numbers)) == len(numbers)
    assert all(0.5 <= number <= 2 for number in numbers)
    assert sv.load_network("drawn-tree-4-3").conditionals == tree.conditionals
    assert sv.load_network("drawn-tree-4-4").conditionals != tree.conditionals


def test_the_trend_test_against_all_orders():
    """Two and three small groups: the share of arrangements with a statistic at least as large."""
    groups = [[1.0, 4.0, 2.0], [3.0, 5.0, 6.0], [7.0, 4.5]]

    def statistic(values):
        parts = values[:3], values[3:6], values[6:]
        return sum(x < y for a, b in ((0, 1), (0, 2), (1, 2)) for x in parts[a] for y in parts[b])

    values = [value for group in groups for value in group]
    counts = [statistic(order) for order in permutations(values)]
    exact = sum(count >= statistic(values) for count in counts) / len(counts)
    assert jonckheere(groups) == pytest.approx(exact, abs=0.012)
    assert jonckheere(groups[::-1]) > 0.9
    assert jonckheere([[1, 1], [1, 1]]) == 1.0


def test_the_trend_of_placements_in_words():
    def row(extra, placement, halves):
        return {
            "network": "t", "training_draws": 0, "capacity": "c", "extra_edges": extra, "placement": placement,
            "runs": {"half": halves}, "kl_mean": 0.01,
        }  # fmt: skip

    rows = [row(0, 0, [10.0, 11.0, 12.0]), row(12, 1, [20.0, 21.0, 22.0]), row(16, 1, [30.0, 31.0, 33.0])]
    [words] = nami9.trends(rows)
    assert "placement 1: steps to 0.5 nats 11 / 21 / 31 for +0 / +12 / +16 edges, +185%" in words
    p_value = jonckheere([one["runs"]["half"] for one in rows])
    assert f"p = {p_value:.2g};" in words
    [words] = nami9.trends([rows[0], row(12, 1, [None, 20.0, 22.0])])
    assert "11 / 21 (without 1 that never came there) for +0 / +12 edges, p = " in words
    assert "inf" not in words


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: parts_of("own"), "no inverse 'own'"),
        (lambda: parts_of("nami-topological+12"), r"also as NAME\+12@0"),
        (lambda: capacity_of("weights-3"), "one of active, stored, width"),
        (lambda: capacity_of("active"), "as active-6000; 'active' came"),
        (lambda: nami6.Nami6((sv.load_network("circuit"),), ("mean_field",)), "no formula; choose a linear one"),
        (
            lambda: nami6.Nami6((sv.load_network("fork"),), ("mean_field",), data=(0, 1)),
            "at least 2 draws, .* but 1 came",
        ),
        (lambda: nami6.Nami6((sv.load_network("fork"),), ()), "inverses must be different and at least one"),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        make()
