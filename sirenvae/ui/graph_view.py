"""Pictures of graphs in the browser: what is sent to them and the clickable picture of a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import networkx as nx
import streamlit as st

import sirenvae as sv
from sirenvae.figures.layout import layered_positions

PICTURE = ("graph_picture.js", "edge_canvas.js")
CACHE_KEYS = {sv.BayesianNetwork: sv.network_to_json}


def asset(*names: str) -> str:
    """The text of shipped assets, one after the other."""
    folder = files("sirenvae.ui").joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={nx.DiGraph: lambda dag: (list(dag), list(dag.edges))})
def _positions(dag: nx.DiGraph) -> list[tuple[float, float]]:
    positions = layered_positions(dag)
    return [positions[v] for v in dag]


def graph_model(network: sv.BayesianNetwork) -> dict[str, Any]:
    """A network as the pictures want it: variables are numbers in declared order, `id` changes with the structure."""
    number = network.position
    places = _positions(network.dag)
    model = {
        "names": [str(v) for v in network.variables],
        "x": [x for x, _ in places],
        "y": [y for _, y in places],
        "edges": [(number[parent], number[child]) for parent, child in network.dag.edges],
    }
    return model | {"id": fingerprint(model), "observed": [number[v] for v in network.observed]}


def fingerprint(content: Any) -> str:
    """A short name for a JSON value: equal values have equal names."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


_network_view = st.components.v2.component(
    "sirenvae_network",
    html='<div class="mount"></div>\n',
    css=asset("graph_view.css"),
    js=asset(*PICTURE, "edge_finder.js", "blanket.js", "network_tools.js", "network_view.js"),
)


def network_picture(
    network: sv.BayesianNetwork,
    on_toggle: Callable[[Any], None],
    on_edit: Callable[[str], None] | None = None,
    key: str = "network_picture",
) -> None:
    """Draw a network; a click on a variable calls `on_toggle` with it before the page runs again.

    Arguments:
        network: The network to draw.
        on_toggle: What a click does.
        on_edit: With it the picture has tools to add, remove and reverse; it is called with a change for
            :func:`sirenvae.change_network`.
        key: The widget's key.
    """

    def clicked() -> None:
        number = st.session_state[key].get("toggle")
        # A click that was under way while the network changed names a variable of the old one.
        if number is not None and number < len(network.variables):
            on_toggle(network.variables[number])

    def edited() -> None:
        change = st.session_state[key].get("edit")
        if change is not None and on_edit is not None:
            on_edit(change)

    data = graph_model(network) | {"editable": on_edit is not None}
    _network_view(key=key, data=data, on_toggle_change=clicked, on_edit_change=edited)
