"""Why is each edge of the inverse there?"""

import streamlit as st

from sirenvae.ui.picker import pick_network, picker_row
from sirenvae.ui.stepper import elimination_stepper, inverse_summary, pick_order

st.title("Inversion")
st.markdown(
    "To infer the latents from what is observed, arrows are turned around without claiming an independence that does "
    "not hold. The latents are eliminated one by one; what is connected to a latent at that moment becomes its parents "
    "in the inverse. **First thing to try:** press the right arrow key until a dashed red edge appears, and say why it "
    "is there before you read on."
)
row = picker_row()
network = pick_network(row)
with row:
    order = pick_order()
inverse_summary(network, order)
elimination_stepper(network, order)
st.caption(
    "Click a small picture to enlarge it and a fill edge to ask why it is there. Wheel and drag move the picture, a "
    "double click shows the whole. Keys: left, right, home, end, space."
)
