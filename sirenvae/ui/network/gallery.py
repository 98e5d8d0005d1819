"""Where networks come from: the gallery of those that are there, and the generator of random ones."""

from __future__ import annotations

import streamlit as st

import sirenvae as sv
from sirenvae.figures.thumbnail import thumbnail_svg
from sirenvae.graphs.catalogue.generated import (
    KINDS,
    MAX_PARENTS,
    MAX_SEED,
    MAX_VARIABLES,
    WITH_PARENTS,
    Generated,
    generated_of,
)
from sirenvae.ui.network.picture import draw
from sirenvae.ui.shared.choice import NETWORK, Choice, choose, load, report
from sirenvae.ui.shared.picker import about, network_choices

_TITLES = {"random-dag": "random DAG", "layered": "layered", "random-tree": "tree", "random-chain": "chain"}
_KIND, _SIZE, _PARENTS, _SEED = "generate_kind", "generate_size", "generate_parents", "generate_seed"
_GENERATE = "generate_popover"


def gallery(key: str = "gallery") -> None:
    """All networks as cards with a small picture and a sentence; a click chooses one."""

    def clicked() -> None:
        name = st.session_state[key].get("choose")
        if name is not None:
            choose(name)

    chosen = st.session_state[NETWORK]
    cards = [{"name": name, "about": about(name), "svg": _thumbnail(name)} for name in network_choices()]
    draw("gallery", key, {"cards": cards, "chosen": chosen}, on_choose_change=clicked)


@st.cache_data(max_entries=256, show_spinner=False)
def _thumbnail(name: str) -> str:
    return thumbnail_svg(load(Choice(name)))


def generator() -> None:
    """A button that opens the generator of random networks."""
    popover = st.popover("Generate", icon=":material/casino:", key=_GENERATE, on_change="rerun")
    if not popover.open:
        return
    start = generated_of(st.session_state[NETWORK]) or Generated()
    first = {_KIND: start.kind, _SIZE: start.num_variables, _PARENTS: start.parents, _SEED: start.seed}
    for key, value in first.items():
        st.session_state.setdefault(key, value)
    with popover:
        st.caption("A random network whose name says how it was made: the link makes the same one again.", width=320)
        kind = st.selectbox("Kind", list(KINDS), format_func=_TITLES.get, key=_KIND, width=320)
        st.caption(KINDS[kind], width=320)
        st.number_input("Variables", 2, MAX_VARIABLES, key=_SIZE, width=320)
        has_parents = kind in WITH_PARENTS
        words = "Parents per variable, on average"
        st.number_input(words, 1, MAX_PARENTS, key=_PARENTS, width=320, disabled=not has_parents)
        st.number_input("Seed", 0, MAX_SEED, key=_SEED, width=320)
        with st.container(horizontal=True):
            st.button("Generate", type="primary", on_click=_generate, key="generate")
            st.button("Next seed", on_click=_generate, args=(1,), key="generate_next")


def _generate(seeds_on: int = 0) -> None:
    """Callback: choose the network that the fields describe, or say why there is none."""
    state = st.session_state
    state[_SEED] = (state[_SEED] + seeds_on) % (MAX_SEED + 1)
    parents = state[_PARENTS] if state[_KIND] in WITH_PARENTS else 1
    try:
        asked = Generated(state[_KIND], state[_SIZE], parents, state[_SEED])
    except sv.InputError as error:
        report(str(error))
        return
    if not seeds_on:
        state[_GENERATE] = False  # what was made should be seen
    choose(asked.name)
