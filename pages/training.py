"""What is the structure worth when data are few?"""

import streamlit as st

from sirenvae.ui.shared.picker import pick_network
from sirenvae.ui.shared.teaching import shown_in
from sirenvae.ui.training.controls import run_controls
from sirenvae.ui.training.view import run_view, show_training_code

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
show_training_code(network)
shown_in(
    "the models: Mouton & Kroon, SIReN-VAE (2022), section 3; ELBO against training-set size: Figure 2",
    "the ELBO: Kingma & Welling, Auto-Encoding Variational Bayes (2014)",
    "the IWAE bound in the downloads: Burda et al., Importance Weighted Autoencoders (2016)",
    notebook="03_siren_vae",
)
