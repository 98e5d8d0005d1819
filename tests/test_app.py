"""The app without a browser: pages run, state is shared, bad input is one sentence."""

import subprocess
import sys

import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.ui.shared.choice import uploads


@pytest.fixture
def app():
    return AppTest.from_file("../app.py", default_timeout=30).run()


def facts(app) -> str:
    return next(block.value for block in app.markdown if "largest parent set" in block.value)


def test_the_first_page_shows_the_student_network(app):
    assert not app.exception
    assert app.title[0].value == "Network"
    assert "| variables | **7** |" in facts(app)
    assert "3.011&nbsp;nats" in facts(app)


@pytest.mark.parametrize("name", sv.network_names())
def test_every_network_on_both_pages(app, name):
    app.selectbox(key="network").select(name).run()
    assert not app.exception
    app.switch_page("pages/inversion.py").run()
    assert not app.exception
    assert app.selectbox(key="network").value == name
    assert any("**faithful**" in block.value for block in app.markdown)


def test_pages_about_real_values_say_so_of_a_network_with_states(app):
    app.selectbox(key="network").select("asia").run()
    assert any("These variables have states" in caption.value for caption in app.caption)
    app.switch_page("pages/training.py").run()
    assert "The variables of asia have states" in app.info[0].value
    assert all(button.disabled for button in app.button if (button.key or "").startswith("preset_"))
    for page in ("masks", "flow"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert not app.error
    app.segmented_control(key="flow_weights").set_value("fitted").run()
    assert "asia have states" in app.error[0].value


def test_the_sentence_about_the_inverse(app):
    app.switch_page("pages/inversion.py").run()
    sentence = (
        "The inverse: **12 edges**, largest parent set **3**, 2 fill edges, **faithful**, **minimal**, **natural**."
    )
    assert sentence in [block.value for block in app.markdown]
    app.selectbox(key="order").select("reverse").run()
    assert not app.exception


def summary(app) -> str:
    return next(block.value for block in app.markdown if block.value.startswith("The inverse: "))


def test_other_rules_say_what_they_get_wrong(app):
    app.switch_page("pages/inversion.py").run()
    app.selectbox(key="rule").select("Stuhlmüller et al.").run()
    assert "**not faithful**" in summary(app)
    assert "depend on each other along L ← G → H" in summary(app)
    app.selectbox(key="rule").select("fully connected").run()
    assert "**faithful**, **not minimal**" in summary(app)
    assert "could go, for in the network the two are independent given" in summary(app)
    app.selectbox(key="rule").select("mean field").run()
    assert app.selectbox(key="order").disabled
    assert not app.exception


def test_the_algorithm_as_printed_is_offered_where_it_differs(app):
    app.selectbox(key="network").select("collider").run()
    app.multiselect(key="observed").set_value(["a"]).run()
    app.switch_page("pages/inversion.py").run()
    app.selectbox(key="order").select("reverse").run()
    assert "1 redundant parent dropped, **faithful**, **minimal**" in summary(app)
    app.toggle(key="printed").set_value(True).run()
    assert "the edge a → b, for example, could go" in summary(app)
    app.selectbox(key="network").select("student").run()
    assert app.toggle(key="printed").value
    app.toggle(key="printed").set_value(False).run()
    assert not app.toggle
    assert not app.exception


def test_latents_without_edges_are_one_sentence():
    text = '{"nodes": ["a", "b", "c"], "arcs": [["a", "b"]], "observed": ["a", "b"]}'
    uploads()["apart"] = sv.parse_network(text, "apart.json")
    app = AppTest.from_file("../app.py", default_timeout=30)
    app.query_params["network"] = "apart"
    app.run()
    app.switch_page("pages/inversion.py").run()
    assert [error.value for error in app.error] == ["No latent of apart has an edge, so there is nothing to invert\\."]
    assert not app.exception
    app.selectbox(key="network").select("student").run()
    assert "**faithful**" in summary(app)


def test_observed_is_shared_by_the_pages_and_reset_by_another_network(app):
    app.multiselect(key="observed").set_value(["G", "H"]).run()
    app.switch_page("pages/inversion.py").run()
    assert app.multiselect(key="observed").value == ["G", "H"]
    app.selectbox(key="network").select("chain").run()
    assert app.multiselect(key="observed").value == []


def test_to_observe_everything_is_one_sentence_and_keeps_the_choice(app):
    app.multiselect(key="observed").set_value(["G", "H"]).run()
    app.multiselect(key="observed").set_value(list("DIGSLJH")).run()
    assert [error.value for error in app.error] == ["At least one variable must be latent, but all 7 are observed\\."]
    assert app.multiselect(key="observed").value == ["G", "H"]


def test_a_link_restores_network_observed_and_order():
    app = AppTest.from_file("../app.py", default_timeout=30)
    app.query_params["network"] = "greenhouse"
    app.query_params["observed"] = ["Sun", "Size"]
    app.run()
    assert app.selectbox(key="network").value == "greenhouse"
    assert app.multiselect(key="observed").value == ["Sun", "Size"]
    assert "| observed | **2** |" in facts(app)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("sizes", "0", "A training set has at least 2 points"),
        ("learning_rate", "-1", "learning rate must be positive"),
        ("models", "", "No model is chosen"),
        ("seeds", "1000000", "at most 64 seeds, but 1,000,000 came"),
        ("steps", "2000000000", "at most 1,000,000 training steps"),
    ],
)
def test_settings_that_cannot_be_trained_are_one_sentence_and_nothing_is_lost(app, name, value, sentence):
    app.query_params[name] = value
    app.switch_page("pages/training.py").run()
    app.button(key="train").click().run()
    [error] = app.error
    assert sentence in error.value
    assert not app.exception
    assert app.query_params == {name: value}


def test_large_networks_are_checked_on_demand(app):
    app = AppTest.from_file("../app.py", default_timeout=60)
    app.query_params["network"] = "binary-tree-9"
    app.run()
    app.switch_page("pages/inversion.py")
    app.query_params["order"] = "reverse"
    app.run()
    assert not app.exception
    assert any(button.label.startswith("Check") for button in app.button)


def test_the_first_page_needs_neither_torch_nor_pgmpy():
    code = (
        "import sys; import sirenvae.ui.network.facts, sirenvae.ui.shared.picker, sirenvae.ui.inversion.stepper;"
        "print([name for name in ('torch', 'pgmpy', 'pyvis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
