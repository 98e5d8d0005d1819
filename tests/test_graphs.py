"""Networks, their inverses and the checks on them, against worked examples and against exact regressions."""

import pickle

import networkx as nx
import numpy as np
import pytest
from random_networks import random_network

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import joint_moments


def test_student_trace_is_that_of_the_paper():
    steps = sv.invert(sv.load_network("student")).steps
    assert [step.eliminated for step in steps] == ["D", "I", "S", "G", "L"]
    assert [set(map(frozenset, step.fill_edges)) for step in steps] == [
        set(),
        {frozenset("GS")},
        set(),
        {frozenset("HL")},
        set(),
    ]
    assert [set(step.parents) for step in steps] == [set("IG"), set("GS"), set("GLJ"), set("LHJ"), set("HJ")]
    assert steps[0].frontier == {"D": 0, "I": 2}
    assert set(map(frozenset, sv.moralizing_edges(sv.load_network("student")))) == {
        frozenset("DI"),
        frozenset("SL"),
        frozenset("GJ"),
    }


@pytest.mark.parametrize(("depth", "topological", "reverse"), [(3, 9, 10), (4, 35, 30), (5, 135, 78)])
def test_binary_trees_have_the_known_number_of_edges(depth, topological, reverse):
    network = sv.load_network(f"binary-tree-{depth}")
    assert sv.invert(network).dag.number_of_edges() == topological
    assert sv.invert(network, order="reverse").dag.number_of_edges() == reverse


def test_a_collider_is_not_transposed():
    network = sv.load_network("collider")
    assert network.parents("c") == ("a", "b")
    assert set(sv.invert(network).dag.edges) == {("b", "a"), ("c", "a"), ("c", "b")}


@pytest.mark.parametrize("order", ["topological", "reverse"])
@pytest.mark.parametrize("seed", range(30))
def test_inverse_parents_are_the_regressors_that_matter(seed, order):
    """With generic numbers the exact regression of a latent on everything before it has the parents as its support."""
    network = random_network(3 + seed % 8, seed)
    inverse = sv.invert(network, order)
    _, covariance, _ = joint_moments(network)
    before = [network.position[x] for x in network.observed]
    for v in reversed(inverse.elimination_order):
        row = network.position[v]
        slopes = np.linalg.solve(covariance[np.ix_(before, before)], covariance[before, row])
        support = {network.variables[i] for i, slope in zip(before, slopes, strict=True) if abs(slope) > 1e-8}
        assert support == set(inverse.dag.predecessors(v))
        before.append(row)
    assert sv.is_faithful(network, inverse)
    assert sv.is_minimal(network, inverse)
    assert sv.is_natural(network, inverse)


def test_checks_notice_a_missing_edge_a_needless_edge_and_an_unnatural_order():
    network = sv.load_network("student")
    inverse = sv.invert(network)

    def changed(add=(), remove=()):
        dag = nx.DiGraph(inverse.dag)
        dag.add_edges_from(add)
        dag.remove_edges_from(remove)
        return sv.Inverse(dag, inverse.elimination_order, inverse.steps, inverse.order)

    assert not sv.is_faithful(network, changed(remove=[("L", "G")]))
    assert sv.is_faithful(network, changed(add=[("J", "D")]))
    assert not sv.is_minimal(network, changed(add=[("J", "D")]))
    assert not sv.is_natural(network, changed(add=[("D", "S")], remove=[("S", "I")]))


def test_barren_latents_keep_a_needless_parent_in_the_printed_algorithm():
    network = sv.BayesianNetwork(nx.DiGraph([(0, 2), (1, 2)]), observed=[0])
    printed = sv.invert(network, order="reverse", minimal=False)
    assert printed.dag.has_edge(0, 1)
    assert sv.is_faithful(network, printed)
    assert not sv.is_minimal(network, printed)
    mended = sv.invert(network, order="reverse")
    assert mended.steps[-1] == sv.PruningStep(child=1, parent=0, separating_set=())
    assert not mended.dag.has_edge(0, 1)
    assert sv.is_faithful(network, mended)
    assert sv.is_minimal(network, mended)
    assert "does not depend on 0" in sv.explain(mended.steps[-1])


@pytest.mark.parametrize(
    ("name", "variables", "edges", "observed", "entropy"),
    [
        ("ecoli70", 46, 70, 24, 31.199),
        ("arth150", 107, 150, 67, 37.023),
        ("magic-irri", 64, 102, 5, 9.863),
        ("magic-niab", 44, 66, 5, 4.453),
    ],
)
def test_shipped_networks_have_the_known_sizes_and_entropies(name, variables, edges, observed, entropy):
    network = sv.load_network(name)
    assert (len(network.dag), network.dag.number_of_edges(), len(network.observed)) == (variables, edges, observed)
    assert sv.observed_entropy(network) == pytest.approx(entropy, abs=5e-4)


def test_every_named_network_loads_and_says_what_it_is():
    for name in sv.network_names():
        assert sv.load_network(name).name == name
        assert sv.about_network(name).endswith(".")
    assert sv.load_network("student").observed == ("J", "H")


def test_explanations_name_the_step():
    words = [sv.explain(step) for step in sv.invert(sv.load_network("student")).steps]
    assert "costs 1 fill edge" in words[1]
    assert "the edge L–H is added: once G is summed out" in words[3]
    assert "of the frontier {D, I}" in words[0]


def test_a_network_is_frozen_and_survives_pickling():
    network = sv.load_network("ecoli70")
    with pytest.raises(nx.NetworkXError, match=r"[Ff]rozen"):
        network.dag.add_edge("aceB", "yjbO")
    with pytest.raises(TypeError):
        network.conditionals["aceB"] = None
    copy = pickle.loads(pickle.dumps(network))
    assert copy.variables == network.variables
    assert set(copy.dag.edges) == set(network.dag.edges)
    assert sv.observed_entropy(copy) == sv.observed_entropy(network)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: sv.load_network("nope"), "no network called 'nope'; there are student"),
        (
            lambda: sv.BayesianNetwork(nx.DiGraph([(1, 2), (2, 1)])),
            r"no directed cycle, but this graph has 1 -> 2 -> 1",
        ),
        (lambda: sv.load_network("chain").with_observed(["y"]), "unknown variables y; the network has a, b, c, x"),
        (lambda: sv.load_network("chain").with_observed(list("abcx")), "At least one variable must be latent"),
        (lambda: sv.load_network("chain").with_observed("abcx"), "unknown variables abcx"),
        (lambda: sv.load_network("chain").with_observed([]), "At least one variable must be observed"),
        (lambda: sv.invert(sv.load_network("chain"), "sideways"), "one of topological, reverse"),
        (lambda: sv.eliminate(sv.load_network("chain"), "sideways"), "one of topological, reverse"),
        (lambda: sv.LinearGaussian(0.0, {}, -1.0), "positive variance"),
        (lambda: sv.BayesianNetwork(nx.DiGraph([(1, 2)]), conditionals={1: sv.LinearGaussian(0, {}, 1)}), "2 has none"),
        (
            lambda: sv.BayesianNetwork(
                nx.DiGraph([(1, 2)]), conditionals={v: sv.LinearGaussian(0, {}, 1) for v in (1, 2)}
            ),
            "its parents are",
        ),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        make()
