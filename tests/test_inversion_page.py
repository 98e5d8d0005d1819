"""The inversion page without a browser: every question on every network, and code that runs as it is shown."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.ui.inversion.export import notebook, step_code
from sirenvae.ui.inversion.questions import QUESTIONS
from sirenvae.ui.inversion.rules import Rule


def open_inversion(**query) -> AppTest:
    app = AppTest.from_file("../app.py", default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page("pages/inversion.py").run()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", ["student", "arth150", "binary-tree-9"])
def test_every_question_on_small_and_large_networks(name, question):
    app = open_inversion(network=name, ask=question, step="3")
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("rule", ["mean field", "Stuhlmüller et al.", "fully connected"])
def test_every_question_about_rules_without_steps(rule):
    for question in QUESTIONS:
        app = open_inversion(rule=rule, ask=question)
        assert not app.exception
        assert not app.error


def test_another_network_takes_other_variables():
    app = open_inversion(ask="independence", ask_x="D", ask_y="I", ask_given="H")
    app.selectbox(key="network").select("chain").run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="ask_x").value in sv.load_network("chain").variables
    app.segmented_control(key="ask").set_value("observed or latent").run()
    assert not app.exception


def test_examples_of_disagreement_are_filled_in():
    app = open_inversion(ask="independence")
    app.button(key="lost_independence").click().run()
    assert any("loses an independence" in block.value for block in app.markdown)
    app.button(key="false_claim").click().run()
    assert [note.value for note in app.info] == [
        "There is none: this inverse is faithful, so whatever it claims holds."
    ]


def test_a_changed_role_is_said_wherever_it_was_changed():
    app = open_inversion()
    app.multiselect(key="observed").set_value(["G", "J", "H"]).run()
    assert app.segmented_control(key="ask").value == "observed or latent"
    assert any("G was latent and is observed now" in block.value for block in app.markdown)
    app.selectbox(key="network").select("collider").run()
    assert not any("is observed now" in block.value for block in app.markdown)


@pytest.mark.parametrize(
    "rule", [Rule(), Rule(order="reverse", minimal=False), Rule("mean_field"), Rule("stuhlmueller")]
)
@pytest.mark.parametrize("name", ["student", "ecoli70", "collider"])
def test_the_code_runs_as_it_is_shown(name, rule):
    network = sv.load_network(name)
    for step in (0, 2) if rule.method == "nami" else (0,):
        lines = ["import sirenvae as sv", f"network = sv.load_network({name!r})", *step_code(rule, step)]
        cell = json.loads(notebook(lines))["cells"][0]
        done = subprocess.run([sys.executable, "-c", cell["source"]], capture_output=True, text=True, check=True)
        inverse = sv.invert(network, rule.order, method=rule.method, minimal=rule.minimal)
        assert f"{inverse.dag.number_of_edges()} edges, faithful: {sv.is_faithful(network, inverse)}" in done.stdout
        if step:
            assert sv.explain(inverse.steps[1]) in done.stdout
            assert f"inverse so far: {list(sv.graphs_at(network, inverse, 2).inverse.edges)}" in done.stdout
