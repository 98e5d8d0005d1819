"""The network page without a browser: gallery, generator, changes with undo and redo, numbers, and code that runs."""

import json

import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.figures.thumbnail import thumbnail_svg
from sirenvae.ui.network.facts import facts_code
from sirenvae.ui.shared.choice import Choice, uploads
from sirenvae.ui.shared.teaching import network_in_code

CHANGES = ["reverse D > G", "add T", "add T > J"]


@pytest.fixture
def app():
    return AppTest.from_file("../app.py", default_timeout=120).run()


def opened(**query) -> AppTest:
    app = AppTest.from_file("../app.py", default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def facts(app) -> str:
    return next(block.value for block in app.markdown if "largest parent set" in block.value)


def component(app, key: str) -> dict:
    """The data of a component on the page."""
    blocks = [block for block in app.main if block.type == "bidi_component"] or list(_components(app.main))
    return next(json.loads(block.proto.json) for block in blocks if key in block.proto.id)


def _components(block):
    for child in block.children.values():
        if child.type == "bidi_component":
            yield child
        elif hasattr(child, "children"):
            yield from _components(child)


def test_a_link_restores_changes_and_observed_on_every_page():
    app = opened(network="student", change=CHANGES, observed=["T", "H"])
    assert not app.exception
    assert not app.error
    assert app.multiselect(key="change").value == CHANGES
    assert app.multiselect(key="observed").value == ["T", "H"]
    assert "| student\\-edited | |" in facts(app)
    assert "| variables | **8** |" in facts(app)
    assert any("Changed in 3 places." in block.value for block in app.markdown)
    for page in ("inversion", "inference", "masks", "training"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert app.multiselect(key="change").value == CHANGES


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("add H > D", "closes the directed cycle D \\> G \\> H \\> D"),
        ("remove Q", "has no variable 'Q'"),
        ("nonsense", "The change 'nonsense' came"),
    ],
)
def test_a_change_in_a_link_that_cannot_be_made_is_one_sentence(change, sentence):
    app = opened(network="student", change=[change], observed=["G"])
    assert not app.exception
    assert len(app.error) == 1
    assert sentence in app.error[0].value
    assert "| observed | **1** |" in facts(app)
    assert "| edges | **8** |" in facts(app)
    app.multiselect(key="change").set_value([]).run()
    assert not app.error


def apply(app, action: str, **fields) -> AppTest:
    """Fill in the form; the popover is open whenever its state says so."""
    app.session_state["edit_popover"] = True
    app.run()
    app.selectbox(key="edit_action").select(action).run()
    for key, value in fields.items():
        box = app.text_input(key=key).input(value) if key == "edit_name" else app.selectbox(key=key).select(value)
        box.run()
    return app.button(key="edit_apply").click().run()


def test_the_form_changes_the_network_and_undo_and_redo_go_through_it(app):
    assert app.button(key="edit_undo").disabled
    apply(app, "add an edge", edit_parent="D", edit_child="S")
    assert "| edges | **9** |" in facts(app)
    apply(app, "reverse an edge", edit_edge="I > S")
    apply(app, "add a variable", edit_name="  T ")
    apply(app, "observe or hide", edit_role="T")
    assert "| observed | **3** |" in facts(app)
    apply(app, "remove a variable", edit_variable="L")
    assert app.multiselect(key="change").value == ["remove L", "add T", "reverse I > S", "add D > S"]
    for observed, edges, variables in [(3, 9, 8), (2, 9, 8), (2, 9, 7), (2, 9, 7), (2, 8, 7)]:
        app.button(key="edit_undo").click().run()
        for name, number in {"observed": observed, "edges": edges, "variables": variables}.items():
            assert f"| {name} | **{number}** |" in facts(app)
    assert app.button(key="edit_undo").disabled
    for _ in range(5):
        app.button(key="edit_redo").click().run()
    assert app.button(key="edit_redo").disabled
    assert app.multiselect(key="change").value == ["remove L", "add T", "reverse I > S", "add D > S"]
    assert app.multiselect(key="observed").value == ["J", "H", "T"]
    app.button(key="edit_restart").click().run()
    assert "| edges | **8** |" in facts(app)
    app.button(key="edit_undo").click().run()
    apply(app, "remove an edge", edit_edge="S > I")
    assert app.button(key="edit_redo").disabled
    assert not app.exception


def test_what_the_form_refuses_is_one_sentence_and_keeps_the_network(app):
    apply(app, "add an edge", edit_parent="H", edit_child="D")
    assert "closes the directed cycle" in app.error[0].value
    assert "| edges | **8** |" in facts(app)
    apply(app, "add a variable", edit_name="  ")
    assert app.error[0].value == "A new variable needs a name, but the field is empty\\."
    apply(app, "add a variable", edit_name="G")
    assert "has a variable 'G' already" in app.error[0].value
    assert app.button(key="edit_undo").disabled


def test_another_network_starts_without_changes(app):
    apply(app, "remove an edge", edit_edge="D > G")
    app.selectbox(key="network").select("greenhouse").run()
    assert "| greenhouse | |" in facts(app)
    assert app.button(key="edit_undo").disabled
    assert not app.error


def test_the_generator_makes_the_network_of_its_name(app):
    app.session_state["generate_popover"] = True
    app.run()
    app.selectbox(key="generate_kind").select("layered").run()
    app.number_input(key="generate_size").set_value(30).run()
    app.button(key="generate_next").click().run()
    assert app.selectbox(key="network").value == "layered-30-2-2"
    assert "| variables | **30** |" in facts(app)
    app.selectbox(key="generate_kind").select("random-dag").run()
    app.number_input(key="generate_size").set_value(4).run()
    app.button(key="generate").click().run()
    assert "4 variables can have 1\\.5 parents on average at most" in app.error[0].value
    assert app.selectbox(key="network").value == "layered-30-2-2"
    assert not app.exception


def test_a_link_restores_a_generated_network():
    app = opened(network="random-dag-20-2-7")
    assert not app.error
    assert "| random\\-dag\\-20\\-2\\-7 | |" in facts(app)
    assert "| edges | **40** |" in facts(app)


def test_the_gallery_shows_every_network_with_a_sentence():
    app = opened(network="random-tree-12-3")
    data = component(app, "gallery")
    assert [card["name"] for card in data["cards"]] == [*sv.network_names(), "random-tree-12-3"]
    assert data["chosen"] == "random-tree-12-3"
    assert all(card["about"].endswith(".") and card["svg"].startswith("<svg") for card in data["cards"])


@pytest.mark.parametrize("name", sv.network_names())
def test_a_thumbnail_shows_each_variable_and_edge_once_and_inside(name):
    network = sv.load_network(name)
    svg = thumbnail_svg(network)
    lines, latent, observed = (part.split('"')[0] for part in svg.split('d="')[1:])
    assert lines.count("L") == network.dag.number_of_edges()
    assert (latent.count("M"), observed.count("M")) == (len(network.latents), len(network.observed))
    points = [tuple(map(float, part.split("L")[0].split())) for part in lines.split("M")[1:]]
    assert all(0 <= x <= 84 and 0 <= y <= 66 for x, y in points)
    assert str(network.variables[0]) not in svg or len(str(network.variables[0])) == 1


@pytest.mark.parametrize(
    "choice",
    [
        Choice("student"),
        Choice("student", tuple(CHANGES), ("G", "T")),
        Choice("circuit", (), None),
        Choice("random-dag-20-2-7", ("remove v3",), None),
        Choice("ecoli70", (), ("lacY", "nuoM")),
    ],
)
def test_the_code_shown_runs_and_finds_what_the_page_shows(choice, capsys):
    network = sv.change_network(sv.load_network(choice.name), choice.changes)
    network = network if choice.observed is None else network.with_observed(choice.observed)
    namespace = {}
    exec("\n".join((*network_in_code(choice), *facts_code(network))), namespace)
    assert sv.network_to_json(namespace["network"]) == sv.network_to_json(network)
    printed = capsys.readouterr().out
    assert repr(network) in printed
    assert str(sv.treewidth_bound(network)) in printed
    assert not network.is_linear or str(sv.observed_entropy(network)) in printed


def test_the_code_of_an_uploaded_network_reads_the_download():
    uploads()["mine"] = sv.parse_network('{"nodes": ["a", "b"], "arcs": [["a", "b"]]}', "mine.json")
    app = opened(network="mine", change=["add c", "add c > b"])
    assert 'network = sv.read_network("network.json")' in app.code[0].value
    assert "change_network" not in app.code[0].value
    assert "| variables | **3** |" in facts(app)


def test_the_treewidth_of_a_large_network_waits_for_a_click():
    app = opened(network="random-tree-400-1")
    assert "treewidth" not in facts(app)
    next(button for button in app.button if button.label == "Bound the treewidth").click().run()
    assert "| treewidth | **at most 1** |" in facts(app)
