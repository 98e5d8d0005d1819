"""Names of variables that are no strings, and names for what is observed."""

import json
from itertools import product

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv
from sirenvae.graphs.files.export import graph_to_dot, graph_to_graphml

NAMES = [(0, 1, 2), (("x", 0), ("x", 1), ("y", 1)), ("a", 7, ("b", (1, "c"))), ("(Intercept)", "b", "c")]


def chain(names, numbers: bool) -> sv.BayesianNetwork:
    a, b, c = names
    cpds = {
        a: sv.LinearGaussian(1.0, {}, 2.0),
        b: sv.TanhGaussian(0.0, {a: 3.0}, 1.0, 0.5, 0.25),
        c: sv.ProductGaussian(0.0, {b: -1.0}, 4.0),
    }
    return sv.BayesianNetwork(nx.DiGraph([(a, b), (b, c)]), [b], cpds if numbers else None)


@pytest.mark.parametrize(("names", "numbers"), list(product(NAMES, (False, True))))
def test_json_gives_names_back_as_they_were(names, numbers):
    network = chain(names, numbers)
    copy = sv.parse_network(sv.network_to_json(network), "copy.json")
    assert copy.variables == names
    assert [type(v) for v in copy.variables] == [type(v) for v in names]
    assert set(copy.dag.edges) == set(network.dag.edges)
    assert copy.observed == (names[1],)
    assert copy.conditionals == network.conditionals


def test_files_of_strings_are_written_as_ever():
    content = json.loads(sv.network_to_json(chain("abc", True)))
    assert content["nodes"] == ["a", "b", "c"]
    assert content["cpds"]["a"] == {"coefficients": {"(Intercept)": [1.0]}, "variance": [2.0], "parents": []}
    assert list(content["cpds"]["b"]) == ["kind", "coefficients", "variance", "amplitude", "offset", "parents"]


def test_files_in_which_keys_stand_for_numbers_are_still_read():
    old = {"nodes": [0, 1], "arcs": [[0, 1]], "cpds": {
        "0": {"coefficients": {"(Intercept)": [0]}, "variance": [1]},
        "1": {"coefficients": {"(Intercept)": [0], "0": [2]}, "variance": [1]},
    }}  # fmt: skip
    assert sv.parse_network(json.dumps(old), "old.json").conditionals[1].coefficients == {0: 2.0}


@pytest.mark.parametrize("names", NAMES)
def test_graphml_and_dot_hold_printed_names(names):
    dag = chain(names, False).dag
    expected = {(str(a), str(b)) for a, b in dag.edges}
    assert set(sv.parse_network(graph_to_graphml(dag), "x.graphml").dag.edges) == expected
    assert set(sv.parse_network(graph_to_dot(dag, "x"), "x.dot").dag.edges) == expected


def test_signs_in_names_survive_every_export():
    dag = nx.DiGraph([('a "b" \\ c', "x\ny"), ("é -> ü", "x\ny")])
    assert set(sv.parse_network(graph_to_dot(dag, "x"), "x.dot").dag.edges) == set(dag.edges)
    assert set(sv.parse_network(graph_to_graphml(dag), "x.graphml").dag.edges) == set(dag.edges)
    network = sv.BayesianNetwork(dag)
    assert set(sv.parse_network(sv.network_to_json(network), "x.json").dag.edges) == set(dag.edges)


@pytest.mark.parametrize("names", NAMES)
def test_a_step_is_json_whatever_the_names(names):
    network = chain(names, False)
    inverse = sv.invert(network)
    for step in range(len(inverse.steps) + 1):
        content = json.loads(sv.step_to_json(network, inverse, step))
        assert (content["step"], content["num_steps"]) == (step, len(inverse.steps))
        assert len(content["observed"]) == len(network.observed)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ([(1, "1"), ("1", "b")], "printed alike"),
        ([(0.5, "a")], "0.5 is a float"),
        ([("", "a")], "name is empty"),
        ([("a\0", "b")], "none that text can hold"),
        ([(True, "b")], "True is a bool"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(edges, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.network_to_json(sv.BayesianNetwork(nx.DiGraph(edges)))


def test_a_text_or_a_number_is_one_observed_variable():
    network = sv.BayesianNetwork(nx.DiGraph([("xray", "b"), ("xray", "x")]), "xray")
    assert network.observed == ("xray",)
    assert network.with_observed("x").observed == ("x",)
    assert sv.parse_network("a,bc\nb,bc\nc,bc", "x.csv", observed="bc").observed == ("bc",)
    assert sv.parse_network('{"nodes": [1, 2], "arcs": [[1, 2]]}', "x.json", observed="1").observed == (1,)
    assert sv.BayesianNetwork(nx.DiGraph([(1, 2)]), 1).observed == (1,)
    assert sv.change_network(network, ["add y"]).observed == ("xray",)
    with pytest.raises(sv.InputError, match="unknown variables bx"):
        network.with_observed("bx")
    with pytest.raises(sv.InputError, match="names no variable"):
        network.with_observed([{}])


def test_an_undirected_graph_is_no_network():
    with pytest.raises(sv.InputError, match="undirected"):
        sv.BayesianNetwork(nx.Graph([("a", "b")]))


@pytest.mark.parametrize("names", [(0, 1, 2), (("x", 0), ("x", 1), "y"), (np.int64(3), "a", (1, (2, "b")))])
def test_names_that_are_no_strings_come_back(tmp_path, names):
    a, b, c = names
    cpds = {
        a: sv.LinearGaussian(0.5, {}, 1.0),
        b: sv.LinearGaussian(0.0, {a: 2.0}, 1.0),
        c: sv.LinearGaussian(0.0, {b: -0.5}, 0.3),
    }
    model = sv.SIReNVAE(sv.BayesianNetwork(nx.DiGraph([(a, b), (b, c)]), None, cpds))
    sv.save_model(model, tmp_path / "model.safetensors")
    network = sv.load_model(tmp_path / "model.safetensors").network
    assert network.variables == names
    assert dict(network.conditionals) == cpds
