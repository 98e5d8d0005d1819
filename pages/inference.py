"""How close can a network that learns to infer come to the exact posterior?"""

import streamlit as st

from sirenvae.ui.inference import learning, view
from sirenvae.ui.inference.code import inference_code
from sirenvae.ui.inference.own import own_changes, show_own
from sirenvae.ui.inference.posterior import posterior_view
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network, picker_row
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Inference")
introduction = st.empty()
row = picker_row()
network = pick_network(row)
about = learning if network.is_discrete else view
introduction.markdown(about.introduction_to(network))
if problem := about.problem_of(network):
    st.info(plain(problem), icon=":material/info:")
    st.stop()
if network.is_discrete:
    learning.learning_controls(network, row)
    learning.learning_view(network)
    show_code(*learning.learning_code(st.session_state[learning.STEPS]), key="inference_code")
    shown_in(
        "learning from draws: Le et al., Inference Compilation and Universal Probabilistic Programming (2017)",
        "variables hidden at random: Ivanov et al., Variational Autoencoder with Arbitrary Conditioning (2019)",
        "exact marginals: Zhang & Poole, A simple approach to Bayesian network computations (1994), by pgmpy",
        notebook="04_inference",
    )
    st.stop()
base, changes = own_changes(network)
entry = view.race_controls(network, base, changes, row)
race, own = st.columns([7, 5], gap="medium")  # on a narrow screen the race comes first
with own:
    show_own(network, base, changes)
with race:
    view.race_view(network, entry)
posterior_view(network, entry)
show_code(*inference_code(entry, st.session_state[view.STEPS]), key="inference_code")
shown_in(
    "the race: Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section "
    "3.2 and Figure 6; the floors are ours, from Koller & Friedman, Probabilistic Graphical Models (2009), section 7.2",
    "learning from draws: Le et al., Inference Compilation and Universal Probabilistic Programming (2017)",
    notebook="04_inference",
)
