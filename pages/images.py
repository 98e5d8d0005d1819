"""What does an encoder that knows what depends on what see in images?"""

import streamlit as st

from sirenvae.ui.images.evidence import evidence_view
from sirenvae.ui.images.relaxation import relaxation_view
from sirenvae.ui.images.view import check_images, image_code, image_controls, image_lines, image_race_view, shown_trial
from sirenvae.ui.shared.choice import CHANGES, NETWORK, OBSERVED
from sirenvae.ui.shared.look import keep_in_url, plain, run_under_navigation
from sirenvae.ui.shared.teaching import show_code, shown_in

run_under_navigation()
keep_in_url(NETWORK, CHANGES, OBSERVED)  # the other pages' choice, which has no widget here
st.title("Images")
st.markdown(
    "In a VAE every latent is a parent of every pixel, so a faithful inverse joins **all** latents; mean field joins "
    "none. Both train here on the same images, with as many weights. **First thing to try:** say which digits mean "
    "field will blur, and start the race."
)
image_controls()
if problem := check_images():
    st.error(plain(problem), icon=":material/error:")
    st.stop()
image_race_view()
relaxation_view()
evidence_view()
trial = shown_trial()
show_code(*image_code(trial), key="images_code", network=image_lines(trial.images, trial.binarization))
shown_in(
    "the race: Webb et al., Faithful Inversion of Generative Models (2018), section 3.1 and Figure 4, over the steps "
    "of one training",
    "relaxed bits: Maddison et al., The Concrete Distribution (2017)",
    "chains: Neal, Annealed Importance Sampling (2001); both ways: Grosse et al. (2015)",
    notebook="05_images",
)
