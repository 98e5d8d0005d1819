"""Why is each edge of the inverse there?"""

import streamlit as st

from sirenvae.ui.picker import pick_network
from sirenvae.ui.stepper import elimination_stepper, inverse_summary, pick_order

st.title("Inversion")
st.markdown(
    "To infer latents from what is observed, the arrows must be turned around without claiming an independence that does "
    "not hold. Eliminate the latents one by one; who is still connected to a latent then becomes its parent in the inverse."
)
network = pick_network()
order = pick_order()
inverse_summary(network, order)
elimination_stepper(network, order)
st.caption(
    "First thing to try: press the right arrow until a dashed red edge appears, then say why it is there before you read on. "
    "Click a small picture to enlarge it, a fill edge to ask why."
)
