"""What every page says beside its picture: the code that computes it, and where it is written."""

import streamlit as st

import sirenvae as sv
from sirenvae.ui.picker import NETWORK, OBSERVED


def show_code(*lines: str, key: str) -> None:
    """A folded cell with the code behind the page's picture, to be copied into a notebook, where it runs as it is.

    Arguments:
        lines: What comes after the import and the network, which are the picker's.
        key: Of the folded cell, one for each page.
    """
    with st.expander("Show the code", icon=":material/code:", key=key):
        st.code("\n".join((*_network_lines(), *lines)), language="python")


def network_in_code(network_name: str, observed: list[str]) -> tuple[str, ...]:
    """Lines that load a network by its name, with other observed variables if there are any."""
    chosen = f".with_observed({observed!r})" if observed else ""
    return "import sirenvae as sv", "", f"network = sv.load_network({network_name!r}){chosen}"


def shown_in(*sources: str) -> None:
    """Which equation, figure or algorithm of which paper the page shows."""
    st.caption(":material/menu_book: " + " · ".join(sources))


def _network_lines() -> tuple[str, ...]:
    name = st.session_state[NETWORK]
    if name in sv.network_names():
        return network_in_code(name, list(st.session_state.get(OBSERVED) or ()))
    return "import sirenvae as sv", "", 'network = sv.read_network("network.json")  # downloaded from the page Network'
