"""What can be asked of an inversion below its pictures, one question at a time."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.export import export_step
from sirenvae.ui.inversion.factors import show_factors
from sirenvae.ui.inversion.independence import ask_independence
from sirenvae.ui.inversion.lights import Lights, show_lights
from sirenvae.ui.inversion.race import show_race
from sirenvae.ui.inversion.roles import ask_role, role_changed
from sirenvae.ui.inversion.rules import Rule
from sirenvae.ui.shared.look import keep_in_url

_ASK = "ask"  # key of the widget and name in the URL
QUESTIONS = ("independence", "observed or latent", "race of rules", "factors", "export")


def further_questions(network: sv.BayesianNetwork, rule: Rule, step: int) -> None:
    """Show the choice of a question, kept in the URL (`ask`), and what belongs to it.

    When a variable has changed its role the difference that it makes is the question.
    """
    if role_changed(network):
        st.session_state[_ASK] = "observed or latent"
    keep_in_url(_ASK)
    with st.container(key="question"):
        asked = st.segmented_control("Ask more", QUESTIONS, key=_ASK, bind="query-params")
        lights = _answer(asked, network, rule, step)
    show_lights(network, lights)


def _answer(asked: str | None, network: sv.BayesianNetwork, rule: Rule, step: int) -> Lights | None:
    """Show what belongs to a question; some of them light the pictures."""
    match asked:
        case "independence":
            return ask_independence(network, rule)
        case "observed or latent":
            return ask_role(network, rule)
        case "race of rules":
            show_race(network, rule)
        case "factors":
            show_factors(network, rule, step)
        case "export":
            export_step(network, rule, step)
    return None
