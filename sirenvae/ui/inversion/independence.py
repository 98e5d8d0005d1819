"""Pick X, Y and Z: does the network say that X and Y are independent given Z, and does the inverse?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx
import streamlit as st

import sirenvae as sv
from sirenvae.graphs.judging.counterexamples import false_claim, lost_independence
from sirenvae.graphs.judging.proofs import asserted_graph
from sirenvae.ui.inversion.lights import Lights
from sirenvae.ui.inversion.rules import Rule, inverse_of
from sirenvae.ui.shared.look import keep_in_url, plain

_X, _Y, _GIVEN = "ask_x", "ask_y", "ask_given"  # keys of the widgets and names in the URL
_MAX_SEARCHED = 150  # beyond so many variables no example is looked for
_NOT_FOUND = "ask_not_found"  # one sentence about an example that does not exist
_SAID = {
    (True, True): "Both claim this independence.",
    (True, False): "The inverse loses an independence of the network. A faithful inverse may: it claims nothing false, "
    "but turned arrows can hide what was independent.",
    (False, True): "The inverse claims what the network denies: this is a counterexample, and the inverse is **not "
    "faithful**.",
    (False, False): "Neither claims an independence here.",
}


def ask_independence(network: sv.BayesianNetwork, rule: Rule) -> Lights | None:
    """The question, both answers with their reasons, and the active paths to be lit."""
    st.markdown(
        "Are X and Y independent once Z is known? **Try this:** ask for two causes of a common effect, then add the "
        "effect to Z."
    )
    x, y, given = _pick(network)
    _examples(network, rule)
    inverse = inverse_of(network, rule)
    try:
        answer = sv.independence(network, inverse, x, y, given)
    except sv.InputError as error:
        st.error(plain(error), icon=":material/error:")
        return None
    asserted = asserted_graph(inverse)
    left, right = st.columns(2, gap="large")
    with left:
        _say("The network", answer.in_network, sv.explain_answer(network.dag, x, y, answer.given, answer.network_path))
    with right:
        why = sv.explain_answer(asserted, x, y, answer.given, answer.inverse_path, drawn=inverse.dag)
        _say("The finished inverse", answer.in_inverse, why)
        if answer.inverse_path and _assumed(inverse.dag, answer.inverse_path):
            st.caption(
                "A dash joins two observed variables: the inverse describes the latents given the observed, says "
                "nothing about the observed among themselves, and so denies no dependence between them."
            )
    st.markdown(_SAID[answer.in_network, answer.in_inverse])
    marks = [(x, "X"), (y, "Y"), *((v, "Z") for v in answer.given)]
    return Lights(
        _edges(network.dag, answer.network_path),
        _edges(inverse.dag, answer.inverse_path),
        marks,
        show="network" if answer.in_inverse else "inverse",
    )


def _pick(network: sv.BayesianNetwork) -> tuple:
    variables = {str(v): v for v in network.variables}
    for key, default in zip((_X, _Y), [*network.latents, *network.observed], strict=False):
        is_new = key not in st.session_state and key not in st.query_params
        if is_new or st.session_state.get(key, str(default)) not in variables:
            st.session_state[key] = str(default)
    if not set(st.session_state.get(_GIVEN) or ()) <= set(variables):
        st.session_state[_GIVEN] = []
    keep_in_url(_X, _Y, _GIVEN)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox("X", variables, key=_X, bind="query-params", width=180)
        y = st.selectbox("Y", variables, key=_Y, bind="query-params", width=180)
        given = st.multiselect(
            "Z, which is known", variables, key=_GIVEN, bind="query-params", placeholder="nothing", width=360
        )
    return variables[x], variables[y], [variables[v] for v in given]


def _examples(network: sv.BayesianNetwork, rule: Rule) -> None:
    """Buttons that fill the question in with one on which network and inverse disagree."""
    if len(network.variables) > _MAX_SEARCHED:
        return
    with st.container(horizontal=True):
        for words, find in (("One that the inverse loses", lost_independence), ("One it claims wrongly", false_claim)):
            st.button(words, icon=":material/search:", on_click=_fill_in, args=(network, rule, find), key=find.__name__)
    if problem := st.session_state.pop(_NOT_FOUND, None):
        st.info(problem, icon=":material/info:")


def _fill_in(network: sv.BayesianNetwork, rule: Rule, find) -> None:
    found = find(network, inverse_of(network, rule))
    if found is not None:
        st.session_state.update({_X: str(found.x), _Y: str(found.y), _GIVEN: [str(v) for v in found.given]})
    elif find is false_claim:
        st.session_state[_NOT_FOUND] = "There is none: this inverse is faithful, so whatever it claims holds."
    else:
        st.session_state[_NOT_FOUND] = "None was found among the local independencies of the network."


def _say(who: str, is_independent: bool, why: str) -> None:
    verdict = "independent" if is_independent else "dependent"
    icon = ":material/link_off:" if is_independent else ":material/link:"
    st.markdown(f"{who} says: {icon} **{verdict}**. {plain(why)}")


def _assumed(dag: nx.DiGraph, path: Sequence) -> bool:
    return any(not dag.has_edge(a, b) and not dag.has_edge(b, a) for a, b in pairwise(path))


def _edges(dag: nx.DiGraph, path: Sequence | None) -> list[tuple]:
    lit = []
    for a, b in pairwise(path or ()):
        if dag.has_edge(a, b):
            lit.append((a, b, "path"))
        else:
            lit.append((b, a, "path") if dag.has_edge(b, a) else (a, b, "assumed"))
    return lit
