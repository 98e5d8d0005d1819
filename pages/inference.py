"""How close can a network that learns to infer come to the exact posterior?"""

import streamlit as st

from sirenvae.ui.inference.code import inference_code
from sirenvae.ui.inference.own import own_changes, show_own
from sirenvae.ui.inference.posterior import posterior_view
from sirenvae.ui.inference.view import STEPS, introduction_to, problem_of, race_controls, race_view
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network, picker_row
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Inference")
introduction = st.empty()
row = picker_row()
network = pick_network(row)
introduction.markdown(introduction_to(network))
if problem := problem_of(network):
    st.info(plain(problem), icon=":material/info:")
    st.stop()
base, changes = own_changes(network)
entry = race_controls(network, base, changes, row)
race, own = st.columns([7, 5], gap="medium")  # on a narrow screen the race comes first
with own:
    show_own(network, base, changes)
with race:
    race_view(network, entry)
posterior_view(network, entry)
show_code(*inference_code(entry, st.session_state[STEPS]), key="inference_code")
shown_in(
    "the race: Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section "
    "3.2 and Figure 6; the floors are ours, from Koller & Friedman, Probabilistic Graphical Models (2009), section 7.2",
    "learning from draws: Le et al., Inference Compilation and Universal Probabilistic Programming (2017)",
    notebook="04_inference",
)
