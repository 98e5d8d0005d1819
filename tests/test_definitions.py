"""Faithful, minimal and natural by the letter of their definitions, on graphs so small that all can be enumerated.

Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018).
"""

from collections import Counter
from itertools import combinations, permutations, product

import networkx as nx
import pytest
from test_inversion import random_roles

import sirenvae as sv
from sirenvae.graphs.judging.proofs import asserted_graph

METHODS = ("nami", "stuhlmueller", "mean_field", "fully_connected")
ORDERS = ("topological", "reverse")


def assertions(dag: nx.DiGraph) -> set:
    """Every conditional independence of two variables that a graph asserts."""
    found = set()
    for x, y in combinations(sorted(dag), 2):
        rest = [v for v in dag if v not in (x, y)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                if nx.is_d_separator(dag, {x}, {y}, set(given)):
                    found.add((x, y, frozenset(given)))
    return found


def is_i_map(network, inverse) -> bool:
    """Definition 1, with what the inverse leaves open joined."""
    return assertions(asserted_graph(inverse)) <= assertions(network.dag)


def without(inverse, edge) -> sv.Inverse:
    dag = nx.DiGraph(inverse.dag)
    dag.remove_edge(*edge)
    return sv.Inverse(dag, inverse.elimination_order, [], inverse.order)


def has_no_edge_up_or_none_down(inverse, variables, dag) -> bool:
    """Definition 3 for some variables, ancestors and descendants by the edges of `dag`."""
    edges = [(a, b) for a, b in inverse.dag.edges if {a, b} <= set(variables)]
    down = [edge for edge in edges if nx.has_path(dag, *edge)]
    up = [(a, b) for a, b in edges if nx.has_path(dag, b, a)]
    return not down or not up


def inverse_of(network, parents, order) -> sv.Inverse:
    """An inverse by hand: the parents of each latent, latents in the order of their elimination."""
    dag = nx.DiGraph()
    dag.add_nodes_from(network.variables)
    dag.add_edges_from((parent, v) for v in order for parent in parents.get(v, ""))
    return sv.Inverse(dag, list(order), [], "topological")


def test_faithful_and_minimal_are_definitions_1_and_2():
    """By every rule, the algorithm as printed, of networks of up to five variables with any of them observed."""
    verdicts = Counter()
    for seed in (seed for seed in range(100) if seed % 10 < 3):
        network = random_roles(seed)
        for method, order in product(METHODS, ORDERS):
            inverse = sv.invert(network, order, method=method, minimal=False)
            faithful = is_i_map(network, inverse)
            assert sv.is_faithful(network, inverse) == faithful
            if faithful:
                minimal = not any(is_i_map(network, without(inverse, edge)) for edge in inverse.dag.edges)
                assert sv.is_minimal(network, inverse) == minimal
                verdicts[minimal] += 1
            verdicts["unfaithful"] += not faithful
    assert min(verdicts[True], verdicts[False], verdicts["unfaithful"]) > 20, verdicts


def test_minimal_alone_does_not_ask_for_faithful():
    """Definition 2 does; no edge of the heuristic's inverse is needless, yet it is no I-map."""
    student = sv.load_network("student")
    heuristic = sv.invert(student, method="stuhlmueller")
    assert sv.is_minimal(student, heuristic)
    assert not sv.is_faithful(student, heuristic)


def test_figure_1_a_heuristic_lacks_the_edges_between_the_branches():
    network = sv.BayesianNetwork(nx.DiGraph([("a", "b"), ("a", "c"), ("b", "d"), ("c", "e")]))
    turned = sv.invert(network, method="stuhlmueller")
    assert set(turned.dag.edges) == {edge[::-1] for edge in network.dag.edges}
    assert not is_i_map(network, turned)
    inverse = sv.invert(network)
    assert set(inverse.dag.edges) - set(turned.dag.edges) == {("c", "b"), ("d", "c")}
    assert is_i_map(network, inverse)


def test_figure_2_natural_inverses():
    """Its graph has the two parents A and B of C; an observed child of C makes latents of all three."""
    network = sv.BayesianNetwork(nx.DiGraph([("A", "C"), ("B", "C"), ("C", "x")]))
    h1 = inverse_of(network, {"A": "x", "C": "A", "B": "C"}, "BCA")
    h2 = inverse_of(network, {"C": "x", "B": "C", "A": "BC"}, "ABC")
    h3 = inverse_of(network, {"B": "x", "A": "xB", "C": "AB"}, "CAB")
    assert [sv.is_natural(network, h) for h in (h1, h2, h3)] == [False, True, True]
    by_definition = [has_no_edge_up_or_none_down(h, network.latents, network.dag) for h in (h1, h2, h3)]
    assert by_definition == [False, True, True]
    assert sv.invert(network).elimination_order == h2.elimination_order
    assert set(sv.invert(network).dag.edges) == set(h2.dag.edges) - {("x", "B"), ("x", "A")}
    assert sv.invert(network, "reverse").elimination_order[0] == "C"


@pytest.mark.parametrize("seed", range(60))
def test_natural_is_never_less_than_definition_3_among_latents(seed):
    """On inverses in any order of the latents, most of them not natural."""
    network = random_roles(seed)
    among_latents = network.dag.subgraph(network.latents)
    for k, order in enumerate(permutations(network.latents[:4])):
        latents = (*order, *network.latents[4:])
        rank = {v: i for i, v in enumerate(latents)}
        moral = nx.moral_graph(network.dag)
        parents = {v: [u for u in moral[v] if rank.get(u, len(rank)) > rank[v]] for v in latents}
        inverse = inverse_of(network, parents, latents)
        if sv.is_natural(network, inverse):
            assert has_no_edge_up_or_none_down(inverse, network.latents, among_latents), k
    for order in ORDERS:
        assert sv.is_natural(network, sv.invert(network, order))


def test_natural_asks_for_one_order_and_the_definition_for_single_edges():
    """Four chains; edges between them offend neither way, but close circles with the chains both ways."""
    network = sv.BayesianNetwork(nx.DiGraph(["ab", "cd", "ef", "gh", "bx", "dx", "fx", "hx"]))
    inverse = inverse_of(network, {"d": "a", "b": "c", "g": "f", "e": "h"}, "dbgeacfh")
    assert nx.is_directed_acyclic_graph(inverse.dag)
    assert has_no_edge_up_or_none_down(inverse, network.latents, network.dag)
    assert not sv.is_natural(network, inverse)


def test_only_latents_count_or_nothing_in_reverse_order_were_natural():
    student = sv.load_network("student")
    inverse = sv.invert(student, "reverse")
    assert sv.is_natural(student, inverse)
    assert not has_no_edge_up_or_none_down(inverse, student.variables, student.dag)
    assert has_no_edge_up_or_none_down(inverse, student.latents, student.dag)


def test_descent_by_way_of_an_observed_variable_does_not_count():
    """Algorithm 1 waits for latent parents alone, so b may go before a, although a is above it by x."""
    dag = nx.DiGraph()
    dag.add_nodes_from("baxcy")
    dag.add_edges_from(["ax", "xb", "ac", "bc", "cy"])
    network = sv.BayesianNetwork(dag, ["x", "y"])
    inverse = sv.invert(network)
    assert inverse.elimination_order == ["b", "a", "c"]
    assert sv.is_natural(network, inverse)
    assert not has_no_edge_up_or_none_down(inverse, network.latents, network.dag)
    assert is_i_map(network, inverse)


def edges_by_order(network) -> dict[tuple, int]:
    """Edges of the inverse for every order of elimination: the minimal I-maps are these."""
    moral = {v: set(around) for v, around in nx.moral_graph(network.dag).adjacency()}
    counts = {}

    def go_on(gone: tuple, edges: int, graph: dict) -> None:
        left = [v for v in network.latents if v not in gone]
        if not left:
            counts[gone] = edges
        for v in left:
            around = graph[v]
            rest = {u: (near | around if u in around else near) - {u, v} for u, near in graph.items() if u != v}
            go_on((*gone, v), edges + len(around), rest)

    go_on((), 0, moral)
    return counts


@pytest.mark.parametrize(("depth", "counts", "smallest"), [(3, [6, 9, 10, 15], 9), (4, [14, 35, 30, 77], 27)])
def test_figure_5_the_inverses_of_binary_trees(depth, counts, smallest):
    """Heuristic, topological, reverse, fully connected. The paper calls the reverse one the most compact I-map from
    depth 4 on; of the natural ones it is, but to eliminate the root first and then the leaves' parents saves three
    edges more."""
    network = sv.load_network(f"binary-tree-{depth}")
    heuristic = sv.invert(network, method="stuhlmueller")
    assert set(heuristic.dag.edges) == {edge[::-1] for edge in network.dag.edges}
    full = sv.invert(network, method="fully_connected")
    inverses = [heuristic, sv.invert(network), sv.invert(network, "reverse"), full]
    assert [inverse.dag.number_of_edges() for inverse in inverses] == counts
    by_order = edges_by_order(network)
    edges = network.dag.subgraph(network.latents).edges
    down = {n for order, n in by_order.items() if all(order.index(a) < order.index(b) for a, b in edges)}
    up = {n for order, n in by_order.items() if all(order.index(a) > order.index(b) for a, b in edges)}
    assert (down, up) == ({counts[1]}, {counts[2]})
    assert min(by_order.values()) == smallest


def test_the_27_edges_are_faithful_and_minimal_and_not_natural():
    network = sv.load_network("binary-tree-4")
    parents = {
        "v0": ("v1", "v2"),
        "v3": ("v1", "v7", "v8"),
        "v4": ("v1", "v9", "v10"),
        "v1": ("v2", "v7", "v8", "v9", "v10"),
        "v5": ("v2", "v11", "v12"),
        "v6": ("v2", "v13", "v14"),
        "v2": network.observed,
    }
    inverse = inverse_of(network, parents, tuple(parents))
    assert inverse.dag.number_of_edges() == 27
    assert (sv.is_faithful(network, inverse), sv.is_minimal(network, inverse)) == (True, True)
    assert not sv.is_natural(network, inverse)
    assert sv.posterior_gap(network, inverse) == pytest.approx(0, abs=1e-12)
