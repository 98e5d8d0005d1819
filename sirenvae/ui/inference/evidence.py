"""What is observed in a network with states: a list of observations in the URL, changed by clicks."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.ui.shared.graph import fingerprint
from sirenvae.ui.shared.look import in_address, is_history_navigation, keep_in_url

EVIDENCE = "evidence"  # key of the widget and name in the URL
_NETWORK = "evidence_network"  # in the session: the network that the observations are of


def observation(network: sv.BayesianNetwork, variable, number: int) -> str:
    """How a variable in a state is written."""
    return f"{variable} = {network.states[variable][number]}"


def all_observations(network: sv.BayesianNetwork) -> dict[str, tuple]:
    """Every variable in every state, by how it is written."""
    return {
        observation(network, v, number): (v, number)
        for v in network.variables
        for number in range(len(network.states[v]))
    }


def pick_evidence(network: sv.BayesianNetwork) -> list[tuple]:
    """The list of observations as a widget; returns pairs of a variable and a state's number, the latest last.

    Those of another network are forgotten, and of two states of a variable the later one counts.
    """
    known = all_observations(network)
    if is_history_navigation():
        st.session_state[EVIDENCE] = in_address(EVIDENCE)
        st.session_state.pop(_NETWORK, None)
    keep_in_url(EVIDENCE)
    name = fingerprint(list(known))
    if st.session_state.setdefault(_NETWORK, name) != name:
        st.session_state[EVIDENCE] = []
        st.session_state[_NETWORK] = name
    if EVIDENCE in st.session_state:
        st.session_state[EVIDENCE] = _latest(known, st.session_state[EVIDENCE])
    words = "Any variables, whatever the network itself calls observed. The bars and the discs do the same by a click."
    settings = {"key": EVIDENCE, "bind": "query-params", "placeholder": "nothing yet: click a state", "help": words}
    chosen = st.multiselect("Observed states", list(known), width=420, **settings)
    return [known[text] for text in _latest(known, chosen)]


def toggle_state(network: sv.BayesianNetwork, place: int, number: int) -> None:
    """Callback: observe a state of a variable, or no longer."""
    v = network.variables[place]
    text, known = observation(network, v, number), all_observations(network)
    chosen = _latest(known, st.session_state.get(EVIDENCE, []))
    others = [one for one in chosen if known[one][0] != v]
    st.session_state[EVIDENCE] = others if text in chosen else [*others, text]


def _latest(known: dict[str, tuple], chosen: list[str]) -> list[str]:
    """The observations that there are, of each variable the last one."""
    last = {known[text][0]: text for text in chosen if text in known}
    return [text for text in dict.fromkeys(chosen) if text in last.values()]
