"""Changes to the network by name, beside the picture's clicks: undo, redo, and a form."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.graphs.edits import ARROW, MAX_NAME
from sirenvae.ui.shared.choice import (
    CHANGES,
    OBSERVED,
    can_redo,
    can_undo,
    current,
    edit,
    redo,
    report,
    settle,
    toggle_observed,
    undo,
)

_ACTIONS = (
    "add a variable",
    "remove a variable",
    "add an edge",
    "remove an edge",
    "reverse an edge",
    "observe or hide",
)
_ACTION, _NAME = "edit_action", "edit_name"


def edit_row(network: sv.BayesianNetwork) -> None:
    """Undo, redo, back to the start, and the form."""
    with st.container(horizontal=True, key="edit_row"):
        st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not can_undo(), key="edit_undo")
        st.button("Redo", icon=":material/redo:", on_click=redo, disabled=not can_redo(), key="edit_redo")
        is_changed = bool(st.session_state.get(CHANGES) or st.session_state.get(OBSERVED))
        st.button(
            "As it was",
            icon=":material/restart_alt:",
            on_click=_start_over,
            disabled=not is_changed,
            key="edit_restart",
            help="The network without your changes; undo brings them back.",
        )
        form = st.popover("Change by name", icon=":material/edit:", key="edit_popover", on_change="rerun")
        if form.open:
            with form:
                _form(network)


def _start_over() -> None:
    settle(current()._replace(changes=(), observed=None))


def _form(network: sv.BayesianNetwork) -> None:
    names = [str(v) for v in network.variables]
    action = st.selectbox("What to do", _ACTIONS, key=_ACTION, width=320)
    match action:
        case "add a variable":
            st.text_input("Its name", key=_NAME, max_chars=MAX_NAME, width=320)
            ready, callback, values = True, _add_variable, ()
        case "remove a variable":
            name = st.selectbox("Variable", names, key="edit_variable", width=320)
            ready, callback, values = True, edit, (f"remove {name}",)
        case "observe or hide":
            v = st.selectbox("Variable", network.variables, format_func=_role_of(network), key="edit_role", width=320)
            ready, callback, values = True, toggle_observed, (network, v)
        case "add an edge":
            parent = st.selectbox("From the parent", names, key="edit_parent", width=320)
            child = st.selectbox("To the child", names, len(names) - 1, key="edit_child", width=320)
            ready, callback, values = True, edit, (f"add {parent}{ARROW}{child}",)
        case _:
            edges = [f"{parent}{ARROW}{child}" for parent, child in network.dag.edges]
            edge = st.selectbox("Edge", edges, key="edit_edge", width=320)
            ready, callback, values = bool(edges), edit, (f"{action.split()[0]} {edge}",)
    st.button("Apply", type="primary", on_click=callback, args=values, key="edit_apply", disabled=not ready)


def _role_of(network: sv.BayesianNetwork):
    observed = set(network.observed)
    return lambda v: f"{v} (observed)" if v in observed else f"{v} (latent)"


def _add_variable() -> None:
    name = st.session_state[_NAME].strip()
    if not name:
        report("A new variable needs a name, but the field is empty.")
        return
    edit(f"add {name}")
    st.session_state[_NAME] = ""
