"""The elimination, to be stepped through in the browser, and the one sentence about its result."""

from __future__ import annotations

from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.graphs.inversion import ORDERS
from sirenvae.ui.graph_view import CACHE_KEYS, PICTURE, asset, fingerprint, graph_model

_STEP = "inversion_step"  # in the session: {"id": of the trace, "step": k}
_SENT = "inversion_step_sent"
_MAX_CHECKED = 300  # beyond so many variables the d-separation checks wait for a click
_START = {
    "topological": "The frontier holds the latents that have no latent parents.",
    "reverse": "The frontier holds the latents that have no latent children.",
}

_stepper = st.components.v2.component(
    "sirenvae_stepper",
    html='<div class="mount"></div>\n',
    css=asset("graph_view.css", "stepper.css"),
    js=asset(*PICTURE, "step_bar.js", "step_words.js", "stepper.js"),
)


@st.cache_resource(max_entries=16, show_spinner="Inverting", hash_funcs=CACHE_KEYS)
def inverse_of(network: sv.BayesianNetwork, order: str) -> sv.Inverse:
    """The inverse of a network, computed once for all sessions."""
    return sv.invert(network, order)


def pick_order() -> str:
    """Show the choice of the frontier's rule, kept in the URL (`order`), and return it."""
    return st.selectbox(
        "Order of elimination",
        ORDERS,
        key="order",
        bind="query-params",
        width=220,
        help="Topological: a latent may go when its latent parents are gone. Reverse: when its latent children are.",
    )


def elimination_stepper(network: sv.BayesianNetwork, order: str, key: str = "stepper") -> None:
    """Four pictures of the elimination with a step bar; the step is kept in the session and the URL (`step`).

    Arguments:
        network: The network to invert.
        order: The rule of the frontier.
        key: The widget's key.
    """
    trace = _trace(network, order)
    kept = st.session_state.get(_STEP, {"id": trace["id"], "step": _step_in_url()})
    step = kept["step"] if kept["id"] == trace["id"] else 0
    step = min(step, len(trace["steps"]))
    st.session_state[_STEP] = {"id": trace["id"], "step": step}
    # What was sent stays the same while the picture is on the page: a trace can be megabytes, and the step is the
    # browser's business. The picture's own state is gone after a page switch; then it starts where it was left.
    sent = st.session_state.get(_SENT)
    if key not in st.session_state or sent is None or sent["id"] != trace["id"]:
        sent = st.session_state[_SENT] = {"id": trace["id"], "step": step}
    if step:
        st.query_params["step"] = str(step)
    else:
        st.query_params.pop("step", None)

    def stepped() -> None:
        st.session_state[_STEP] = st.session_state[key]["at"]

    _stepper(key=key, data=trace | {"step": sent["step"]}, on_at_change=stepped)


def inverse_summary(network: sv.BayesianNetwork, order: str) -> None:
    """One sentence about the inverse; for large networks its checks wait for a click."""
    inverse = inverse_of(network, order)
    sizes = [len(step.parents) for step in inverse.steps]
    fills = sum(len(step.fill_edges) for step in inverse.steps)
    said = [
        f"**{_count(inverse.dag.number_of_edges(), 'edge')}**",
        f"largest parent set **{max(sizes)}**",
        _count(fills, "fill edge"),
    ]
    asked = len(network.variables) <= _MAX_CHECKED
    with st.container(horizontal=True, vertical_alignment="center"):
        place = st.empty()
        if not asked:
            asked = st.button("Check faithful, minimal, natural", key=f"check_{fingerprint(said)}")
        if asked:
            said += _properties(network, order)
        place.markdown("The inverse: " + ", ".join(said) + ".")


@st.cache_data(max_entries=64, show_spinner="Checking d-separations", hash_funcs=CACHE_KEYS)
def _properties(network: sv.BayesianNetwork, order: str) -> list[str]:
    inverse = inverse_of(network, order)
    checks = {"faithful": sv.is_faithful, "minimal": sv.is_minimal, "natural": sv.is_natural}
    return [f"**{word}**" if holds(network, inverse) else f"**not {word}**" for word, holds in checks.items()]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=CACHE_KEYS)
def _trace(network: sv.BayesianNetwork, order: str) -> dict[str, Any]:
    """All steps as deltas: of the frontier only the costs that are new or changed are sent."""
    number, frontier, steps = network.position, {}, []
    for step in inverse_of(network, order).steps:
        changed = [(number[v], cost) for v, cost in step.frontier.items() if frontier.get(v) != cost]
        frontier = dict(step.frontier)
        frontier.pop(step.eliminated)
        steps.append(
            {
                "v": number[step.eliminated],
                "set": changed,
                "fill": [(number[a], number[b]) for a, b in step.fill_edges],
                "parents": [number[v] for v in step.parents],
                "words": sv.explain(step),
            }
        )
    moral = [(number[a], number[b]) for a, b in sv.moralizing_edges(network)]
    content = {"model": graph_model(network), "order": order, "moral": moral, "steps": steps}
    return content | {"id": fingerprint(content), "start": f"{_moralized(network)} {_START[order]}"}


def _moralized(network: sv.BayesianNetwork) -> str:
    edges = [f"{a}–{b}" for a, b in sv.moralizing_edges(network)]
    match len(edges):
        case 0:
            return "No two variables with a common child were unconnected, so moralizing only drops the arrows."
        case 1:
            return f"The arrows are dropped and {edges[0]} is connected: the two have a common child."
        case count if count <= 6:
            return f"The arrows are dropped and {', '.join(edges)} are connected: each pair has a common child."
        case count:
            return f"The arrows are dropped and {count} pairs of parents with a common child are connected."


def _step_in_url() -> int:
    text = st.query_params.get("step", "0")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
