"""An inverse of the learner's own: edges taken away and added by clicks, and what it then costs."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.experiments.inference_race import inverse_named
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.ui.inference.views import draw
from sirenvae.ui.inversion.rules import why_not_faithful
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint, graph_model
from sirenvae.ui.shared.look import counted, in_address, is_history_navigation, keep_in_url, plain

CHANGES, BASE = "own", "own_from"  # keys of the widgets and names in the URL
FIRST_BASE = "nami-topological"
_NETWORK = "own_network"  # in the session: the network that the changes are made to
_PROBLEM = "own_problem"  # one sentence about a change that cannot be made
_PICTURE = "own_picture"
_MAX_SEARCHED = 150  # beyond so many variables no example of a false claim is looked for
_BASES = {look.label: name for name, look in INVERSES.items() if name != OWN_INVERSE}


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def inverse_of(network: sv.BayesianNetwork, name: str, changes: tuple[str, ...] = ()) -> sv.Inverse:
    """An inverse by its name in the registry, with changes."""
    return sv.change_inverse(network, inverse_named(network, name), changes)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=CACHE_KEYS)
def floor_of(network: sv.BayesianNetwork, name: str, changes: tuple[str, ...] = ()) -> float | None:
    """The least divergence that an inverse allows, nats; ``None`` where it has no formula."""
    return sv.posterior_gap(network, inverse_of(network, name, changes)) if network.is_linear else None


def own_changes(network: sv.BayesianNetwork) -> tuple[str, tuple[str, ...]]:
    """What the learner's inverse is made of: the name of another one, and the changes that can be made to it.

    Those of another network are forgotten; those of a link that cannot be made are one sentence.
    """
    if is_history_navigation():
        st.session_state[CHANGES] = in_address(CHANGES)
        st.session_state[BASE] = next(
            (label for label in in_address(BASE) if label in _BASES), INVERSES[FIRST_BASE].label
        )
        st.session_state.pop(_NETWORK, None)
    keep_in_url(CHANGES, BASE)
    name = fingerprint([sv.network_to_json(network), _base()])
    if st.session_state.setdefault(_NETWORK, name) != name:
        st.session_state[CHANGES] = []
        st.session_state[_NETWORK] = name
    changes = _chosen()
    try:
        inverse_of(network, _base(), changes)
    except sv.InputError as error:
        st.session_state[_PROBLEM] = str(error)
        st.session_state[CHANGES] = []
        return _base(), ()
    return _base(), changes


def show_own(network: sv.BayesianNetwork, base: str, changes: tuple[str, ...]) -> None:
    """The picture to click on, what the inverse claims, and its changes as a list."""
    inverse = inverse_of(network, base, changes)
    before = inverse_of(network, base)
    number = network.position
    model = graph_model(network)
    model |= {
        "inverse": [(number[a], number[b]) for a, b in inverse.dag.edges],
        "gone": [(number[a], number[b]) for a, b in before.dag.edges if not inverse.dag.has_edge(a, b)],
        "added": [(number[a], number[b]) for a, b in inverse.dag.edges if not before.dag.has_edge(a, b)],
    }

    def clicked() -> None:
        pair = st.session_state[_PICTURE].get("toggle")
        if pair is not None and max(pair) < len(network.variables):  # not one of a network that has gone since
            _toggle(network, base, changes, *(network.variables[v] for v in pair))

    draw("inverse", _PICTURE, model, on_toggle_change=clicked)
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem), icon=":material/error:")
    st.markdown(own_words(network, base, changes))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = "What your inverse was before the changes. Another choice drops them."
        st.selectbox("Starts from", _BASES, index=_place(), key=BASE, bind="query-params", width=170, help=words)
        words = "Take one away to drop it."
        settings = {"key": CHANGES, "bind": "query-params", "placeholder": "none yet", "help": words}
        st.multiselect("Changes", changes, width=260, **settings)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def own_words(network: sv.BayesianNetwork, base: str, changes: tuple[str, ...]) -> str:
    """Edges and floor of the changed inverse, and why its floor is where it is."""
    inverse, before = inverse_of(network, base, changes), inverse_of(network, base)
    edges = counted(inverse.dag.number_of_edges(), "edge")
    if network.is_linear:
        floor, was = floor_of(network, base, changes), floor_of(network, base)
        moved = f", was {was:.3f}" if abs(floor - was) > 5e-4 else ""
        edges += f", floor **{floor:.3f} nats**{moved}"
    if not sv.is_faithful(network, inverse):
        return f"Yours: {edges}. {why_not_faithful(network, inverse, len(network.variables) <= _MAX_SEARCHED)}"
    more = inverse.dag.number_of_edges() - before.dag.number_of_edges()
    if more > 0:
        added = f"{counted(more, 'edge')} more than {INVERSES[base].words}"
        return f"Yours: {edges}. Faithful, with {added}: it can learn the same, and has more to learn."
    return f"Yours: {edges}. Faithful: it claims nothing that does not hold."


def _toggle(network: sv.BayesianNetwork, base: str, changes: tuple[str, ...], parent, child) -> None:
    """Take an edge away or add it; what cannot be done is one sentence."""
    has_edge = inverse_of(network, base, changes).dag.has_edge(parent, child)
    new, opposite = (f"{verb} {parent} > {child}" for verb in (("remove", "add") if has_edge else ("add", "remove")))
    wanted = tuple(c for c in changes if c != opposite) if opposite in changes else (*changes, new)
    try:
        inverse_of(network, base, wanted)
    except sv.InputError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.session_state[CHANGES] = list(wanted)


def _chosen() -> tuple[str, ...]:
    """What the widget holds, or will hold when it is made from the URL."""
    is_there = CHANGES in st.session_state
    return tuple(dict.fromkeys(st.session_state[CHANGES] if is_there else st.query_params.get_all(CHANGES)))


def _base() -> str:
    label = st.session_state[BASE] if BASE in st.session_state else st.query_params.get(BASE)
    return _BASES.get(label, FIRST_BASE)


def _place() -> int:
    return list(_BASES.values()).index(FIRST_BASE)
