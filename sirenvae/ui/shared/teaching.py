"""What every page says beside its picture: the code that computes it, and where it is written."""

from collections.abc import Sequence

import streamlit as st

from sirenvae.ui.shared.choice import Choice, uploads, usable


def show_code(*lines: str, key: str, network: Sequence[str] | None = None) -> None:
    """A folded cell with the code behind the page's picture, to be copied into a notebook, where it runs as it is.

    Arguments:
        lines: What comes after the import and the network.
        key: Of the folded cell, one for each page.
        network: Lines with the import and what makes the network, where it is not the picker's.
    """
    start = network_lines() if network is None else network
    with st.expander("Show the code", icon=":material/code:", key=key):
        st.code("\n".join((*start, *lines)), language="python")


def network_in_code(choice: Choice) -> tuple[str, ...]:
    """Lines that make the chosen network: by its name, with its changes and with other observed variables if any."""
    lines = ["import sirenvae as sv", "", f"network = sv.load_network({choice.name!r})"]
    if choice.changes:
        lines.append(f"network = sv.change_network(network, {list(choice.changes)!r})")
    if choice.observed is not None:
        lines.append(f"network = network.with_observed({list(choice.observed)!r})")
    return tuple(lines)


def shown_in(*sources: str, notebook: str) -> None:
    """Which equation, figure or algorithm of which paper the page shows, and the notebook that computes it."""
    where = f":material/edit_note: notebook `notebooks/{notebook}.ipynb`; `make notebooks` opens it"
    st.caption(":material/menu_book: " + " · ".join([*sources, where]))


def network_lines() -> tuple[str, ...]:
    """Lines that load the picker's network."""
    choice = usable()
    if choice.name not in uploads():
        return network_in_code(choice)
    return "import sirenvae as sv", "", 'network = sv.read_network("network.json")  # downloaded from the page Network'
