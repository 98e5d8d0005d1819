"""Networks that a name describes: acyclic, of the right size, the same every time, and fit for training."""

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv
from sirenvae.graphs.catalogue.generated import KINDS, Generated, generated_of
from sirenvae.graphs.linear_gaussian import joint_moments

PINNED = """{
"nodes": ["v1", "v2", "v3", "v4", "v5"],
"arcs": [["v1", "v2"], ["v1", "v4"], ["v2", "v3"], ["v2", "v4"], ["v4", "v5"]],
"observed": ["v3", "v5"],
"cpds": {
  "v1": {"coefficients": {"(Intercept)": [0.0]}, "variance": [1.0]},
  "v2": {"coefficients": {"(Intercept)": [0.0], "v1": [0.919]}, "variance": [0.155]},
  "v3": {"coefficients": {"(Intercept)": [0.0], "v2": [-0.911]}, "variance": [0.17]},
  "v4": {"coefficients": {"(Intercept)": [0.0], "v1": [-0.479], "v2": [-0.284]}, "variance": [0.44]},
  "v5": {"coefficients": {"(Intercept)": [0.0], "v4": [-0.837]}, "variance": [0.299]}
}}"""
SIZES = [(3, 1), (8, 1), (20, 2), (107, 3)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("num_variables", "parents"), SIZES)
@pytest.mark.parametrize("seed", [0, 1, 7, 9999])
def test_generated_networks_are_acyclic_of_the_right_size_and_standardized(kind, num_variables, parents, seed):
    network = sv.generate_network(kind, num_variables, parents, seed)
    assert nx.is_directed_acyclic_graph(network.dag)
    assert len(network.variables) == num_variables
    assert all(network.position[parent] < network.position[child] for parent, child in network.dag.edges)
    mean, covariance, _ = joint_moments(network)
    assert np.allclose(mean, 0)
    assert np.allclose(np.diag(covariance), 1, atol=1e-3)
    assert min(conditional.variance for conditional in network.conditionals.values()) > 0.09


@pytest.mark.parametrize(("num_variables", "parents"), SIZES)
def test_a_random_dag_has_the_parents_that_were_asked_for_and_nobody_alone(num_variables, parents):
    for seed in range(20):
        dag = sv.generate_network("random-dag", num_variables, parents, seed).dag
        assert dag.number_of_edges() == num_variables * parents
        assert min(degree for _, degree in dag.degree) > 0


def test_a_full_random_dag_is_the_fully_connected_one():
    assert sv.generate_network("random-dag", 9, 4, 3).dag.number_of_edges() == 9 * 8 / 2


@pytest.mark.parametrize("seed", range(5))
def test_trees_chains_and_layers_are_what_they_are_called(seed):
    assert nx.is_arborescence(sv.generate_network("random-tree", 30, seed=seed).dag)
    chain = sv.generate_network("random-chain", 30, seed=seed)
    assert list(chain.dag.edges) == [(f"v{i}", f"v{i + 1}") for i in range(1, 30)]
    assert chain.observed == ("v30",)
    layered = sv.generate_network("layered", 200, 3, seed).dag
    generation = {v: g for g, layer in enumerate(nx.topological_generations(layered)) for v in layer}
    assert all(generation[child] - generation[parent] == 1 for parent, child in layered.edges)
    below = [layered.in_degree(v) for v in layered if generation[v]]
    assert np.mean(below) == pytest.approx(3, abs=0.25)


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_makes_the_same_network_again_and_another_seed_another(kind):
    network = sv.generate_network(kind, 20, 2, 7)
    again = sv.load_network(network.name)
    assert again is not network
    assert sv.network_to_json(again) == sv.network_to_json(network)
    other = sv.generate_network(kind, 20, 2, 8)
    assert sv.network_to_json(other) != sv.network_to_json(network)
    assert network.name in {"random-dag-20-2-7", "layered-20-2-7", "random-tree-20-7", "random-chain-20-7"}
    assert "of 20 variables" in sv.about_network(network.name)
    assert sv.about_network(network.name).endswith(", seed 7; the leaves are seen.")


def test_one_network_to_the_last_digit():
    """A link that was sent must not mean another network tomorrow."""
    network = sv.load_network("random-dag-5-1-7")
    assert sv.network_to_json(network) == sv.network_to_json(sv.parse_network(PINNED, "pinned.json"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("random-dag-1-1-7", "The number of variables is a whole number from 2 to 1000, but 1 came."),
        ("random-dag-1001-1-7", "The number of variables is a whole number from 2 to 1000, but 1001 came."),
        ("random-dag-20-0-7", "The average number of parents is a whole number"),
        ("random-dag-20-10-7", "The average number of parents is a whole number"),
        ("random-dag-8-4-7", "8 variables can have 3.5 parents on average at most, but 4 were asked for."),
        ("random-tree-20-10000", "The seed is a whole number from 0 to 9999, but 10000 came."),
        ("random-dag-20-7", "There is no network called"),
        ("random-tree-20-2-7", "There is no network called"),
        ("random-dag-20-2-7-1", "There is no network called"),
        ("random-dag-20-2", "There is no network called"),
        ("random-dag--20-2-7", "There is no network called"),
    ],
)
def test_names_out_of_range_are_one_sentence(name, sentence):
    with pytest.raises(sv.InputError, match=sentence.replace(".", r"\.")):
        sv.load_network(name)


def test_other_arguments_out_of_range():
    with pytest.raises(sv.InputError, match="of the kind 'star' cannot be generated"):
        sv.generate_network("star")
    with pytest.raises(sv.InputError, match=r"but 2\.5 came"):
        sv.generate_network(parents=2.5)
    with pytest.raises(sv.InputError, match="one parent per variable"):
        Generated("random-tree", 20, 2, 7)
    assert generated_of("ecoli70") is None
