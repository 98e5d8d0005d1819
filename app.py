"""The app's entry: navigation only. Start it with ``streamlit run app.py``."""

from importlib.resources import files

import streamlit as st

from sirenvae.ui.lesson.strip import lesson_strip
from sirenvae.ui.shared.look import apply_look, one_entry_per_action

st.set_page_config(
    page_title="SIReN-VAE", page_icon=str(files("sirenvae.ui").joinpath("shared", "icon.png")), layout="wide"
)
apply_look()
one_entry_per_action()
page = st.navigation(
    [
        st.Page("pages/network.py", title="Network", url_path="start", default=True),
        st.Page("pages/inversion.py", title="Inversion"),
        st.Page("pages/inference.py", title="Inference"),
        st.Page("pages/images.py", title="Images"),
        st.Page("pages/masks.py", title="Masks"),
        st.Page("pages/flow.py", title="Flow"),
        st.Page("pages/training.py", title="Training"),
        st.Page("pages/results.py", title="Results"),
        # The first page has the address /; whoever asks for it by its name finds it too.
        st.Page("pages/network.py", title="Network", url_path="network", visibility="hidden"),
    ],
    position="top",
)
lesson_strip()
page.run()
