"""The pictures of the masks page: one block, and what a stack of blocks reaches."""

from __future__ import annotations

from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.ui.shared.component import views
from sirenvae.ui.shared.graph import fingerprint, graph_model

MOST_BLOCKS = 8
MOST_DRAWN = 200  # variables; the cells of more masks and the Jacobian of a larger flow are too many to draw or measure
_draw = views("masks/masks.js", "shared/graph.css", "masks/masks.css")


@st.cache_data(max_entries=64, show_spinner="Building the masks")
def block_model(network: str, flow: str, structure: str, num_layers: int, width: int | None) -> dict[str, Any]:
    """One block's masks, see :func:`~sirenvae.figures.masks.block_drawing`; the network comes as JSON.

    Raises:
        InputError: If a layer is narrower than the number of variables.
    """
    from sirenvae.experiments.shown.masks import block_layers
    from sirenvae.figures.masks import block_drawing

    graph, hidden_features = _flow(network, flow, structure, num_layers, width)
    return block_drawing(graph, block_layers(graph, hidden_features))


@st.cache_data(max_entries=64, show_spinner="Measuring the Jacobian of a flow")
def stack_model(
    network: str, flow: str, structure: str, num_layers: int, width: int | None, num_blocks: int
) -> dict[str, Any]:
    """What a stack reaches, promised and measured, with the words that say it under ``words``."""
    from sirenvae.experiments.shown.masks import measured_jacobian
    from sirenvae.figures.masks import describe_reach, stack_drawing

    graph, hidden_features = _flow(network, flow, structure, num_layers, width)
    drawing = stack_drawing(graph, num_blocks, measured_jacobian(graph, num_blocks, hidden_features))
    return drawing | {"words": describe_reach(graph, num_blocks)}


@st.cache_data(max_entries=64, show_spinner=False)
def reach_words(
    network: str, flow: str, structure: str, num_layers: int, width: int | None, num_blocks: int
) -> dict[str, Any]:
    """The words of :func:`stack_model` for a flow that is too large to be measured while one waits."""
    from sirenvae.figures.masks import blocks_needed, describe_reach

    graph, _ = _flow(network, flow, structure, num_layers, width)
    return {"words": describe_reach(graph, num_blocks), "deepest": int(blocks_needed(graph).max())}


@st.cache_data(max_entries=16, show_spinner="Building the masks of the whole model")
def vae_model(network: str, structure: str, num_layers: int, width: int | None) -> dict[str, Any]:
    """The whole model's masks, see :func:`~sirenvae.figures.vae.vae_drawing`, and its decoder's check as ``check``.

    Raises:
        InputError: If a layer is narrower than the number of variables.
    """
    from sirenvae.experiments.shown.vae import decoder_check, vae_masks
    from sirenvae.figures.vae import vae_drawing

    parsed, read_off = sv.parse_network(network, "network.json"), _structure(network, structure)
    masks = vae_masks(parsed, read_off, [width] * num_layers if width else None, num_layers)
    return vae_drawing(parsed, masks) | {"check": decoder_check(parsed, read_off)}


@st.cache_resource(max_entries=16, show_spinner="Inverting the network")
def _structure(network: str, structure: str):
    from sirenvae.models.structures import structure_of

    return structure_of(sv.parse_network(network, "network.json"), structure)


def _flow(network: str, flow: str, structure: str, num_layers: int, width: int | None):
    from sirenvae.experiments.shown.masks import flow_graph
    from sirenvae.nets.set_rule import default_hidden_features

    graph = flow_graph(sv.parse_network(network, "network.json"), flow, _structure(network, structure))
    return graph, [width or default_hidden_features(graph.adjacency)] * num_layers


def masks_code(
    flow: str, structure: str, num_layers: int, width: int | None, num_blocks: int, has_states: bool = False
) -> tuple[str, ...]:
    """Lines that compute what the page shows, once there is a ``network``; of one with states the bare graph."""
    graph_of = "network.without_conditionals()" if has_states else "network"
    wide = f"{width}" if width else "default_hidden_features(graph.adjacency)"
    return (
        "from sirenvae.experiments.shown.masks import flow_graph",
        "from sirenvae.experiments.shown.vae import decoder_check, vae_masks",
        "from sirenvae.figures.vae import vae_drawing",
        "from sirenvae.flows import GraphicalResidualFlow, layer_masks",
        "from sirenvae.flows.jacobian import mean_absolute_jacobian",
        *(() if width else ("from sirenvae.nets.set_rule import default_hidden_features",)),
        "",
        f"graph = flow_graph(network, {flow!r}, {structure!r})",
        f"widths = [{wide}] * {num_layers}",
        "masks = layer_masks(graph.adjacency, widths).masks",
        'print(sum(int(m.sum()) for m in masks), "of", sum(m.numel() for m in masks), "weights kept")',
        "",
        f"flow = GraphicalResidualFlow(graph.adjacency, num_blocks={num_blocks}, hidden_features=widths).double()",
        "jacobian = mean_absolute_jacobian(flow)",
        'print(int((jacobian[~flow.reach()] != 0).sum()), "forbidden entries are non-zero")',
        "",
        f"model = sv.SIReNVAE({graph_of}, {structure!r}, num_blocks={num_blocks})  # all three parts",
        f"drawing = vae_drawing(network, vae_masks(network, {structure!r}))",
        f"print(drawing['kept'], decoder_check(network, {structure!r}))",
    )


def block_picture(network: sv.BayesianNetwork, block: dict[str, Any], draw: str, key: str = "masks_block") -> None:
    """Draw the graph and the masks of one block.

    Arguments:
        network: The network whose variables the block has.
        block: From :func:`block_model`.
        draw: ``"matrices"`` or ``"network"``.
        key: The widget's key.
    """
    _draw("block", key, _model(network, block, draw=draw))


def stack_picture(
    network: sv.BayesianNetwork, block: dict[str, Any], stack: dict[str, Any], key: str = "masks_stack"
) -> None:
    """Draw what a stack of blocks reaches, on the graph, as a matrix and as measured.

    Arguments:
        network: The network whose variables the block has.
        block: From :func:`block_model`, for names and edges.
        stack: From :func:`stack_model`.
        key: The widget's key.
    """
    shared = {name: block[name] for name in ("flow", "names", "outputs", "edges")}
    _draw("stack", key, _model(network, shared, most_blocks=MOST_BLOCKS, **stack))


def vae_picture(drawing: dict[str, Any], num_blocks: int, key: str = "masks_vae") -> None:
    """Draw encoder, prior and decoder as one.

    Arguments:
        drawing: From :func:`vae_model`.
        num_blocks: Blocks in each flow.
        key: The widget's key.
    """
    subject = fingerprint([drawing["names"], drawing["units"]])
    model = drawing | {"blocks": num_blocks, "subject": subject}
    _draw("whole", key, model | {"id": fingerprint(model)})


def _model(network: sv.BayesianNetwork, drawing: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Add the graph's positions; `subject` changes with the graph, `id` with anything that is drawn."""
    number = {str(v): i for v, i in network.position.items()}
    model = drawing | more | {"graph": graph_model(network), "node": [number[name] for name in drawing["names"]]}
    subject = fingerprint([model["graph"]["id"], model["graph"]["observed"], model["flow"], model["edges"]])
    return model | {"subject": subject, "id": fingerprint(model)}
