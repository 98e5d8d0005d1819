"""The clickable picture of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.ui.shared.component import views
from sirenvae.ui.shared.graph import graph_model

draw = views("network/network.js", "shared/graph.css", "network/gallery.css", "network/plates.css")  # all three


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
    draw("network", key, data, on_toggle_change=clicked, on_edit_change=edited)
