"""Markov blankets and numbers of the structure, against d-separation and networkx."""

import networkx as nx
import pytest
from networkx.algorithms.approximation import treewidth_min_degree, treewidth_min_fill_in
from random_networks import random_network

import sirenvae as sv
from sirenvae.graphs.separation import is_separated


@pytest.mark.parametrize("seed", range(30))
def test_the_blanket_separates_and_no_member_can_be_spared(seed):
    network = random_network(8, seed)
    for v in network.variables:
        blanket = sv.markov_blanket(network, v).members
        others = set(network.variables) - blanket - {v}
        assert is_separated(network.dag, {v}, others, blanket)
        assert not any(is_separated(network.dag, {v}, {member}, blanket - {member}) for member in blanket)


def test_each_member_has_one_reason():
    student = sv.load_network("student")
    assert sv.markov_blanket(student, "G") == sv.MarkovBlanket(("D", "I"), ("L", "H"), ("J",))
    dag = nx.DiGraph([("p", "v"), ("v", "c"), ("p", "c"), ("v", "d"), ("c", "d")])
    assert sv.markov_blanket(sv.BayesianNetwork(dag), "v") == sv.MarkovBlanket(("p",), ("c", "d"), ())
    with pytest.raises(sv.InputError, match="has no variable 'x'"):
        sv.markov_blanket(student, "x")


@pytest.mark.parametrize("name", ["student", "greenhouse", "binary-tree-4", "ecoli70", "arth150", "layered-30-3-1"])
def test_the_bound_on_the_treewidth_is_close_to_other_bounds(name):
    network = sv.load_network(name)
    moral = nx.moral_graph(network.dag)
    cliques = max(map(len, nx.find_cliques(moral))) - 1
    others = [treewidth_min_fill_in(moral)[0], treewidth_min_degree(moral)[0]]
    assert cliques <= sv.treewidth_bound(network) <= min(others) + 2


def test_the_treewidth_of_simple_networks_is_known():
    assert sv.treewidth_bound(sv.load_network("random-chain-40-1")) == 1
    assert sv.treewidth_bound(sv.load_network("random-tree-40-1")) == 1
    assert sv.treewidth_bound(sv.load_network("random-dag-9-4-1")) == 8


@pytest.mark.parametrize("seed", range(10))
def test_the_longest_path(seed):
    network = random_network(7, seed)
    lengths = [len(p) - 1 for a in network.dag for b in network.dag for p in nx.all_simple_paths(network.dag, a, b)]
    assert sv.longest_path(network) == max(lengths, default=0)
