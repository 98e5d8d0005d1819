"""The page Inference for networks with states, without a browser: what it draws and says of what is observed."""

import math

import networkx as nx
import numpy as np
import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
pytest.importorskip("pgmpy", reason="exact marginals are its")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.ui.inference.learning import introduction_to, learning_chart, learning_code, problem_of
from sirenvae.ui.inference.marginals import (
    divergence_table,
    divergence_words,
    divergences,
    exact_given,
    marginals_data,
    move_words,
    moves,
    nats_words,
    percent,
)
from sirenvae.ui.shared.choice import uploads

ASIA = sv.load_network("asia")
XRAY, SMOKE = ("xray", 0), ("smoke", 1)


def opened(**parameters) -> AppTest:
    app = AppTest.from_file("../app.py", default_timeout=120)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page("pages/inference.py").run()


def said(app) -> str:
    return "\n".join(block.value for block in (*app.markdown, *app.caption, *app.info, *app.error))


def test_exact_marginals_are_those_of_the_package():
    found, expected = exact_given(ASIA, [XRAY, SMOKE]), sv.true_marginals(ASIA, {"xray": "yes", "smoke": "no"})
    assert list(found) == list(expected)
    assert all(np.array_equal(found[v], expected[v].probs.numpy()) for v in expected)


def test_what_an_observation_moves_is_told_with_a_path_and_with_what_it_cannot_reach():
    first, second = exact_given(ASIA, [XRAY]), exact_given(ASIA, [XRAY, SMOKE])
    words = move_words(ASIA, [XRAY, SMOKE], first, second)
    assert words.startswith("**smoke = no** moves most: **lung** = yes 49 % → 14 %, **either** = yes 58 % → 29 %")
    assert "Why lung? An edge joins them: smoke → lung" in words.replace("\\", "")
    nothing = exact_given(ASIA, [])
    alone = move_words(ASIA, [SMOKE], nothing, exact_given(ASIA, [SMOKE]))
    assert alone.endswith("2 others cannot move: no open path leads there.")  # asia and tub
    both = [SMOKE, ("bronc", 0)]  # who smokes is known: that bronchitis goes with cancer is explained
    words = move_words(ASIA, both, exact_given(ASIA, both[:1]), exact_given(ASIA, both))
    assert words.startswith("**bronc = yes** moves **dysp** = yes")
    assert words.endswith("5 others cannot move: no open path leads there.")
    certain = [("lung", 0), ("either", 0)]
    words = move_words(ASIA, certain, exact_given(ASIA, certain[:1]), exact_given(ASIA, certain))
    assert words == "**either = yes** was certain already, so nothing moves."
    either = 0.01 + 0.99 * 0.0104  # by hand: lung or tub, of those who do not smoke
    lung = 0.98 * 0.01 / (0.98 * either + 0.05 * (1 - either))
    assert second["lung"][0] == pytest.approx(lung, abs=1e-9)
    assert moves(first, second)["lung"] == (0, pytest.approx(lung - first["lung"][0]))


def test_divergences_come_largest_first():
    exact = {"a": np.array([0.5, 0.5]), "b": np.array([1.0, 0.0]), "c": np.array([0.3, 0.7])}
    learnt = {"a": np.array([0.4, 0.6]), "b": np.array([0.5, 0.5]), "c": np.array([0.0, 1.0])}
    apart = divergences(exact, learnt)
    assert list(apart) == ["c", "b", "a"]
    assert math.isinf(apart["c"])
    assert apart["b"] == pytest.approx(math.log(2))
    assert apart["a"] == pytest.approx(-0.5 * math.log(0.8 * 1.2))
    assert (nats_words(apart["c"]), nats_words(2e-5), nats_words(0.01234)) == ("∞", "below 0.0001", "0.0123")
    exact, learnt = exact_given(ASIA, [XRAY]), exact_given(ASIA, [])
    table = divergence_table(ASIA, divergences(exact, {v: learnt[v] for v in exact}), exact, learnt).split("\n")
    p, q = exact["either"][0], learnt["either"][0]
    nats = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert table[2] == f"| either | {nats:.4f} | yes | 58 % | 6.5 % |"
    assert divergence_words(divergences(exact, learnt)).startswith("Mean over 7 hidden variables: **0.")


def test_what_the_view_draws():
    before, exact = exact_given(ASIA, [XRAY]), exact_given(ASIA, [XRAY, SMOKE])
    learnt = {v: np.full(2, 0.5) for v in exact}
    data = marginals_data(ASIA, [XRAY, SMOKE], exact, before, learnt, None)
    cards = dict(zip(data["names"], data["cards"], strict=True))
    assert [cards[v]["seen"] for v in ("xray", "smoke", "lung")] == [0, 1, -1]
    assert cards["lung"]["exact"] == pytest.approx([0.1423, 0.8577], abs=1e-4)
    assert cards["lung"]["moved"]
    assert cards["lung"]["before"] == pytest.approx([0.4887, 0.5113], abs=1e-4)
    assert not cards["asia"]["moved"]
    assert cards["asia"]["before"] is None
    assert cards["smoke"]["learnt"] is None
    assert [card["rank"] for card in data["cards"]] == list(range(8))
    moved = marginals_data(ASIA, [XRAY, SMOKE], exact, before, learnt, "moved")
    ranks = dict(zip(data["names"], [card["rank"] for card in moved["cards"]], strict=True))
    assert sorted(ranks, key=ranks.get)[:3] == ["smoke", "xray", "lung"]
    apart = marginals_data(ASIA, [], exact_given(ASIA, []), None, exact_given(ASIA, []), "divergence")
    assert {card["kl"] for card in apart["cards"]} == {0.0}
    impossible = marginals_data(ASIA, [("tub", 0), ("either", 1)], None, None, None, None)
    assert all(card["exact"] is None for card in impossible["cards"])


def test_shares_have_digits_worth_reading():
    assert [percent(p) for p in (0.0, 0.00005, 0.0101, 0.0995, 0.5)] == ["0 %", "0.01 %", "1.0 %", "10 %", "50 %"]


def test_the_curve_is_on_log_scales():
    progress = [{"step": 40, "nats": 0.1}, {"step": 2000, "nats": 0.001}]
    chart = learning_chart(progress, 2000, dark=False)
    assert chart["series"][0]["data"] == [[40, 0.1], [2000, 0.001]]
    assert (chart["xAxis"]["type"], chart["yAxis"]["type"]) == ("log", "log")
    assert learning_chart([], 2000, dark=True)["yAxis"]["min"] == 1e-4


def test_the_code_runs(capsys):
    lines = [line.replace("num_steps=2000", "num_steps=3") for line in learning_code(2000)]
    exec("\n".join(["import sirenvae as sv", "network = sv.load_network('asia')", *lines]), {})
    assert "lung ('yes', 'no') [" in capsys.readouterr().out


def test_the_page_of_a_network_with_states():
    app = opened(network="asia", evidence=["xray = yes", "smoke = no"])
    assert not app.exception
    assert "click **yes** of xray" in said(app)
    assert "**smoke = no** moves most: **lung** = yes 49 % → 14 %" in said(app)
    app.multiselect(key="evidence").set_value(["xray = yes", "xray = no"]).run()
    assert "**xray = no** moves" in said(app)  # of two states the later one
    app.multiselect(key="evidence").set_value(["tub = yes", "either = no"]).run()
    assert "has probability 0 in asia" in app.error[0].value
    app.selectbox(key="network").select("student").run()
    assert not app.exception
    assert any(button.label == "Start the race" for button in app.button)


def test_a_network_too_large_for_it_is_one_sentence():
    assert problem_of(ASIA) is None
    names = [f"v{i}" for i in range(101)]
    table = sv.ConditionalTable((), ("a", "b"), [0.5, 0.5])
    dag = nx.DiGraph()
    dag.add_nodes_from(names)
    uploads()["wide"] = sv.BayesianNetwork(dag, names[1:], dict.fromkeys(names, table), name="wide")
    app = opened(network="wide")
    assert not app.exception
    assert "up to 100 variables, but wide has 101" in app.info[0].value.replace("\\", "")
    assert "start_learning" not in [button.key for button in app.button]
    assert "its ancestors" in introduction_to(uploads()["wide"])
