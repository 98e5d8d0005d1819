"""The elimination as sums of products: which factors mention a variable, and what summing it out leaves."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.rules import Rule, inverse_of
from sirenvae.ui.shared.look import plain

_MOST_ROWS = 12
_MOST_NAMED = 8


def show_factors(network: sv.BayesianNetwork, rule: Rule, step: int) -> None:
    """A row for each elimination so far, the newest first."""
    inverse = inverse_of(network, rule)
    if not inverse.steps:
        st.info("This rule does not eliminate, so it makes no factors.", icon=":material/info:")
        return
    st.markdown(
        "To eliminate a variable is to multiply all factors that mention it and to sum it out of the product. The "
        "result is one factor over everything it was connected to: the same variables that become its parents in the "
        "inverse. **Try this:** step on until a factor has two variables that were not neighbours, and find the fill "
        "edge."
    )
    done = list(enumerate(sv.elimination_factors(network, inverse.elimination_order), start=1))[:step]
    if not done:
        st.markdown("No factor yet: make the first step.")
        return
    lines = ["| step | summed out | factors that mention it | what remains |", "|--:|:--|:--|:--|"]
    for number, factor in reversed(done[-_MOST_ROWS:]):
        used = " · ".join(plain(_short(name)) for name in _some(factor.used))
        scope = ", ".join(plain(v) for v in _some(factor.scope)) or "a number"
        lines.append(f"| {number} | {plain(factor.variable)} | {used} | τ{number}({scope}) |")
    st.markdown("\n".join(lines))
    if len(done) > _MOST_ROWS:
        st.caption(f"The newest {_MOST_ROWS} of {len(done)} are shown; step back to see earlier ones.")


def _some(names) -> list[str]:
    shown = [str(name) for name in names[:_MOST_NAMED]]
    return [*shown, f"and {len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else shown


def _short(factor: str) -> str:
    names = factor.split(", ")
    return factor if len(names) <= _MOST_NAMED else f"{', '.join(names[:3])}, …)"
