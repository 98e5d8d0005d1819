"""The app's entry: navigation only. Start it with ``streamlit run app.py``."""

from importlib.resources import files

import streamlit as st

from sirenvae.ui.look import apply_look

st.set_page_config(
    page_title="SIReN-VAE", page_icon=str(files("sirenvae.ui").joinpath("assets", "icon.png")), layout="wide"
)
apply_look()
st.navigation(
    [
        st.Page("pages/network.py", title="Network", default=True),
        st.Page("pages/inversion.py", title="Inversion"),
        st.Page("pages/masks.py", title="Masks"),
        st.Page("pages/training.py", title="Training"),
    ],
    position="top",
).run()
