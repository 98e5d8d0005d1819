"""Masks by degrees and by sets, against what they must let through."""

import networkx as nx
import pytest
import torch

import sirenvae as sv
from sirenvae.nets.made import degrees, made_masks
from sirenvae.nets.set_rule import parent_masks


def through(masks):
    """Which inputs reach which output."""
    reached = masks[0].float()
    for mask in masks[1:]:
        reached = (mask.float() @ reached > 0).float()
    return reached > 0


@pytest.mark.parametrize(("num_variables", "num_context"), [(1, 0), (1, 3), (4, 0), (5, 2)])
@pytest.mark.parametrize("widths", [[7], [9, 6], [6, 6, 8]])
def test_an_output_sees_the_context_and_what_is_before_it(num_variables, num_context, widths):
    masks = made_masks(num_variables, num_context, widths)
    before = torch.ones(num_variables, num_variables).tril(-1).bool()
    expected = torch.cat([before, torch.ones(num_variables, num_context).bool()], dim=1)
    assert torch.equal(through(masks), expected)
    assert [len(mask) for mask in masks] == [*widths, num_variables]


def test_degrees_are_sizes_of_nested_sets():
    """Where sets are nested, the rule by sets and the rule by degrees keep the same weights."""
    adjacency = torch.cat([torch.ones(5, 5).tril(-1), torch.ones(5, 1)], dim=1).bool()
    by_sets = parent_masks(adjacency, [5, 5])
    by_degrees = made_masks(5, 1, [5, 5])
    order = degrees(5, 1, [5, 5])[1].argsort()
    sizes = by_sets[0].sum(dim=1).argsort()
    assert torch.equal(by_sets[0][sizes], by_degrees[0][order])
    assert torch.equal(by_sets[1][sizes][:, sizes], by_degrees[1][order][:, order])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("depth", [1, 3])
def test_an_output_sees_exactly_its_row(seed, depth):
    generator = torch.Generator().manual_seed(seed)
    adjacency = torch.rand(6, 9, generator=generator) < 0.3
    adjacency[2] = False
    rows = len(torch.unique(adjacency[adjacency.any(dim=1)], dim=0))
    assert torch.equal(through(parent_masks(adjacency, [rows + seed % 3] * depth)), adjacency)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: made_masks(5, 1, [4]), "each of 5 degrees, but its width is 4: an edge would be lost"),
        (lambda: parent_masks(torch.eye(4, dtype=torch.bool), [3]), "each of 4 sets of inputs, but its width is 3"),
    ],
)
def test_a_layer_that_would_lose_an_edge_is_refused(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()


def test_inverses_of_random_networks_keep_their_edges():
    for seed in range(20):
        dag = nx.DiGraph([(a, b) for a, b in nx.gnp_random_graph(9, 0.35, seed=seed).edges if a < b])
        dag.add_nodes_from(range(9))
        network = sv.BayesianNetwork(dag, [v for v in dag if v >= 6])
        inverse = sv.invert(network)
        columns = [*network.latents, *network.observed]
        rows = torch.tensor([[inverse.dag.has_edge(u, v) for u in columns] for v in network.latents])
        if rows.any():
            count = len(torch.unique(rows[rows.any(dim=1)], dim=0))
            assert torch.equal(through(parent_masks(rows, [count, count + 2])), rows)
