"""What is a Bayesian network, and which of its variables do we see?"""

import streamlit as st

from sirenvae.ui.lesson.strip import start_lesson
from sirenvae.ui.network.edit_form import edit_row
from sirenvae.ui.network.facts import facts_code, show_conditionals, show_download, show_explore, show_facts
from sirenvae.ui.network.gallery import gallery, generator
from sirenvae.ui.network.picture import network_picture
from sirenvae.ui.network.plates import show_plates
from sirenvae.ui.shared.choice import edit, toggle_observed
from sirenvae.ui.shared.picker import about_choice, pick_network, picker_row
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Network")
st.markdown(
    "Each variable is drawn given its parents. The shaded ones are observed, the others latent: they have to be "
    "inferred. **First thing to try:** point at a disc and read what separates it from all others; then click it to "
    "observe it, and watch the entropy."
)
start_lesson()
row, cards = picker_row(), st.container()
picture, facts = st.columns([5, 2], gap="large")
network = pick_network(row, messages=picture.empty())
with row:
    generator()
with picture:
    network_picture(network, on_toggle=lambda v: toggle_observed(network, v), on_edit=edit)
    edit_row(network)
with cards:
    gallery()
with facts:
    st.markdown(about_choice())
    show_plates(network)
    show_facts(network)
    show_download(network)
show_conditionals(network)
show_explore(network)
show_code(*facts_code(network), key="network_code")
shown_in(
    "student and binary trees: Webb et al., Faithful Inversion of Generative Models (2018), Figures 3 and 5",
    "Markov blanket: Pearl, Probabilistic Reasoning in Intelligent Systems (1988)",
    "ecoli70, arth150, magic-niab, magic-irri: Bayesian Network Repository, bnlearn.com",
    notebook="00_tour",
)
