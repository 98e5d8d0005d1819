"""What is a Bayesian network, and which of its variables do we see?"""

import streamlit as st

from sirenvae.ui.graph_view import network_picture
from sirenvae.ui.network_facts import show_conditionals, show_download, show_explore, show_facts
from sirenvae.ui.picker import about_choice, pick_network, toggle_observed

st.title("Network")
st.markdown(
    "A Bayesian network says what depends directly on what: each variable is drawn given its parents. Some variables "
    "are observed (shaded), the others are latent and have to be inferred. **First thing to try:** click a white disc "
    "to observe it too, and watch what becomes of the entropy; then turn the arrows around on the page *Inversion*."
)
network = pick_network()
picture, facts = st.columns([5, 2], gap="large")
with picture:
    network_picture(network, on_toggle=lambda variable: toggle_observed(network, variable))
with facts:
    st.markdown(about_choice())
    show_facts(network)
    show_download(network)
show_conditionals(network)
show_explore(network)
