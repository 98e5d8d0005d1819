"""The masks' figures against brute force: paths one by one, ancestors by walking, Jacobians by differences."""

import base64
import itertools

import networkx as nx
import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.experiments.shown.masks import FLOWS, FlowGraph, block_layers, flow_graph, measured_jacobian
from sirenvae.figures.masks import (
    block_drawing,
    blocks_needed,
    describe_reach,
    mask_heatmap,
    mask_product,
    stack_drawing,
)
from sirenvae.flows import GraphicalResidualFlow, layer_masks
from sirenvae.flows.jacobian import mean_absolute_jacobian

STRUCTURES = ("true", "fully_connected", "independent")


def random_graph(num_outputs: int, num_inputs: int, seed: int) -> FlowGraph:
    """A flow's dependencies with a random lower triangle and random context."""
    generator = torch.Generator().manual_seed(seed)
    adjacency = torch.rand(num_outputs, num_inputs, generator=generator) < 0.35
    square = adjacency[:, :num_outputs].tril() | torch.eye(num_outputs, dtype=torch.bool)
    adjacency = torch.cat([square, adjacency[:, num_outputs:]], dim=1)
    return FlowGraph("posterior", tuple(f"v{j}" for j in range(num_inputs)), adjacency)


def drawn(graph: FlowGraph, hidden: list[int] | None = None) -> dict:
    return block_drawing(graph, block_layers(graph, hidden))


def drawn_masks(drawing: dict) -> list[np.ndarray]:
    """The masks as a browser unpacks them."""
    sizes = [len(layer["owners"]) for layer in drawing["layers"]]
    masks = []
    for bits, columns, rows in zip(drawing["masks"], sizes, sizes[1:], strict=False):
        flat = np.unpackbits(np.frombuffer(base64.b64decode(bits), dtype=np.uint8))[: rows * columns]
        masks.append(flat.reshape(rows, columns).astype(bool))
    return masks


def walked_paths(masks: list[np.ndarray], j: int, i: int) -> int:
    """Count the paths from input j to output i by trying every choice of hidden units."""
    hidden = [range(len(mask)) for mask in masks[:-1]]
    routes = ((j, *units, i) for units in itertools.product(*hidden))
    return sum(all(mask[b, a] for mask, a, b in zip(masks, r, r[1:], strict=False)) for r in routes)


@pytest.mark.parametrize(("seed", "hidden"), [(0, [6]), (1, [9]), (2, [6, 8]), (3, [4, 5, 4])])
def test_product_of_masks_counts_the_paths_and_is_the_graph(seed, hidden):
    graph = random_graph(4, 6, seed)
    product = mask_product(layer_masks(graph.adjacency, hidden))
    masks = drawn_masks(drawn(graph, hidden))
    for i, j in np.ndindex(*product.shape):
        assert product[i, j] == walked_paths(masks, j, i)
        assert (product[i, j] > 0) == bool(graph.adjacency[i, j])


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_edges_are_those_of_the_network_or_its_inverse(flow, structure):
    network = sv.load_network("ecoli70")
    graph = flow_graph(network, flow, structure)
    edges = {(graph.inputs[j], graph.inputs[i]) for j, i in drawn(graph)["edges"]}
    latents = set(network.latents)
    if structure == "true":
        dag = network.dag if flow == "prior" else sv.invert(network).dag
        assert edges == {(a, b) for a, b in dag.edges if b in latents}
    elif structure == "independent":
        assert not any(a in latents for a, _ in edges)
    else:
        assert nx.DiGraph(edges).subgraph(latents).number_of_edges() == len(latents) * (len(latents) - 1) // 2
    square = graph.adjacency[:, : graph.num_outputs]
    assert torch.equal(square, square.tril())


def test_context_is_left_out_only_where_the_prior_reads_none():
    network = sv.load_network("student")
    assert set(flow_graph(network, "prior").inputs) == set(network.latents)
    assert set(flow_graph(network, "posterior").inputs) == set(network.variables)
    upstream = network.with_observed({"D", "J"})  # D has the latent child G
    assert set(flow_graph(upstream, "prior").inputs) == set(network.variables)


def test_units_are_grouped_and_their_sets_make_the_masks():
    drawing = drawn(flow_graph(sv.load_network("student")), [11, 12])
    masks = drawn_masks(drawing)
    for layer in drawing["layers"]:
        assert layer["owners"] == sorted(layer["owners"])
    for mask, earlier, later in zip(masks, drawing["layers"], drawing["layers"][1:], strict=False):
        for u, w in np.ndindex(*mask.shape):
            assert mask[u, w] == (set(earlier["sets"][w]) <= set(later["sets"][u]))
    assert drawing["kept"] == sum(mask.sum() for mask in masks)
    assert drawing["dense"] == 7 * 11 + 11 * 12 + 12 * 5
    assert drawing["equals_adjacency"]


def test_student_counts():
    drawing = drawn(flow_graph(sv.load_network("student")))
    assert len(drawing["edges"]) == 12
    assert (drawing["kept"], drawing["dense"]) == (47, 144)


@pytest.mark.parametrize("seed", range(4))
def test_blocks_needed_is_the_distance_in_the_graph(seed):
    graph = random_graph(7, 10, seed)
    edges = nx.DiGraph((j, i) for j, i in drawn(graph)["edges"])
    edges.add_nodes_from(range(10))
    for (i, j), needed in np.ndenumerate(blocks_needed(graph)):
        if i == j:
            assert needed == 1
        elif nx.has_path(edges, j, i):
            assert needed == nx.shortest_path_length(edges, j, i)
        else:
            assert needed == 0


@pytest.mark.parametrize("num_blocks", [1, 2, 3])
def test_measured_support_is_what_the_stack_reaches(num_blocks):
    graph = flow_graph(sv.load_network("ecoli70"), "prior")
    drawing = stack_drawing(graph, num_blocks, measured_jacobian(graph, num_blocks))
    needed = np.array(drawing["needed"])
    assert ((np.array(drawing["measured"]) > 0) == ((needed > 0) & (needed <= num_blocks))).all()
    assert drawing["violated"] == 0
    assert drawing["reached"] + drawing["forbidden"] == needed.size


def test_a_forbidden_entry_that_is_not_zero_is_counted():
    assert stack_drawing(flow_graph(sv.load_network("student")), 1, np.full((5, 7), 1e-300))["violated"] == 18


def test_measuring_leaves_the_global_seed_alone():
    before = torch.get_rng_state()
    measured_jacobian(flow_graph(sv.load_network("student")), 2)
    assert torch.equal(before, torch.get_rng_state())


def test_jacobian_against_differences():
    graph = flow_graph(sv.load_network("student"))
    torch.manual_seed(3)
    flow = GraphicalResidualFlow(graph.adjacency, num_blocks=2).double().eval()
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(4, 7, generator=generator, dtype=torch.float64)
    step = 1e-6

    def pushed(x):
        with torch.no_grad():
            return flow.forward_and_log_det(x[:, :5], x[:, 5:])[0]

    directions = step * torch.eye(7, dtype=torch.float64)
    columns = [(pushed(points + d) - pushed(points - d)).abs().mean(dim=0) / (2 * step) for d in directions]
    torch.testing.assert_close(
        mean_absolute_jacobian(flow, num_points=4), torch.stack(columns, dim=1), rtol=1e-6, atol=1e-9
    )


def test_jacobian_leaves_the_mode_as_it_was():
    flow = GraphicalResidualFlow(torch.eye(2, dtype=torch.bool), num_blocks=1).train()
    mean_absolute_jacobian(flow)
    assert flow.training


def test_words():
    student = flow_graph(sv.load_network("student"))
    assert describe_reach(student, 1) == (
        "One block reaches parents: 12 of 20 pairs of a variable and one of its ancestors."
    )
    assert "2 blocks reach grandparents: 20 of 20" in describe_reach(student, 2)
    assert "The last block added 8 pairs" in describe_reach(student, 2)
    assert "From 2 blocks on every ancestor is reached" in describe_reach(student, 5)
    assert "No variable has a parent" in describe_reach(
        flow_graph(sv.load_network("student"), "prior", "independent"), 3
    )


def test_bad_input_is_one_sentence():
    graph = flow_graph(sv.load_network("student"))
    with pytest.raises(sv.InputError, match="its width is 3"):
        drawn(graph, [3])
    with pytest.raises(sv.InputError, match="'decoder' does not exist"):
        flow_graph(sv.load_network("student"), "decoder")


def test_heatmap_has_every_mask_and_the_product():
    graph = flow_graph(sv.load_network("student"))
    layers = layer_masks(graph.adjacency, [12, 12])
    figure = mask_heatmap(graph, layers)
    assert [np.shape(trace.z) for trace in figure.data] == [(5, 12), (12, 12), (12, 7), (5, 7)]
    assert (np.array(figure.data[-1].z) == mask_product(layers)).all()
