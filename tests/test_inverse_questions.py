"""What a learner asks of an inverse: paths and their junctions, races, differences, factors, a step as a file."""

import json
from itertools import accumulate, pairwise

import networkx as nx
import numpy as np
import pytest
from random_networks import random_dag
from test_inversion import random_roles

import sirenvae as sv
from sirenvae.graphs.judging.counterexamples import false_claim, lost_independence, spare_edge
from sirenvae.graphs.judging.proofs import asserted_graph
from sirenvae.graphs.separation import active_path
from sirenvae.graphs.telling.paths import any_path, junctions
from sirenvae.graphs.telling.race import RACERS, running_edges


@pytest.mark.parametrize("seed", range(80))
def test_a_path_is_open_exactly_where_networkx_finds_dependence_along_it(seed):
    """Of a path alone, with what hangs below its colliders, d-separation has one way through: this path."""
    rng = np.random.default_rng(seed)
    dag = random_dag(4 + seed % 8, seed)
    x, y, *rest = rng.permutation(len(dag)).tolist()
    given = [v for v in rest if rng.random() < 0.4]
    path = any_path(dag, x, y)
    if path is None:
        assert not nx.has_path(dag.to_undirected(), x, y)
        return
    middle = junctions(dag, path, given)
    assert [junction.variable for junction in middle] == path[1:-1]
    alone = nx.DiGraph(edge for edge in dag.edges if edge in {*pairwise(path), *pairwise(path[::-1])})
    open_here = [v for v in path[1:-1] if v in given or set(given) & nx.descendants(dag, v)]
    condition = {v for v in open_here if alone.in_degree(v) == 2} | (set(given) & set(path))
    assert all(junction.is_open for junction in middle) == (not nx.is_d_separator(alone, {x}, {y}, condition))
    active = active_path(dag, x, y, set(given))
    if active is not None:
        assert all(junction.is_open for junction in junctions(dag, active, given))


def test_a_junction_names_what_opens_it():
    dag = sv.load_network("student").dag
    (collider,) = junctions(dag, ["D", "G", "I"], ["H"])
    assert (collider.kind, collider.is_open, collider.opener) == ("collider", True, "H")
    (cause,) = junctions(dag, ["G", "I", "S"], ["I"])
    assert (cause.kind, cause.is_open, cause.opener) == ("common cause", False, None)
    (chain,) = junctions(dag, ["D", "G", "L"], [])
    assert (chain.kind, chain.is_open) == ("chain", True)


def test_an_answer_in_words():
    network = sv.load_network("student")
    dag = network.dag
    said = sv.explain_answer(dag, "D", "I", [], None)
    assert said == "The path D → G ← I is blocked at G, a collider: neither it nor a descendant of it is given."
    said = sv.explain_answer(dag, "D", "I", ["H"], ["D", "G", "I"])
    assert said == "The path D → G ← I is open: G is a collider and its descendant H is given."
    said = sv.explain_answer(dag, "D", "L", ["G"], None)
    assert said == "The path D → G → L is blocked at G, in the middle of a chain: it is given."
    assert sv.explain_answer(dag, "D", "G", [], ["D", "G"]) == "An edge joins them: D → G."
    apart = nx.DiGraph()
    apart.add_nodes_from("ab")
    assert sv.explain_answer(apart, "a", "b", [], None) == "No path connects the two."
    graph = asserted_graph(sv.invert(network))
    assert "D ← I ← S ← L ← H" in sv.explain_answer(graph, "D", "H", ["G"], active_path(graph, "D", "H", {"G"}))


@pytest.mark.parametrize("seed", range(60))
def test_examples_are_found_exactly_where_a_property_fails(seed):
    network = random_roles(seed)
    for method, order in RACERS:
        inverse = sv.invert(network, order, method=method)
        claim = false_claim(network, inverse)
        assert (claim is None) == sv.is_faithful(network, inverse)
        if claim is not None:
            assert nx.is_d_separator(asserted_graph(inverse), {claim.x}, {claim.y}, set(claim.given))
            assert not nx.is_d_separator(network.dag, {claim.x}, {claim.y}, set(claim.given))
        assert (spare_edge(network, inverse) is None) == sv.is_minimal(network, inverse)
        lost = lost_independence(network, inverse)
        if lost is not None:
            assert nx.is_d_separator(network.dag, {lost.x}, {lost.y}, set(lost.given))
            assert not nx.is_d_separator(asserted_graph(inverse), {lost.x}, {lost.y}, set(lost.given))


@pytest.mark.parametrize("seed", range(40))
def test_a_race_counts_what_the_inverses_have(seed):
    network = random_roles(seed)
    for racer, (method, order) in zip(sv.race(network), RACERS, strict=True):
        inverse = sv.invert(network, order, method=method)
        assert (racer.method, racer.order) == (method, order)
        assert racer.num_edges == inverse.dag.number_of_edges() == racer.running_edges[-1]
        assert racer.faithful == sv.is_faithful(network, inverse)
        assert racer.minimal == (sv.is_minimal(network, inverse) if racer.faithful else None)
        assert racer.natural == sv.is_natural(network, inverse)
        steps = range(len(inverse.steps) + 1)
        if inverse.steps:
            assert racer.running_edges == tuple(
                sv.graphs_at(network, inverse, k).inverse.number_of_edges() for k in steps
            )
            assert racer.num_fill_edges == sum(len(getattr(step, "fill_edges", ())) for step in inverse.steps)
        else:
            gains = [inverse.dag.in_degree(v) for v in inverse.elimination_order]
            assert running_edges(inverse) == tuple(accumulate(gains, initial=0))
            assert racer.num_fill_edges is None
    assert all(racer.faithful is None for racer in sv.race(network, judged=False))


def test_a_difference_adds_up_and_is_said():
    network = sv.load_network("student")
    before = sv.invert(network)
    difference = sv.compare_inverses(before, sv.invert(sv.toggled(network, "G")))
    assert difference.gone == (("J", "G"), ("H", "G"), ("H", "L"))
    assert difference.turned == (("G", "L"),)
    said = "In the inverse 3 edges are gone (J → G, H → G, H → L); 1 edge is turned around (G → L). 8 edges stayed."
    assert sv.explain_difference(difference) == said
    assert sv.explain_difference(sv.compare_inverses(before, before)).startswith("Nothing changes")
    with pytest.raises(sv.InputError, match="not all the same"):
        sv.compare_inverses(before, sv.invert(sv.load_network("collider")))
    with pytest.raises(sv.InputError, match="unknown variables Q"):
        sv.toggled(network, "Q")


@pytest.mark.parametrize("seed", range(40))
def test_differences_rebuild_the_second_inverse(seed):
    network = random_roles(seed)
    rng = np.random.default_rng(seed)
    v = rng.choice(network.variables).item()
    try:
        other = sv.toggled(network, v)
        before, after = sv.invert(network), sv.invert(other)
    except sv.InputError:  # nothing would be left to observe or to infer
        return
    assert (v in other.observed) != (v in network.observed)
    difference = sv.compare_inverses(before, after)
    flipped = {edge[::-1] for edge in difference.turned}
    rebuilt = set(before.dag.edges) - set(difference.gone) - flipped | set(difference.new) | set(difference.turned)
    assert rebuilt == set(after.dag.edges)
    assert difference.num_kept == len(set(before.dag.edges) & set(after.dag.edges))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("order", ["topological", "reverse"])
def test_the_scope_of_a_summed_factor_is_the_parent_set(seed, order):
    network = random_roles(seed)
    inverse = sv.invert(network, order, minimal=False)
    for step, factor in zip(inverse.steps, sv.elimination_factors(network, inverse.elimination_order), strict=True):
        assert factor.variable == step.eliminated
        assert factor.scope == step.parents


@pytest.mark.parametrize("seed", range(30))
def test_the_replayed_graphs_end_at_the_inverse(seed):
    network = random_roles(seed)
    inverse = sv.invert(network, "reverse")
    graphs = sv.graphs_at(network, inverse, len(inverse.steps))
    assert set(graphs.inverse.edges) == set(inverse.dag.edges)
    fills = {frozenset(pair) for step in inverse.steps for pair in getattr(step, "fill_edges", ())}
    kinds = graphs.induced.edges(data="kind")
    assert {frozenset((a, b)) for a, b, kind in kinds if kind == "fill"} == fills
    assert nx.is_chordal(graphs.induced.subgraph(network.latents)) or len(network.latents) < 4
    start = sv.graphs_at(network, inverse, 0)
    assert start.inverse.number_of_edges() == 0
    assert nx.utils.graphs_equal(nx.Graph(start.induced.edges), nx.Graph(nx.moral_graph(network.dag).edges))
    with pytest.raises(sv.InputError, match="this inversion has the steps 0 to"):
        sv.graphs_at(network, inverse, len(inverse.steps) + 1)


def test_a_step_as_json_and_graphml(tmp_path):
    network = sv.load_network("student")
    inverse = sv.invert(network)
    content = json.loads(sv.step_to_json(network, inverse, 2))
    assert content["last"]["eliminated"] == "I"
    assert content["last"]["fill_edges"] == [["G", "S"]]
    assert ["G", "S", "fill"] in content["induced"]
    assert content["inverse"] == [["I", "D"], ["G", "D"], ["G", "I"], ["S", "I"]]
    assert json.loads(sv.step_to_json(network, inverse, 0))["last"] is None
    graph = nx.parse_graphml(sv.step_to_graphml(network, inverse, 2, "induced"))
    assert graph.edges["G", "S"]["kind"] == "fill"
    assert graph.nodes["D"]["role"] == "eliminated"
    file = tmp_path / "inverse.graphml"
    file.write_text(sv.step_to_graphml(network, inverse, 5))
    assert set(sv.read_network(file, observed=["J", "H"]).dag.edges) == set(inverse.dag.edges)
    alone = sv.invert(network, method="mean_field")
    assert len(json.loads(sv.step_to_json(network, alone, 0))["inverse"]) == 10
    with pytest.raises(sv.InputError, match="'moral' came"):
        sv.step_to_graphml(network, inverse, 2, "moral")
