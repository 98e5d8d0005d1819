"""What becomes of the inverse when a variable is observed, or no longer."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.lights import MOST_LIT, Lights
from sirenvae.ui.inversion.rules import Rule, inverse_of
from sirenvae.ui.shared.look import keep_in_url, plain
from sirenvae.ui.shared.picker import toggle_observed

_ROLE = "ask_role"  # key of the widget and name in the URL
_SEEN = "roles_seen"  # the variables, edges and observed set of the last run
_CHANGED = "role_changed"  # the variable whose role changed last, and the observed set since


def role_changed(network: sv.BayesianNetwork) -> bool:
    """Whether one variable changed its role since the last run; then it is the one to ask about."""
    structure = (network.variables, tuple(network.dag.edges))
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = (structure, network.observed)
    if before is None or before[0] != structure:
        return False
    difference = set(before[1]) ^ set(network.observed)
    if len(difference) != 1:
        return False
    variable = difference.pop()
    st.session_state[_ROLE] = str(variable)
    st.session_state[_CHANGED] = (str(variable), network.observed)
    return True


def ask_role(network: sv.BayesianNetwork, rule: Rule) -> Lights | None:
    """Compare the inverse with that of the same network in which one variable has the other role."""
    st.markdown(
        "Observing a variable can make edges of the inverse superfluous, or turn them around. **Try this:** guess "
        "which edges go before you choose a variable."
    )
    variables = {str(v): v for v in network.variables}
    if st.session_state.get(_ROLE, str(network.variables[0])) not in variables:
        st.session_state.pop(_ROLE, None)
    keep_in_url(_ROLE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Variable", variables, key=_ROLE, bind="query-params", width=200)
        v = variables[name]
        role, other = ("observed", "latent") if v in set(network.observed) else ("latent", "observed")
        st.button(f"Make it {other}", icon=":material/swap_horiz:", on_click=toggle_observed, args=(network, v))
    try:
        elsewhere = inverse_of(sv.toggled(network, v), rule)
    except sv.InputError as error:
        st.error(plain(error), icon=":material/error:")
        return None
    here = inverse_of(network, rule)
    has_changed = st.session_state.get(_CHANGED) == (name, network.observed)
    if has_changed:
        difference, words = sv.compare_inverses(elsewhere, here), f"{plain(name)} was {other} and is {role} now."
    else:
        difference, words = sv.compare_inverses(here, elsewhere), f"If {plain(name)} were {other} instead of {role}:"
    st.markdown(f"**{words}** {plain(sv.explain_difference(difference))}")
    st.caption("In the picture: thick blue is new, blue dashes are turned around, red dots with a cross are gone.")
    looks = {"gone": difference.gone, "new": difference.new, "turned": difference.turned}
    lit = [(*edge, look) for look, edges in looks.items() for edge in edges[:MOST_LIT]]
    return Lights(inverse=lit, marks=[(v, f"{role} now" if has_changed else f"if {other}")])
