"""How close can a network that learns to infer come to the exact posterior?"""

import streamlit as st

from sirenvae.ui.inference.code import inference_code
from sirenvae.ui.inference.own import own_changes, show_own
from sirenvae.ui.inference.posterior import posterior_view
from sirenvae.ui.inference.view import problem_of, race_controls, race_view
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network, picker_row
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Inference")
st.markdown(
    "Networks learn to infer, each over the edges of an inverse. What an inverse leaves out can never be learnt: so "
    "much divergence stays, its **floor**. **First thing to try:** say which curves will come down to zero, and start "
    "the race. Then click an edge of your inverse away, and watch its floor rise."
)
row = picker_row()
network = pick_network(row)
if problem := problem_of(network):
    st.info(plain(problem), icon=":material/info:")
    st.stop()
base, changes = own_changes(network)
entry = race_controls(network, base, changes, row)
own, race = st.columns([5, 7], gap="medium")
with own:
    show_own(network, base, changes)
with race:
    race_view(network, entry)
posterior_view(network, entry)
show_code(*inference_code(entry), key="inference_code")
shown_in(
    "the race: Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section "
    "3.2 and Figure 6; the floors are ours, from Koller & Friedman, Probabilistic Graphical Models (2009), section 7.2",
    "learning from draws: Le et al., Inference Compilation and Universal Probabilistic Programming (2017)",
    notebook="01_inversion",
)
