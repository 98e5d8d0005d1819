"""Why is each edge of the inverse there?"""

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.export import step_code
from sirenvae.ui.inversion.questions import further_questions
from sirenvae.ui.inversion.rules import collapsed_inverses, inverse_summary, pick_prediction, pick_rule
from sirenvae.ui.inversion.stepper import elimination_stepper
from sirenvae.ui.network.picture import network_picture
from sirenvae.ui.network.plates import show_plates
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network, picker_row, toggle_observed
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Inversion")
introduction = st.empty()
row = picker_row()
network = pick_network(row)
with row:
    rule = pick_rule(network)
    predict = pick_prediction(rule)
if rule.method == "nami":
    introduction.markdown(
        "To infer the latents from what is observed, arrows are turned around without claiming an independence that "
        "does not hold. The latents are eliminated one by one; what is connected to a latent at that moment becomes "
        "its parents in the inverse. **First thing to try:** press the right arrow key until a dashed red edge "
        "appears, and say why it is there before you read on."
    )
else:
    introduction.markdown(
        "To infer the latents from what is observed, arrows must be turned around. This rule does it without asking "
        "which independencies hold. **First thing to try:** switch to NaMI and back, and say which edges this rule has "
        "too few or too many."
    )
try:
    inverse_summary(network, rule)
except sv.InputError as error:
    st.error(plain(error), icon=":material/error:")
    network_picture(network, lambda v: toggle_observed(network, v))
    st.caption("A click on a variable makes it observed or latent.")
    st.stop()
if network.plates:
    st.caption("Inverted with all copies; the same with its plates collapsed stands below the steps.")
step = elimination_stepper(network, rule, predict)
moving = "Click a small picture to enlarge it. Wheel and drag move the picture, a double click shows the whole."
stepping = " Click a fill edge to ask why it is there. Keys: left, right, home, end, space."
st.caption(moving + stepping if rule.method == "nami" else moving)
show_plates(network, collapsed_inverses(network, rule))
further_questions(network, rule, step)
show_code(*step_code(rule, step), key="inversion_code")
shown_in(
    "Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018): Algorithm 1 with "
    "the min-fill heuristic; Definitions 1 to 3 for faithful, minimal, natural; Figure 1 for why the heuristic of "
    "Stuhlmüller et al. (2013) is not faithful",
    "Koller & Friedman, Probabilistic Graphical Models (2009): variable elimination, d-separation",
    notebook="01_inversion",
)
