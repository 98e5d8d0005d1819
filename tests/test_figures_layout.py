"""Where variables are drawn."""

import itertools
import math
import random

import networkx as nx
import pytest

import sirenvae as sv

pytest.importorskip("fast_sugiyama", reason="the layout is an optional part")
from sirenvae.figures.layout import layered_positions


def random_dag(size: int, seed: int) -> nx.DiGraph:
    draw = random.Random(seed)
    dag = nx.DiGraph()
    dag.add_nodes_from(f"x{i}" for i in range(size))
    for child in range(1, size):
        for parent in draw.sample(range(child), k=min(child, draw.choice([0, 1, 1, 2]))):
            dag.add_edge(f"x{parent}", f"x{child}")
    return dag


NAMED = ["student", "collider", "ecoli70", "arth150", "binary-tree-10"]


@pytest.mark.parametrize("name", NAMED)
def test_discs_do_not_touch_and_edges_point_downwards(name):
    dag = sv.load_network(name).dag
    positions = layered_positions(dag)
    assert set(positions) == set(dag)
    assert min(itertools.starmap(math.dist, itertools.combinations(positions.values(), 2))) >= 60
    assert all(positions[parent][1] < positions[child][1] for parent, child in dag.edges)


@pytest.mark.parametrize("name", NAMED)
def test_the_layout_is_the_same_every_time(name):
    dag = sv.load_network(name).dag
    assert layered_positions(dag) == layered_positions(nx.DiGraph(dag))


@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_with_isolated_variables(seed):
    dag = random_dag(60, seed)
    positions = layered_positions(dag)
    assert min(itertools.starmap(math.dist, itertools.combinations(positions.values(), 2))) >= 60


@pytest.mark.parametrize("edges", [0, 1])
def test_graphs_with_hardly_an_edge(edges):
    dag = nx.DiGraph()
    dag.add_nodes_from("abc")
    dag.add_edges_from([("a", "b")][:edges])
    assert len(set(layered_positions(dag).values())) == 3


def test_a_thousand_variables_fill_the_picture():
    xs, ys = zip(*layered_positions(sv.load_network("binary-tree-10").dag).values(), strict=True)
    assert 0.75 < (max(xs) - min(xs)) / (max(ys) - min(ys)) < 3
