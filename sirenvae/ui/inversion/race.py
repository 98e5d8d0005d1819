"""All rules of inversion side by side, step by step."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.rules import MAX_CHECKED, METHODS, Rule
from sirenvae.ui.inversion.views import draw
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint

_JUDGED = "races_judged"  # in the session: large networks whose races were to be judged


def show_race(network: sv.BayesianNetwork, rule: Rule) -> None:
    """A row for each rule: edges so far, in the end, largest parent set, fill edges, and what holds of the inverse."""
    st.markdown(
        "Every rule turns the same arrows around; they differ in how many edges they need, and in whether the result "
        "is true. **Try this:** step through the elimination and watch who adds edges early; then try a binary tree."
    )
    name = fingerprint(sv.network_to_json(network))
    judged = st.session_state.setdefault(_JUDGED, set())
    is_judged = len(network.variables) <= MAX_CHECKED or name in judged
    if not is_judged:
        st.button("Check faithful, minimal, natural", key=f"judge_{name}", on_click=judged.add, args=(name,))
    draw("race", "race", {"rows": _rows(network, is_judged), "shown": [rule.method, rule.order]})
    st.caption(
        "Fewer edges mean smaller masks and less to learn, as long as the inverse is faithful. Minimality is a "
        "question to faithful inverses alone. Rules without elimination have no fill edges."
    )


@st.cache_data(max_entries=16, show_spinner="Racing", hash_funcs=CACHE_KEYS)
def _rows(network: sv.BayesianNetwork, judged: bool) -> list[dict]:
    names = {method: name for name, method in METHODS.items()}
    rows = []
    for racer in sv.race(network, judged=judged):
        eliminates = racer.num_fill_edges is not None
        words = f"{names[racer.method]}, min-fill, {racer.order}" if eliminates else names[racer.method]
        rows.append({**asdict(racer), "name": words})
    return rows
