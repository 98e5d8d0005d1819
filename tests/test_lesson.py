"""The lesson without a browser: what its sentences say is true, and its links set what the pages know."""

import string
from urllib.parse import parse_qs, urlsplit

import networkx as nx
import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.experiments.shown.masks import block_layers, flow_graph
from sirenvae.figures.masks import block_drawing, blocks_needed
from sirenvae.ui.lesson.stops import STOPS, figures, link, written

NUMBERS = range(1, len(STOPS) + 1)
NOT_WIDGETS = {"step", "large"}  # the picture of an inversion keeps them in the URL itself


def open_stop(number: int) -> AppTest:
    app = AppTest.from_file("../app.py", default_timeout=120)
    for name, value in parse_qs(urlsplit(link(number)).query).items():
        app.query_params[name] = value
    app.run()
    return app.switch_page(f"pages/{STOPS[number - 1].page}.py").run()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_stop_sets_what_its_page_knows(number):
    app, stop = open_stop(number), STOPS[number - 1]
    assert not app.exception
    assert not app.error
    assert app.title[0].value == stop.page.capitalize()
    for name, value in stop.state.items():
        if name in NOT_WIDGETS:
            assert app.query_params[name] in (value, [value])
        else:
            held = app.session_state[name]
            assert value in (held, str(held), str(held).lower())
    assert app.query_params["lesson"] in (str(number), [str(number)])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_stop_has_three_sentences_whose_numbers_are_computed(number):
    stop = STOPS[number - 1]
    for text in (*stop.sentences, stop.task):
        assert text[-1] in ".?"
        plain = "".join(literal for literal, *_ in string.Formatter().parse(text)).replace("EColi70", "")
        assert not any(c.isdigit() for c in plain)
        assert "{" not in written(text)
    assert all(". " not in sentence.replace("et al.", "") for sentence in stop.sentences)


def test_every_number_is_used():
    texts = " ".join(text for stop in STOPS for text in (*stop.sentences, stop.task))
    assert {name for _, name, *_ in string.Formatter().parse(texts) if name} == set(figures())


def test_small_numbers_are_words():
    assert written("{heuristic}, {topological}, {many}") == "ten, 35, 4,600"


def test_the_known_numbers_of_the_inverses():
    known = {"heuristic": 10, "faithful": 12, "missing": 2, "moral": 3, "frontier": 2, "dear": 2, "parents": 2}
    known |= {"small_topological": 9, "small_reverse": 10, "topological": 35, "printed": 3, "pruned": 2, "deepest": 4}
    known |= {"variables": 46, "few": 92, "few_each": 2, "many": 4600, "many_each": 100}
    assert figures() == known
    assert sv.invert(sv.load_network("binary-tree-4"), "reverse").dag.number_of_edges() == 30


def test_causes_depend_on_each_other_once_the_effect_is_seen():
    dag = sv.load_network("collider").dag
    assert nx.is_d_separator(dag, {"a"}, {"b"}, set())
    assert not nx.is_d_separator(dag, {"a"}, {"b"}, {"c"})


def test_the_heuristic_is_not_faithful_and_lacks_edges_only():
    network = sv.load_network("student")
    heuristic, inverse = sv.invert(network, method="stuhlmueller"), sv.invert(network)
    assert not sv.is_faithful(network, heuristic)
    assert sv.is_faithful(network, inverse)
    assert set(heuristic.dag.edges) < set(inverse.dag.edges)


def test_what_the_stops_say_about_the_elimination():
    first, second, third, *_ = sv.invert(sv.load_network("student")).steps
    assert (first.eliminated, second.eliminated, third.eliminated) == ("D", "I", "S")
    assert set(second.fill_edges[0]) == {"G", "S"} == set(second.parents)
    assert third.frontier == {"S": 0, "G": figures()["dear"]}


def test_what_is_read_off_the_inverse():
    network = sv.load_network("student")
    inverse = sv.invert(network)
    assert set(inverse.dag.pred["D"]) == {"I", "G"}
    answer = sv.independence(network, inverse, "D", "S", ["I", "G"])
    assert answer.in_network
    assert answer.in_inverse
    assert sv.independence(network, inverse, "D", "S", ["G"]).network_path == ("D", "G", "I", "S")


def test_the_parent_too_many():
    network = sv.load_network("collider").with_observed(["a"])
    printed = sv.invert(network, "reverse", minimal=False)
    assert printed.elimination_order == ["c", "b"]
    assert set(printed.dag.edges) - set(sv.invert(network, "reverse").dag.edges) == {("a", "b")}
    assert sv.is_faithful(network, printed)
    assert not sv.is_minimal(network, printed)


def test_what_a_missing_edge_costs():
    network = sv.load_network(STOPS[8].state["network"])
    assert sv.posterior_gap(network, sv.invert(network, method="stuhlmueller")) > 0.1
    for method, order in (("nami", "topological"), ("nami", "reverse"), ("fully_connected", "topological")):
        assert sv.posterior_gap(network, sv.invert(network, order, method=method)) < 1e-12


def test_what_the_masks_keep():
    graph = flow_graph(sv.load_network("student"), "posterior", "true")
    block = block_drawing(graph, block_layers(graph))
    assert block["equals_adjacency"]
    assert len(block["edges"]) == figures()["faithful"]
    inverse = sv.invert(sv.load_network("student")).dag
    assert inverse.has_edge("L", "G")
    assert not inverse.has_edge("G", "L")


def test_how_many_blocks_reach_every_ancestor():
    network = sv.load_network(STOPS[10].state["network"])
    assert len(network.latents) == 5  # "five latents in a row"
    assert all(network.dag.has_edge(*pair) for pair in zip(network.latents, network.latents[1:], strict=False))
    graph = flow_graph(network, "prior", "true")
    assert blocks_needed(graph).max() == figures()["deepest"]


@pytest.mark.parametrize("text", ["0", "14", "x", "-1", "²"])
def test_a_stop_that_does_not_exist_is_one_sentence(text):
    app = AppTest.from_file("../app.py", default_timeout=60)
    app.query_params["lesson"] = text
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == ["The lesson has stops 1 to 13; the link names another one."]
