"""The elimination, to be stepped through in the browser; an inverse made without steps is shown finished."""

from __future__ import annotations

from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.rules import ABOUT, Rule, inverse_of
from sirenvae.ui.inversion.views import draw
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint, graph_model
from sirenvae.ui.shared.look import is_history_navigation
from sirenvae.ui.shared.steps import step_in_url, write_in_url

_AT = "inversion_at"  # in the session: {"network": its id, "step": k, "large": the picture that is large}
_SENT = "inversion_sent"
_LARGE = ("induced", "network", "moral", "inverse")  # pictures; the first is large if the URL does not say another
_MAX_DRAWN = 4000  # edges of an inverse without steps; more would be one blot
_MAX_ROWS, _MAX_PARENTS = 9, 6  # of the table of an inverse without steps
_START = {
    "topological": "The frontier holds the latents that have no latent parents.",
    "reverse": "The frontier holds the latents that have no latent children.",
}


def elimination_stepper(network: sv.BayesianNetwork, rule: Rule, predict: str = "off", key: str = "stepper") -> int:
    """The pictures of an inversion with a step bar.

    The step and which picture is large are kept in the session and the URL (`step`, `large`). Another rule for the
    same network keeps the step, as far as there are as many.

    Arguments:
        network: The network to invert.
        rule: How.
        predict: What the learner says before it is shown: ``"off"``, ``"next"`` or ``"parents"``.
        key: The widget's key.

    Returns:
        The step, as far as Python has heard of it.
    """
    trace = _trace(network, rule)
    at = _kept(trace["network"])
    if trace["words"]:
        at["step"] = min(at["step"], len(trace["words"]))
    st.session_state[_AT] = at
    # What was sent stays the same while the picture is on the page: a trace can be megabytes, and where it is is the
    # browser's business. The picture's own state is gone after a page switch; then it starts where it was left. An
    # address that was gone to is news in any case.
    sent, gone_to = st.session_state.get(_SENT), is_history_navigation()
    if key not in st.session_state or sent is None or sent["id"] != trace["id"] or gone_to:
        visit = (sent["visit"] if sent else 0) + gone_to
        sent = st.session_state[_SENT] = {"id": trace["id"], "visit": visit, "step": at["step"], "large": at["large"]}
    write_in_url("step", at["step"])
    write_in_url("large", at["large"] if at["large"] != _LARGE[0] else None)

    def moved() -> None:
        st.session_state[_AT] = st.session_state[key]["at"]

    draw("stepper", key, trace | sent | {"predict": predict}, on_at_change=moved)
    return at["step"] if trace["words"] else 0


def _kept(network: str) -> dict[str, Any]:
    """Where the picture of a network is: what the session knows, or the URL where that is news."""
    at = st.session_state.get(_AT)
    if at is None or is_history_navigation():
        large = st.query_params.get("large")
        return {"network": network, "step": step_in_url("step"), "large": large if large in _LARGE else _LARGE[0]}
    return dict(at) if at["network"] == network else {"network": network, "step": 0, "large": at["large"]}


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=CACHE_KEYS)
def _trace(network: sv.BayesianNetwork, rule: Rule) -> dict[str, Any]:
    """What the browser needs.

    Of an elimination only the order, the costs that changed and the words are sent: neighbours and fill edges follow
    from the order, and there can be hundreds of thousands.
    """
    number, inverse = network.position, inverse_of(network, rule)
    eliminations = [step for step in inverse.steps if isinstance(step, sv.EliminationStep)]
    prunings = [step for step in inverse.steps if isinstance(step, sv.PruningStep)]
    model = graph_model(network)
    content = {
        "model": model,
        "network": fingerprint([model["id"], model["observed"]]),
        "method": rule.method,
        "order": rule.order,
        "moral": [(number[a], number[b]) for a, b in sv.moralizing_edges(network)],
        "eliminated": [number[step.eliminated] for step in eliminations],
        "costs": [[(number[v], cost) for v, cost in step.frontier_changes.items()] for step in eliminations],
        "pruned": [(number[step.parent], number[step.child]) for step in prunings],
        "words": [sv.explain(step) for step in inverse.steps],
    }
    if inverse.steps:
        start = f"{_moralized(network)} {_START[rule.order]}"
    else:
        start = ABOUT[rule.method]
        content["finished"] = _finished(network, inverse)
    return content | {"start": start, "id": fingerprint(content)}


def _finished(network: sv.BayesianNetwork, inverse: sv.Inverse) -> dict[str, Any]:
    """An inverse without steps: its edges, or an even sample of them, and the parents of the first latents."""
    number = network.position
    edges = [(number[parent], number[child]) for parent, child in inverse.dag.edges]
    every = -(-len(edges) // _MAX_DRAWN) or 1
    rows = []
    for v in inverse.elimination_order[:_MAX_ROWS]:
        parents = network.in_declared_order(inverse.dag.pred[v])
        listed = ", ".join(str(u) for u in parents[:_MAX_PARENTS]) or "none"
        more = len(parents) - _MAX_PARENTS
        rows.append((str(v), f"{listed} and {more} more" if more > 0 else listed))
    drawn = edges[::every]
    about = "As the rule makes it" if every == 1 else f"{len(drawn):,} of {len(edges):,} edges are drawn, evenly picked"
    more = max(0, len(inverse.elimination_order) - _MAX_ROWS)
    return {"edges": drawn, "about": about, "rows": rows, "more": more}


def _moralized(network: sv.BayesianNetwork) -> str:
    edges = [f"{a}–{b}" for a, b in sv.moralizing_edges(network)]
    match len(edges):
        case 0:
            return "No two variables with a common child were unconnected, so moralizing only drops the arrows."
        case 1:
            return f"The arrows are dropped and {edges[0]} is connected: the two have a common child."
        case few if few <= 6:
            return f"The arrows are dropped and {', '.join(edges)} are connected: each pair has a common child."
        case many:
            return f"The arrows are dropped and {many} pairs of parents with a common child are connected."
