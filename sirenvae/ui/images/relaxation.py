"""A temperature slider: a relaxed bit, and what the trained decoder makes of bits at that temperature."""

from __future__ import annotations

import numpy as np
import streamlit as st

from sirenvae.experiments.image_race import NUM_SHOWN
from sirenvae.experiments.nami4 import WORDS
from sirenvae.figures.nami4 import LOOKS
from sirenvae.ui.images.chart import relaxation_chart
from sirenvae.ui.images.sheet import Row, sheet_data
from sirenvae.ui.images.view import RACES, images_of, shown_trial, trained
from sirenvae.ui.images.views import draw
from sirenvae.ui.shared.look import keep_in_url

TEMPERATURE = "temperature"  # key of the widget and name in the URL
_TEMPERATURES = (0.02, 0.1, 0.2, 0.35, 0.5, 0.67, 1.0, 1.5, 2.5, 5.0)
_USUAL = 0.67
_HEIGHT = 220


@st.fragment
def relaxation_view() -> None:
    """The slider, the density of a bit that is as likely 1 as 0, and images read and drawn at that temperature."""
    st.subheader("A bit, relaxed")
    st.markdown(
        "A true bit has no gradient. Noise is added to its log odds and the sum divided by a temperature. **Try "
        "this:** take the temperature down until the values are bits, then up until they say nothing, and look at the "
        "digits."
    )
    keep_in_url(TEMPERATURE)
    job, trial = RACES.shown(), shown_trial()
    left, right = st.columns([4, 8], gap="medium")
    with left:
        settings = {"key": TEMPERATURE, "bind": "query-params"}
        words = "Temperature of the latents"
        temperature = st.select_slider(words, _TEMPERATURES, _USUAL, **settings)
        st.echarts_chart(
            relaxation_chart(temperature, st.context.theme.type == "dark"),
            height=_HEIGHT,
            key="relaxation_chart",
            alt=f"Density of a relaxed bit at temperature {temperature}",
        )
    models = trained(job)
    with right:
        if not models:
            st.caption("Once a race has begun, digits stand here that are read at this temperature and drawn again.")
            return
        images = images_of(trial.images, trial.binarization, trial.first_seed)
        x = images.test[:NUM_SHOWN]
        rows = [Row("image", "test images", x.numpy())]
        rows += [
            Row(encoder, f"{WORDS[encoder]}, one draw", at_temperature(model, x, temperature), LOOKS[encoder][1])
            for encoder, model in models.items()
        ]
        draw("sheet", "relaxed_sheet", sheet_data(rows, images.height, images.width, None))
        st.caption(
            f"Trained at {trial.posterior_temperature:.2g}. Far below it the latents are true bits, which this decoder "
            "reads nearly as well; far above it every latent is about a half, and what is left is the average digit."
        )


def at_temperature(model, x, temperature: float) -> np.ndarray:
    """What a decoder makes of one draw of the latents, if their temperature were another one; shape ``(N, D)``."""
    import torch

    return model.at_temperature(temperature).reconstruct(x, 1, torch.Generator().manual_seed(0)).numpy()
