"""Changes to a network: what they do, what they refuse, and that the list of changes makes the network again."""

import networkx as nx
import numpy as np
import pytest
from random_networks import random_network

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import joint_moments


@pytest.fixture
def student():
    return sv.load_network("student")


def same(a: sv.BayesianNetwork, b: sv.BayesianNetwork) -> bool:
    return set(a.dag.edges) == set(b.dag.edges) and a.observed == b.observed and a.conditionals == b.conditionals


def test_no_change_is_the_network_itself(student):
    assert sv.change_network(student, []) is student


def test_every_kind_of_change_with_its_numbers(student):
    changed = sv.change_network(student, ["add T", "add T > J", "reverse D > G", "remove G > H", "remove S"])
    assert set(changed.dag.edges) == {("G", "D"), ("I", "G"), ("G", "L"), ("L", "J"), ("T", "J"), ("J", "H")}
    assert changed.variables == ("D", "I", "G", "L", "J", "H", "T")
    assert changed.observed == ("J", "H")
    assert changed.conditionals["D"].coefficients == {"G": -0.8}
    assert changed.conditionals["G"].coefficients == {"I": 0.9}
    assert changed.conditionals["J"].coefficients == {"L": 0.7, "T": 1.0}
    assert changed.conditionals["T"] == sv.LinearGaussian(0.0, {}, 1.0)
    assert changed.name == "student-edited"
    assert same(student, sv.load_network("student"))
    assert np.isfinite(sv.observed_entropy(changed))


def test_the_order_of_changes_may_close_a_cycle_on_the_way(student):
    there = sv.change_network(student, ["add H > D", "remove G > H", "remove J > H"])
    assert there.parents("D") == ("H",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            ["add L > D"],
            "The change 'add L > D' closes the directed cycle D > G > L > D, and a Bayesian network has none.",
        ),
        (["reverse G > H"], "closes the directed cycle"),
        (["add L > D", "add X"], "The changes close the directed cycle"),
        (["add D > D"], "D was to be its own parent"),
        (["add D > G"], "There is an edge from D to G already."),
        (["remove G > D"], "There is no edge from G to D."),
        (["reverse G > D"], "There is no edge from G to D."),
        (["remove X"], "has no variable 'X'"),
        (["add X > D"], "has no variable 'X'"),
        (["add D"], "has a variable 'D' already"),
        (["add " + "x" * 41], "has at most 40 characters"),
        (["add a>b"], "and no '>'"),
        (["reverse D"], "Only an edge can be reversed"),
        (["move D"], "The change 'move D' came"),
        (["add "], "The change 'add ' came"),
        ([""], "The change '' came"),
        (["remove J", "remove H"], "At least one variable must be observed, but all 5 are latent."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(student, changes, sentence):
    with pytest.raises(sv.InputError) as refused:
        sv.change_network(student, changes)
    assert sentence in str(refused.value)


def test_names_that_hold_an_arrow_themselves():
    dag = nx.DiGraph([("a > b", "c"), ("c", "d > e")])
    changed = sv.change_network(sv.BayesianNetwork(dag), ["add a > b > d > e", "remove c"])
    assert list(changed.dag.edges) == [("a > b", "d > e")]


def test_a_bare_structure_and_products_lose_edges_too():
    circuit = sv.load_network("circuit")
    child = next(v for v, c in circuit.conditionals.items() if isinstance(c, sv.ProductGaussian))
    bare = sv.BayesianNetwork(circuit.dag)
    changes = [f"remove {parent} > {child}" for parent in circuit.parents(child)]
    assert not sv.change_network(bare, changes).parents(child)
    alone = sv.change_network(circuit, changes).conditionals[child]
    assert alone == sv.LinearGaussian(alone.intercept, {}, circuit.conditionals[child].variance)


@pytest.mark.parametrize("seed", range(40))
def test_the_changes_between_two_networks_lead_from_one_to_the_other(seed):
    """A random walk of edits: the list that goes into the link restores where it ended, and is no longer."""
    before = random_network(7, seed)
    draw = np.random.default_rng(seed)
    now, refused = before, 0
    for step in range(12):
        a, b = draw.choice([str(v) for v in now.variables], size=2)
        change = str(draw.choice([f"add {a} > {b}", f"remove {a} > {b}", f"reverse {a} > {b}", f"add n{step}"]))
        try:
            now = sv.change_network(now, [change])
        except sv.InputError:
            refused += 1
    changes = sv.changes_between(before, now)
    again = sv.change_network(before, changes)
    assert set(again.dag.edges) == set(now.dag.edges)
    assert again.variables == now.variables
    assert again.observed == now.observed
    assert len(changes) <= 12 - refused
    assert np.isfinite(joint_moments(again)[1]).all()
