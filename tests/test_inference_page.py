"""The page Inference without a browser: what it draws and says, links, and networks that cannot be raced on."""

import math

import networkx as nx
import numpy as np
import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from colour_contrast import contrast
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.experiments.shown.beliefs import exact_belief, learnt_belief, most_entangled, most_telling, prior_moments
from sirenvae.ui.inference.chart import Racer, curves_of, findings, race_chart, race_table
from sirenvae.ui.inference.code import inference_code
from sirenvae.ui.inference.own import own_words
from sirenvae.ui.inference.posterior import belief_table, posterior_data
from sirenvae.ui.inference.view import Entry
from sirenvae.ui.shared.choice import uploads

STUDENT = sv.load_network("student")
RACERS = [
    Racer("stuhlmueller", 10, 0.106, ((20, 3.0), (100, 0.4), (200, 0.15))),
    Racer("nami-topological", 12, 0.0, ((20, 3.0), (50, 0.05), (100, 0.3), (200, 0.02))),
    Racer("fully_connected", 20, 0.0, ((20, 3.0), (100, 0.8), (200, 0.09))),
    Racer(OWN_INVERSE, 11, 0.103, ((20, 3.0), (200, 0.3)), is_old=True),
]


def opened(**parameters) -> AppTest:
    app = AppTest.from_file("../app.py", default_timeout=120)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page("pages/inference.py").run()


def said(app) -> str:
    return "\n".join(block.value for block in (*app.markdown, *app.caption, *app.info, *app.error))


@pytest.mark.parametrize("dark", [False, True])
def test_every_curve_and_every_floor_is_drawn(dark):
    chart = race_chart(RACERS, 200, is_linear=True, dark=dark)
    *curves, floors = chart["series"]
    assert [curve["data"] for curve in curves] == [[list(point) for point in racer.curve] for racer in RACERS]
    assert [curve["color"] for curve in curves] == [INVERSES[racer.name].colour for racer in RACERS]
    marks = {mark["label"]["formatter"]: mark["yAxis"] for mark in floors["markLine"]["data"]}
    assert marks == {"exact": 0.0, "floor, yours: 0.103": 0.103, "floor, heuristic: 0.106": 0.106}
    labels = [mark["label"] for mark in floors["markLine"]["data"]]
    assert [label["position"] for label in labels] == ["insideStartTop", "insideStartBottom", "insideStartTop"]
    assert chart["legend"]["data"][-1] == "yours, before the change"
    assert chart["yAxis"]["min"] == 0 < 0.106 < chart["yAxis"]["max"] < 3
    words = [chart["legend"]["textStyle"]["color"], *(mark["label"]["color"] for mark in floors["markLine"]["data"])]
    assert min(contrast(colour, "#14171B" if dark else "#FFFFFF") for colour in words) >= 4.5


def test_labels_of_floors_do_not_lie_on_each_other():
    floors = [0.004, 0.006, 0.3, 0.302, 0.304, 0.5]
    racers = [Racer(name, 10, floor) for name, floor in zip(INVERSES, floors, strict=True)]
    marks = race_chart(racers, 200, is_linear=True, dark=False)["series"][-1]["markLine"]["data"]
    places = [(mark["label"]["position"], mark["label"]["padding"][3]) for mark in marks]
    for i, mark in enumerate(marks):
        near = [places[j] for j in range(i) if mark["yAxis"] - marks[j]["yAxis"] < 0.03]
        assert places[i] not in near


def test_a_network_without_a_formula_has_no_floors():
    racers = [Racer("nami-reverse", 26, None, ((20, 9.0), (50, 7.0), (200, 6.0))), Racer("mean_field", 24, None)]
    chart = race_chart(racers, 200, is_linear=False, dark=False)
    assert all("markLine" not in series for series in chart["series"])
    assert chart["yAxis"]["min"] < 6.0 < 7.0 < chart["yAxis"]["max"]
    assert "| NaMI, reverse | 26 | 6.000 |" in race_table(racers, is_linear=False)
    assert findings(racers, is_linear=False) == ["Lowest so far: NaMI in reverse order, with 26 edges."]
    assert race_chart([Racer("mean_field", 24, None)], 200, is_linear=False, dark=False)["yAxis"]["max"] == 1


def test_who_is_near_stays_near():
    assert [racer.steps_until_near for racer in RACERS] == [200, 200, 200, None]
    assert Racer("nami-reverse", 15, 0.0, ((20, 0.2), (40, 0.1), (60, 0.05))).steps_until_near == 40
    assert RACERS[3].now is None  # an old curve says nothing of the inverse as it is


def test_the_table_and_what_was_found():
    table = race_table(RACERS, is_linear=True).split("\n")
    assert table[2] == "| heuristic | 10 | 0.106 | 0.150 | 0.044 | 200 |"
    assert table[5] == "| **yours** | 11 | 0.103 | – | – | – |"
    first, second = findings(RACERS, is_linear=True)
    assert first.startswith("At the floor: **the heuristic (0.11 nats)**. So much stays")
    assert "NaMI in topological order (12 edges) after 200, the fully connected inverse (20 edges) after 200" in second
    assert findings([Racer("mean_field", 10, 1.158)], is_linear=True) == []


def test_curves_come_from_reports_and_results():
    reports = [{"model": "mean_field", "step": s, "nats": n} for s, n in ((10, 3.0), (20, math.nan), (30, 2.0))]
    rows = [{"inverse": "mean_field", "steps": 40, "nats": 1.5}]
    reports.append({"model": "mean_field", "step": 40, "nats": 1.5})  # as the last report says it, too
    assert curves_of(reports, rows) == {"mean_field": ((10, 3.0), (30, 2.0), (40, 1.5))}


def test_words_about_an_inverse_of_ones_own():
    assert own_words(STUDENT, "nami-topological", ()).endswith("Faithful: it claims nothing that does not hold.")
    words = own_words(STUDENT, "nami-topological", ("remove G > I",))
    assert "11 edges, floor **0.103 nats**, was 0.000. Not faithful" in words
    assert "I and G are independent given S, but in the network they depend on each other along I → G" in words
    assert "1 edge more than NaMI in topological order" in own_words(STUDENT, "nami-topological", ("add L > D",))
    assert "was 0.106" in own_words(STUDENT, "stuhlmueller", ("add H > L",))


def test_beliefs_at_a_point():
    x = np.array([1.0, 3.0])
    exact = exact_belief(STUDENT, x)
    q = sv.InferenceNetwork(STUDENT, sv.invert(STUDENT))
    list(sv.fit(q, STUDENT, sv.Recipe("short", num_steps=1)))  # the linear start is the exact posterior
    learnt = learnt_belief(q, x, 20_000)
    for name in ("mean", "low", "high", "covariance"):
        assert np.abs(getattr(learnt, name) - getattr(exact, name)).max() < 0.05
    assert np.array_equal(learnt_belief(q, x, 50).mean, learnt_belief(q, x, 50).mean)
    assert exact_belief(sv.load_network("circuit"), np.zeros(4)) is None


def test_moments_without_a_formula_are_those_of_draws():
    network = sv.load_network("circuit")
    mean, covariance = prior_moments(network)
    x, _ = sv.sample_network(network, 50_000, 3)
    seen = [network.position[v] for v in network.observed]
    scale = np.sqrt(np.diag(covariance))[seen]
    assert np.abs((mean[seen] - x.mean(dim=0).numpy()) / scale).max() < 0.1
    assert np.abs(x.std(dim=0).numpy() / scale - 1).max() < 0.1


def test_which_variables_stand_for_many():
    network = sv.load_network("ecoli70")
    _, covariance = prior_moments(network)
    chosen = most_entangled(network, covariance, 2)
    _, left = sv.true_posterior(network, np.zeros((1, len(network.observed))))
    deviation = left.diagonal().sqrt()
    correlation = (left / deviation / deviation.unsqueeze(-1)).abs().fill_diagonal_(0)
    assert correlation[chosen[0], chosen[1]] == correlation.max()
    latent, observed = network.position[network.latents[0]], [network.position[v] for v in network.observed]
    correlated = np.abs(covariance[latent, observed]) / np.sqrt(np.diag(covariance)[observed])
    assert most_telling(covariance, [latent], observed, 1) == [observed[int(correlated.argmax())]]
    assert len(most_telling(covariance, [latent], observed, 5)) == 5


def test_what_the_posterior_view_gets():
    values, voices = [1.0, 3.0], {"exact": ("exact", "", "line", exact_belief(STUDENT, np.array([1.0, 3.0])))}
    data = posterior_data(STUDENT, prior_moments(STUDENT), values, ([0, 1], [2, 4], (4, 2)), voices)
    assert [one["value"] for one in data["observed"]] == values
    assert [one["name"] for one in data["latents"]] == ["G", "L"]
    assert [one["name"] for one in data["pair"]] == ["L", "G"]
    mean, covariance = sv.true_posterior(STUDENT, np.array([values]))
    [voice] = data["voices"]
    assert voice["rows"][1][0] == pytest.approx(mean[0, 4].item())
    assert voice["pair"]["mean"] == pytest.approx([mean[0, 4].item(), mean[0, 2].item()])
    assert voice["pair"]["covariance"][0][1] == pytest.approx(covariance[4, 2].item())
    table = belief_table(["G", "L"], [2, 4], voices).split("\n")
    belief = voices["exact"][3]
    expected = f"| L | {belief.mean[4]:.2f} ({belief.low[4]:.2f} to {belief.high[4]:.2f}) |"
    assert table[3] == expected.replace("-", "−")
    others = posterior_data(STUDENT, prior_moments(STUDENT), [0.0, 0.0], ([0, 1], [2, 4], (4, 2)), voices)
    assert data["id"] == others["id"]  # a dragged value builds nothing anew


@pytest.mark.parametrize("family", ["gaussian", "flow"])
def test_the_code_runs(capsys, family):
    entry = Entry(("stuhlmueller", OWN_INVERSE), "nami-topological", ("remove G > I",), family)
    lines = "\n".join(inference_code(entry, num_steps=4)).replace("num_steps=200", "num_steps=2")
    exec(lines, {"network": STUDENT, "sv": sv})
    out = capsys.readouterr().out
    assert "'inverse': 'own'" in out
    assert lines.count("family='flow'") == (2 if family == "flow" else 0)
    assert "tensor" in out


def test_the_page_before_a_race():
    app = opened()
    assert not app.exception
    assert not app.error
    assert "| heuristic | 10 | 0.106 | – | – | – |" in said(app)
    assert "Nothing has been trained yet" in said(app)
    app.button(key="draw").click().run()
    assert not app.exception


def test_a_link_restores_the_inverses_and_ones_own():
    app = opened(
        own=["remove G > I", "add L > D"], inverses=["heuristic", "mean field"], given="1,2.5", race_steps="300"
    )
    assert not app.exception
    assert not app.error
    assert app.multiselect(key="own").value == ["remove G > I", "add L > D"]
    assert "| **yours** | 12 | 0.103 |" in said(app)
    assert "NaMI, reverse" not in said(app)
    assert app.number_input(key="race_steps").value == 300
    assert app.session_state["posterior_given"][1] == [1.0, 2.5]
    app.selectbox(key="own_from").select("heuristic").run()
    assert app.multiselect(key="own").value == []
    app.selectbox(key="network").select("chain").run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"own": ["remove D > G"]}, "There is no edge from D to G"),
        ({"own": ["add D > H"]}, "leads into a latent, but H is observed"),
        ({"given": "1,x"}, "The link should give 2 numbers, one for each observed variable"),
        ({"given": "1,2,3"}, "The link should give 2 numbers, one for each observed variable"),
        ({"race": "student-inference-0000"}, "The race that this link names is no longer kept on this server"),
    ],
)
def test_a_link_that_cannot_be_followed_is_one_sentence(parameters, sentence):
    app = opened(**parameters)
    assert not app.exception
    assert len(app.error) == 1
    assert sentence in app.error[0].value.replace("\\", "")


def test_networks_that_cannot_be_raced_on_are_one_sentence():
    uploads()["bare"] = sv.BayesianNetwork(nx.DiGraph([("a", "b"), ("a", "c")]), name="bare")
    for name, sentence in (
        ("bare", "bare is a structure without numbers"),
        ("random-dag-200-1-1", "up to 150 variables, but random-dag-200-1-1 has 200"),
    ):
        app = opened(network=name)
        assert not app.exception
        assert [sentence in info.value.replace("\\", "") for info in app.info] == [True]
        assert "start_race" not in [button.key for button in app.button]


@pytest.mark.parametrize("name", ["arth150", "circuit", "collider", "binary-tree-3"])
def test_networks_of_all_kinds(name):
    app = opened(network=name)
    assert not app.exception
    assert not app.error
    linear = sv.load_network(name).is_linear
    assert ("has no formula, so there is no zero" in said(app)) == (not linear)


def test_nothing_is_warned_of_when_the_page_runs_again():
    app = opened(own_from="heuristic", race_steps="300")
    assert app.selectbox(key="own_from").value == "heuristic"
    app.run()
    app.switch_page("pages/masks.py").run()
    app.switch_page("pages/inference.py").run()
    assert not app.exception
    assert not app.warning
