"""Finding directed cycles."""

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv
from sirenvae.graphs.cycles import cycle_in_words, find_cycle


@pytest.mark.parametrize("seed", range(60))
def test_a_cycle_is_found_exactly_if_there_is_one(seed):
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(rng.permutation(12).tolist())
    graph.add_edges_from((int(a), int(b)) for a, b in rng.integers(12, size=(rng.integers(4, 18), 2)))
    cycle = find_cycle(graph)
    assert (cycle is None) == nx.is_directed_acyclic_graph(graph)
    if cycle is not None:
        assert nx.is_simple_path(graph, cycle)
        assert graph.has_edge(cycle[-1], cycle[0])
        assert cycle[0] == next(v for v in graph if v in cycle)


def test_a_cycle_behind_a_long_chain_is_found_at_once():
    """The chain is declared from its end, so that a search from each variable on walks it over and over."""
    chain = [(i + 1, i) for i in range(20_000)] + [(20_000, 20_001), (20_001, 20_000)]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(20_002))
    graph.add_edges_from(chain)
    with pytest.raises(sv.InputError, match=r"has 20000 -> 20001 -> 20000\."):
        sv.BayesianNetwork(graph)


def test_of_a_long_cycle_the_beginning_is_shown():
    assert cycle_in_words([1, 2, 3], " > ") == "1 > 2 > 3 > 1"
    words = cycle_in_words(range(1000), " > ")
    assert words.endswith("19 > ... > 0")
    assert len(words) < 100
