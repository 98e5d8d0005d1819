"""What is a Bayesian network, and which of its variables do we see?"""

import streamlit as st

from sirenvae.ui.graph_view import network_picture
from sirenvae.ui.picker import pick_network, toggle_observed

st.title("Network")
network = pick_network()
network_picture(network, on_toggle=lambda variable: toggle_observed(network, variable))
