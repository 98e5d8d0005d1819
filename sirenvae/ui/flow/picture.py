"""The picture of the flow page: its cached model and frames, and the step in the browser."""

from __future__ import annotations

from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.ui.shared.component import views
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint
from sirenvae.ui.shared.steps import step_in_url, write_in_url

MOST_BLOCKS = 6
_STEP, _SENT = "flow_at", "flow_step_sent"  # in the session: {"way": way, "step": k}, and what was sent
_IN_URL = "flow_step"

_draw = views("flow/flow.js", "shared/graph.css", "shared/steps.css", "flow/flow.css")


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def default_pair(network: sv.BayesianNetwork) -> tuple[str, ...]:
    """Which latents to look at first, see :func:`~sirenvae.experiments.shown.flows.telling_pair`."""
    import torch

    from sirenvae.experiments.shown.flows import telling_pair

    torch.set_num_threads(1)  # for all that follows: the products are small, and threads that wait would make them slow
    return telling_pair(network)


@st.cache_resource(max_entries=24, show_spinner="Making the flow; training takes a few seconds", hash_funcs=CACHE_KEYS)
def flow_of(network: sv.BayesianNetwork, pair: tuple[str, ...], weights: str, num_blocks: int):
    """The :class:`~sirenvae.experiments.shown.flows.ShownFlow` of a choice.

    Raises:
        InputError: If there is none, see :func:`~sirenvae.experiments.shown.flows.shown_flow`.
    """
    from sirenvae.experiments.shown.flows import shown_flow

    return shown_flow(network, pair, weights, num_blocks)


@st.cache_data(max_entries=24, show_spinner="Pushing points through the blocks", hash_funcs=CACHE_KEYS)
def drawing_of(
    network: sv.BayesianNetwork, pair: tuple[str, ...], weights: str, num_blocks: int, way: str
) -> dict[str, Any]:
    """The frames of a choice, see :func:`~sirenvae.figures.flows.flow_drawing`, with an ``id``."""
    from sirenvae.experiments.shown.ways import flow_way
    from sirenvae.figures.flows import flow_drawing

    drawing = flow_drawing(flow_way(flow_of(network, pair, weights, num_blocks), way))
    return drawing | {"id": fingerprint(drawing)}


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def error_of(network: sv.BayesianNetwork, pair: tuple[str, ...], weights: str, num_blocks: int) -> float:
    """See :func:`~sirenvae.experiments.shown.ways.log_det_error`."""
    from sirenvae.experiments.shown.ways import log_det_error

    return log_det_error(flow_of(network, pair, weights, num_blocks))


@st.cache_resource(max_entries=24, show_spinner="Inverting the flow", hash_funcs=CACHE_KEYS)
def samples_of(network: sv.BayesianNetwork, pair: tuple[str, ...], weights: str, num_blocks: int):
    """See :func:`~sirenvae.experiments.shown.samples.samples_beside`."""
    from sirenvae.experiments.shown.samples import samples_beside

    return samples_beside(network, flow_of(network, pair, weights, num_blocks))


def flow_code(pair: tuple[str, ...], weights: str, num_blocks: int) -> tuple[str, ...]:
    """Lines that compute what the page shows, once there is a ``network``."""
    return (
        "from sirenvae.experiments.shown.flows import shown_flow",
        "from sirenvae.flows.lipschitz import block_bounds",
        "",
        f"shown = shown_flow(network, {pair!r}, {weights!r}, num_blocks={num_blocks})",
        "noise, log_det = shown.flow.forward_and_log_det(shown.start, shown.context)",
        'print(f"log-determinant: {log_det.mean():.3f} nats on average")',
        'print(f"Lipschitz bounds: {block_bounds(shown.flow).tolist()}")',
        "",
        "inversion = shown.flow.invert(shown.noise, shown.context)  # samples of the prior",
        'print(f"sweeps of each block: {inversion.num_sweeps}")',
    )


def flow_picture(drawing: dict[str, Any], key: str = "flow_picture") -> None:
    """Draw the cloud with a step bar; the step is kept in the session and the URL.

    Other weights or latents keep the step, the other way begins at its start.

    Arguments:
        drawing: From :func:`drawing_of`.
        key: The widget's key.
    """
    way, last = drawing["way"], len(drawing["frames"]) - 1
    kept = st.session_state.get(_STEP, {"way": way, "step": step_in_url(_IN_URL)})
    step = min(kept["step"], last) if kept["way"] == way else 0
    st.session_state[_STEP] = {"way": way, "step": step}
    # What was sent stays the same while the picture is on the page: the frames are large, the step is the browser's.
    sent = st.session_state.get(_SENT)
    if key not in st.session_state or sent is None or sent["id"] != drawing["id"]:
        sent = st.session_state[_SENT] = {"id": drawing["id"], "step": step}
    write_in_url(_IN_URL, step)

    def stepped() -> None:
        st.session_state[_STEP] = st.session_state[key]["at"]

    _draw("flow", key, drawing | {"step": sent["step"]}, on_at_change=stepped)
