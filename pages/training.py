"""What is the structure worth when data are few?"""

import streamlit as st

from sirenvae.ui.picker import pick_network
from sirenvae.ui.training_controls import run_controls
from sirenvae.ui.training_view import run_view

st.title("Training")
st.markdown(
    "A SIReN-VAE that knows the network, and models that do not know it, learn from the same few points; what counts "
    "is how well each explains new ones. **First thing to try:** start the first run and guess, before the second "
    "chart shows it, with how many points the vanilla VAE catches up."
)
network = pick_network()
controls, view = st.columns([1, 3.4], gap="medium")
with controls:
    run_controls(network)
with view:
    run_view(network)
