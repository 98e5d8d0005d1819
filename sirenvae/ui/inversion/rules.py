"""Which inverse: the choice of its rule, and what there is to say about the result."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import sirenvae as sv
from sirenvae.graphs.inversion import ORDERS
from sirenvae.graphs.judging.counterexamples import false_claim, spare_edge
from sirenvae.graphs.telling.words import with_arrows
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint
from sirenvae.ui.shared.look import counted, keep_in_url, plain

METHODS = {
    "NaMI": "nami",
    "Stuhlmüller et al.": "stuhlmueller",
    "mean field": "mean_field",
    "fully connected": "fully_connected",
}
ABOUT = {
    "nami": "The latents are eliminated one by one; what a latent is connected to by then becomes its parents.",
    "stuhlmueller": "The heuristic of Stuhlmüller et al. turns the arrows around and adds the other parents of a "
    "latent's children. It does not ask what summing a latent out connects.",
    "mean_field": "Mean field gives every latent all observed variables as parents, and no latent.",
    "fully_connected": "Fully connected gives every latent all observed variables and all latents that come later.",
}
PREDICTIONS = {"nothing": "off", "next variable": "next", "its parents": "parents"}
_RULE, _ORDER, _PRINTED, _PREDICT = "rule", "order", "printed", "predict"  # keys of the widgets and names in the URL
_CHECKED = "inverses_checked"  # in the session: large inverses whose checks were asked for
MAX_CHECKED = 300  # beyond so many variables the d-separation checks wait for a click
_MAX_SEARCHED = 150  # beyond so many variables no example is looked for
_MAX_NAMED = 5  # variables of a condition


@dataclass(frozen=True)
class Rule:
    """How an inverse is made; the fields are arguments of :func:`sirenvae.invert`."""

    method: str = "nami"
    order: str = "topological"
    minimal: bool = True


@st.cache_resource(max_entries=32, show_spinner="Inverting", hash_funcs=CACHE_KEYS)
def inverse_of(network: sv.BayesianNetwork, rule: Rule) -> sv.Inverse:
    """The inverse of a network, computed once for all sessions."""
    return sv.invert(network, rule.order, method=rule.method, minimal=rule.minimal)


def pick_rule(network: sv.BayesianNetwork) -> Rule:
    """Show the choice of the rule, kept in the URL (`rule`, `order`, `printed`), and return it."""
    keep_in_url(_RULE, _ORDER)
    lines = [f"- **{name}**: {ABOUT[method]}" for name, method in METHODS.items()]
    name = st.selectbox(
        "Rule", METHODS, key=_RULE, bind="query-params", width=180, help="What becomes a parent.\n" + "\n".join(lines)
    )
    method = METHODS[name]
    order = st.selectbox(
        "Order",
        ORDERS,
        key=_ORDER,
        bind="query-params",
        width=160,
        disabled=method == "mean_field",
        help="Topological: a latent may go when its latent parents are gone. Reverse: when its latent children are. "
        "Mean field has no order.",
    )
    return Rule(method, order, minimal=not _as_printed(network, method, order))


def collapsed_inverses(network: sv.BayesianNetwork, rule: Rule) -> dict[str, sv.Inverse]:
    """By title what is drawn collapsed of a network with plates: the inverse by this rule."""
    if not network.plates:
        return {}
    inverse = inverse_of(network, rule)
    return {f"The inverse, collapsed: {inverse.dag.number_of_edges():,} edges": inverse}


def pick_prediction(rule: Rule) -> str:
    """Show what the learner wants to predict, kept in the URL (`predict`): ``"off"``, ``"next"`` or ``"parents"``."""
    keep_in_url(_PREDICT)
    if rule.method != "nami":
        return "off"
    name = st.selectbox(
        "Let me predict",
        PREDICTIONS,
        key=_PREDICT,
        bind="query-params",
        width=170,
        help="Say what the next step does before you see it. The next variable: which of the frontier is cheapest, or, "
        "if there is one alone, what it costs. Its parents: what it is connected to when it goes. The score stays in "
        "this browser tab.",
    )
    return PREDICTIONS[name]


def _as_printed(network: sv.BayesianNetwork, method: str, order: str) -> bool:
    """The switch between the algorithm as printed and its minimal form, where there is a difference to see."""
    is_on = st.session_state.get(_PRINTED, st.query_params.get(_PRINTED) == "true")
    if method != "nami" or not (is_on or _drops_parents(network, order)):
        return False
    return st.toggle(
        "As printed in the paper",
        key=_PRINTED,
        bind="query-params",
        help="Algorithm 1 as printed keeps parents that are redundant where a latent has no observed descendant. Off: "
        "they are dropped in steps of their own at the end.",
    )


def _drops_parents(network: sv.BayesianNetwork, order: str) -> bool:
    try:
        return isinstance(inverse_of(network, Rule(order=order)).steps[-1], sv.PruningStep)
    except sv.InputError:
        return False


def inverse_summary(network: sv.BayesianNetwork, rule: Rule) -> None:
    """One sentence about the inverse and one about what it gets wrong; for large networks the checks wait for a click.

    Raises:
        InputError: If there is no such inverse.
    """
    said = _counts(inverse_of(network, rule))
    name = fingerprint([sv.network_to_json(network), rule.method, rule.order, rule.minimal])
    checked = st.session_state.setdefault(_CHECKED, set())
    with st.container(horizontal=True, vertical_alignment="center"):
        place = st.empty()
        if len(network.variables) > MAX_CHECKED and name not in checked:
            st.button("Check faithful, minimal, natural", key=f"check_{name}", on_click=checked.add, args=(name,))
            words, meaning = (), ""
        else:
            words, meaning = _verdict(network, rule)
        place.markdown(f"The inverse: {', '.join([*said, *words])}. {meaning}")


def _counts(inverse: sv.Inverse) -> list[str]:
    largest = max(inverse.dag.in_degree(v) for v in inverse.elimination_order)
    said = [f"**{counted(inverse.dag.number_of_edges(), 'edge')}**", f"largest parent set **{largest}**"]
    if inverse.steps:
        fills = sum(len(step.fill_edges) for step in inverse.steps if isinstance(step, sv.EliminationStep))
        said.append(counted(fills, "fill edge"))
    if dropped := sum(isinstance(step, sv.PruningStep) for step in inverse.steps):
        said.append(f"{counted(dropped, 'redundant parent')} dropped")
    return said


@st.cache_data(max_entries=64, show_spinner="Checking d-separations", hash_funcs=CACHE_KEYS)
def _verdict(network: sv.BayesianNetwork, rule: Rule) -> tuple[tuple[str, ...], str]:
    """The properties, and a sentence on the one that fails; minimality is asked of faithful inverses alone."""
    inverse = inverse_of(network, rule)
    natural = "**natural**" if sv.is_natural(network, inverse) else "**not natural**"
    is_small = len(network.variables) <= _MAX_SEARCHED
    if not sv.is_faithful(network, inverse):
        return ("**not faithful**", natural), why_not_faithful(network, inverse, is_small)
    if not sv.is_minimal(network, inverse):
        return ("**faithful**", "**not minimal**", natural), _why_not_minimal(network, inverse, is_small)
    return ("**faithful**", "**minimal**", natural), ""


def why_not_faithful(network: sv.BayesianNetwork, inverse: sv.Inverse, is_small: bool) -> str:
    """A sentence about an inverse that is not faithful; of a small network it names a false claim and its witness."""
    claim = false_claim(network, inverse) if is_small else None
    if claim is None:
        return "Not faithful: it claims an independence that does not hold in the network."
    whose = f"parents that it gives {plain(claim.x)}"
    path = plain(with_arrows(network.dag, claim.network_path))
    return (
        f"Not faithful: it claims, for example, that {plain(claim.x)} and {plain(claim.y)} are independent"
        f"{_given(claim, whose)}, but in the network they depend on each other along {path}."
    )


def _why_not_minimal(network: sv.BayesianNetwork, inverse: sv.Inverse, is_small: bool) -> str:
    edge = spare_edge(network, inverse) if is_small else None
    if edge is None:
        return "Not minimal: an edge could go, and the inverse would still claim nothing false."
    whose = f"other parents of {plain(edge.x)}"
    return (
        f"Not minimal: the edge {plain(edge.y)} → {plain(edge.x)}, for example, could go, for in the network the two "
        f"are independent{_given(edge, whose)}."
    )


def _given(claim: sv.Independence, whose: str) -> str:
    """The condition: by name where it is short, else by what it is."""
    if not claim.given:
        return ""
    names = ", ".join(plain(v) for v in claim.given)
    return f" given {names}" if len(claim.given) <= _MAX_NAMED else f" given the {len(claim.given)} {whose}"
