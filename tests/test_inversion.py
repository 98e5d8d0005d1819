"""Every rule of inversion, against the plain algorithm, against networkx's d-separation and against definitions."""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from plain_inversion import plain_elimination
from random_networks import random_dag

import sirenvae as sv
from sirenvae.graphs.judging.proofs import asserted_graph
from sirenvae.graphs.separation import active_path, border


def random_roles(seed: int) -> sv.BayesianNetwork:
    """A random DAG of 3 to 12 variables with an arbitrary observed set that leaves some latent an edge."""
    rng = np.random.default_rng(seed)
    dag = random_dag(3 + seed % 10, seed, probability=rng.uniform(0.1, 0.6))
    connected = next(v for v in rng.permutation(len(dag)).tolist() if dag.degree(v))
    others = [v for v in dag if v != connected]
    count = rng.integers(1, len(others) + 1)
    return sv.BayesianNetwork(dag, [int(v) for v in rng.choice(others, count, replace=False)])


def faithful_by_networkx(network, inverse) -> bool:
    before = set(network.observed)
    for v in reversed(inverse.elimination_order):
        parents = set(inverse.dag.predecessors(v))
        if not nx.is_d_separator(network.dag, {v}, before - parents, parents):
            return False
        before.add(v)
    return True


def minimal_by_networkx(network, inverse) -> bool:
    for parent, child in inverse.dag.edges:
        others = set(inverse.dag.predecessors(child)) - {parent}
        if nx.is_d_separator(network.dag, {child}, {parent}, others):
            return False
    return True


def natural_by_order(network, inverse, order) -> bool:
    rank = {v: i for i, v in enumerate(inverse.elimination_order)}
    edges = network.dag.subgraph(network.latents).edges
    return all(rank[a] < rank[b] if order == "topological" else rank[a] > rank[b] for a, b in edges)


def test_2000_random_networks_are_inverted_faithfully_minimally_and_naturally():
    pruned = 0
    for seed in range(2000):
        network = random_roles(seed)
        for order in ("topological", "reverse"):
            inverse = sv.invert(network, order)
            assert faithful_by_networkx(network, inverse)
            assert minimal_by_networkx(network, inverse)
            assert natural_by_order(network, inverse, order)
            pruned += any(isinstance(step, sv.PruningStep) for step in inverse.steps)
    assert pruned > 200


@pytest.mark.parametrize("seed", range(60))
def test_our_checks_agree_with_networkx(seed):
    """On inverses of all kinds, printed and spoilt ones included."""
    network = random_roles(seed)
    for method in ("nami", "stuhlmueller", "mean_field", "fully_connected"):
        for order in ("topological", "reverse"):
            inverse = sv.invert(network, order, method=method, minimal=False)
            assert sv.is_faithful(network, inverse) == faithful_by_networkx(network, inverse)
            assert sv.is_minimal(network, inverse) == minimal_by_networkx(network, inverse)


@pytest.mark.parametrize("order", ["topological", "reverse"])
def test_the_trace_is_that_of_the_plain_algorithm(order):
    networks = [random_roles(seed) for seed in range(200)]
    networks += [sv.load_network(name) for name in ("student", "greenhouse", "binary-tree-5", "ecoli70", "magic-niab")]
    for network in networks:
        steps = list(sv.eliminate(network, order))
        plain = list(plain_elimination(network, order))
        assert [(s.frontier, s.eliminated, s.fill_edges, s.parents) for s in steps] == plain


def test_frontiers_can_be_read_in_any_order():
    steps = list(sv.eliminate(sv.load_network("ecoli70")))
    forwards = [step.frontier for step in steps]
    assert [step.frontier for step in reversed(steps)] == forwards[::-1]
    assert steps[3].frontier == steps[3].frontier == forwards[3]
    assert list(forwards[0]) == [v for v in sv.load_network("ecoli70").variables if v in forwards[0]]


def test_frontier_changes_add_up_to_the_frontiers():
    for seed in range(40):
        frontier = {}
        for step in sv.eliminate(random_roles(seed), include_observed=seed % 2 == 0):
            assert all(frontier.get(v) != cost for v, cost in step.frontier_changes.items())
            frontier.update(step.frontier_changes)
            assert frontier == step.frontier
            del frontier[step.eliminated]


def test_other_heuristics():
    network = sv.load_network("ecoli70")
    by_fill = list(sv.eliminate(network))
    equal = list(sv.eliminate(network, heuristic="weighted_min_fill", weights=dict.fromkeys(network.variables, 1)))
    assert [step.eliminated for step in equal] == [step.eliminated for step in by_fill]
    weights = {v: 1 + i % 5 for i, v in enumerate(network.variables)}
    for step in sv.eliminate(network, heuristic="weighted_min_fill", weights=weights):
        assert step.frontier[step.eliminated] == sum(weights[a] * weights[b] for a, b in step.fill_edges)
        assert step.frontier[step.eliminated] == min(step.frontier.values())
    for step in sv.eliminate(network, heuristic="min_degree"):
        assert step.frontier[step.eliminated] == len(step.parents) == min(step.frontier.values())
    for heuristic in ("min_degree", "min_fill"):
        inverse = sv.invert(network, heuristic=heuristic)
        assert sv.is_faithful(network, inverse)
        assert sv.is_minimal(network, inverse)


def test_the_observed_variables_complete_the_factorization():
    network = sv.load_network("student")
    inverse = sv.invert(network, include_observed=True)
    assert inverse.elimination_order[:5] == ["D", "I", "S", "G", "L"]
    assert inverse.elimination_order[5:] == ["J", "H"]
    assert set(inverse.dag.predecessors("J")) == {"H"}
    assert nx.is_directed_acyclic_graph(inverse.dag)
    assert sv.is_faithful(network, inverse)


def test_heuristic_inverses_of_student():
    network = sv.load_network("student")
    heuristic = sv.invert(network, method="stuhlmueller")
    assert {v: set(heuristic.dag.predecessors(v)) for v in network.latents} == {
        "D": {"G", "I"},
        "I": {"G", "S"},
        "G": {"L", "J", "H"},
        "S": {"L", "J"},
        "L": {"J"},
    }
    assert not sv.is_faithful(network, heuristic)
    alone = sv.invert(network, method="mean_field")
    assert all(set(alone.dag.predecessors(v)) == {"J", "H"} for v in network.latents)
    assert not sv.is_faithful(network, alone)
    full = sv.invert(network, method="fully_connected")
    assert full.dag.number_of_edges() == 5 * 2 + 10
    assert sv.is_faithful(network, full)
    assert not sv.is_minimal(network, full)
    assert full.steps == []


@pytest.mark.parametrize("seed", range(80))
def test_separation_and_its_witnesses(seed):
    rng = np.random.default_rng(seed)
    dag = random_dag(4 + seed % 7, seed)
    x, y, *rest = rng.permutation(len(dag)).tolist()
    given = {v for v in rest if rng.random() < 0.4}
    separated = nx.is_d_separator(dag, {x}, {y}, given)
    assert (y not in border(dag, x, {y}, given)) == separated
    path = active_path(dag, x, y, given)
    assert (path is None) == separated
    if path is not None:
        assert (path[0], path[-1]) == (x, y)
        assert len(set(path)) == len(path)
        for before, v, after in zip(path, path[1:], path[2:], strict=False):
            if dag.has_edge(before, v) and dag.has_edge(after, v):
                assert given & (nx.descendants(dag, v) | {v})
            else:
                assert v not in given
        for a, b in pairwise(path):
            assert dag.has_edge(a, b) or dag.has_edge(b, a)


def test_independence_says_what_network_and_inverse_assert():
    network = sv.load_network("student")
    inverse = sv.invert(network)
    lost = sv.independence(network, inverse, "D", "I")
    assert lost.in_network
    assert not lost.in_inverse
    assert lost.inverse_path == ("D", "I")
    kept = sv.independence(network, inverse, "D", "J", given=["G", "I"])
    assert kept.in_network
    assert kept.in_inverse
    neither = sv.independence(network, inverse, "D", "I", given=["H"])
    assert neither.network_path == ("D", "G", "I")
    observed = sv.independence(network, inverse, "J", "H", given=[])
    assert not observed.in_inverse
    with pytest.raises(sv.InputError, match="student has no variable Q; it has D, I"):
        sv.independence(network, inverse, "D", "Q")
    with pytest.raises(sv.InputError, match="D, D given"):
        sv.independence(network, inverse, "D", "D")


def test_a_faithful_inverse_asserts_nothing_that_the_network_does_not():
    for seed in range(40):
        network = random_roles(seed)
        inverse = sv.invert(network)
        graph = asserted_graph(inverse)
        assert nx.is_directed_acyclic_graph(graph)
        rng = np.random.default_rng(seed)
        for _ in range(20):
            x, y, *rest = rng.permutation(len(network.dag)).tolist()
            given = {v for v in rest if rng.random() < 0.4}
            if nx.is_d_separator(graph, {x}, {y}, given):
                assert nx.is_d_separator(network.dag, {x}, {y}, given)


def test_report():
    network = sv.load_network("student")
    said = sv.report(network, sv.invert(network))
    assert (said.faithful, said.minimal, said.natural) == (True, True, True)
    assert (said.num_edges, said.largest_parent_set) == (12, 3)
    assert all(answer.in_network and not answer.in_inverse for answer in said.lost)
    assert ("D", "I") in {(answer.x, answer.y) for answer in said.lost}
    sampled = sv.report(sv.load_network("ecoli70"), sv.invert(sv.load_network("ecoli70")), at_most=20)
    assert sampled.num_asked == 20


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda n: sv.invert(n, method="magic"), "one of nami, stuhlmueller, mean_field, fully_connected"),
        (lambda n: sv.invert(n, "up"), "one of topological, reverse"),
        (lambda n: sv.invert(n, heuristic="luck"), "one of min_fill, weighted_min_fill, min_degree"),
        (lambda n: sv.invert(n, heuristic="weighted_min_fill"), "a positive weight for every variable"),
        (lambda n: sv.invert(sv.BayesianNetwork(isolated(), ["a", "b"])), "No latent of network has an edge"),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        make(sv.load_network("student"))


def isolated() -> nx.DiGraph:
    dag = nx.DiGraph([("a", "b")])
    dag.add_node("c")
    return dag


@pytest.mark.parametrize("name", ["arth150", "layered-1000-2-0"])
def test_threads_that_read_the_frontiers_at_random_do_not_disturb_each_other(name):
    """Networks and their inverses are shared by the sessions of the app."""
    steps = sv.invert(sv.load_network(name)).steps
    expected = [step.frontier for step in steps]
    start = threading.Barrier(8)

    def read(seed):
        start.wait()
        chosen = random.Random(seed).choices(range(len(steps)), k=150)
        return sum(steps[index].frontier != expected[index] for index in chosen)

    with between_switches(1e-6), ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(read, range(8))) == 0


@contextmanager
def between_switches(seconds):
    """Let threads take turns more often than they normally do."""
    normal = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(normal)
