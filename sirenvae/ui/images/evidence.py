"""One image's evidence: annealed chains of more and more temperatures, which close in on it from both sides."""

from __future__ import annotations

import streamlit as st

from sirenvae.experiments.nami4 import WORDS
from sirenvae.experiments.shown.evidence import COUNTS, chains_both_ways, chains_of
from sirenvae.figures.nami4 import LOOKS
from sirenvae.ui.images.chart import evidence_chart
from sirenvae.ui.images.sheet import Row, sheet_data
from sirenvae.ui.images.view import CHOSEN, RACES, images_of, shown_trial, trained
from sirenvae.ui.images.views import draw
from sirenvae.ui.shared.look import keep_in_url

ENCODER, WHOSE = "chains", "whose"  # keys of the widgets and names in the URL
OWN, TEST = "one that the model draws", "the chosen test image"
_STATE = "evidence_found"  # in the session: of which model and image, and what its chains have said so far
_CHAINS = 16
_SECONDS = 0.3  # between one number of temperatures and the next
_HEIGHT = 320


def evidence_view() -> None:
    """Which model and image, the button that starts the chains, and where they have come to."""
    st.subheader("How likely is one image?")
    st.markdown(
        "log p(x) is an integral over all latents. Chains go from q(z | x) to the posterior by so many temperatures, "
        "and their mean weight bounds it from below; for an image that the model drew itself, chains that go back from "
        "its own latents bound it from **above**. **Try this:** run the chains, and read off between which two numbers "
        "it lies."
    )
    models = trained(RACES.shown())
    if not models:
        st.caption("Once a race has begun, chains can be run with what it has learnt.")
        return
    keep_in_url(ENCODER, WHOSE)
    with st.container(horizontal=True, vertical_alignment="bottom", key="evidence_controls"):
        names = {WORDS[encoder]: encoder for encoder in models}
        settings = {"required": True, "key": ENCODER, "bind": "query-params"}
        encoder = names[st.segmented_control("Model", list(names), default=list(names)[-1], **settings)]
        settings = {"required": True, "key": WHOSE, "bind": "query-params"}
        whose = st.segmented_control("Image", [OWN, TEST], default=OWN, **settings)
        settings = {"icon": ":material/route:", "key": "run_chains"}
        if st.button("Run the chains", **settings):
            st.session_state[_STATE] = {"of": _which(encoder, whose), "model": models[encoder], "found": []}
    state = st.session_state.get(_STATE)
    going = state is not None and state["of"] == _which(encoder, whose)
    is_running = going and len(state["found"]) < len(COUNTS)
    st.fragment(_live, run_every=_SECONDS if is_running else None)(encoder, whose, is_running)


def _which(encoder: str, whose: str) -> tuple:
    """What the chains are of: they stop being shown when another model or image is chosen."""
    place = st.session_state.get(CHOSEN, 0) if whose == TEST else None
    return st.session_state.get(RACES.key), encoder, whose, place


def _live(encoder: str, whose: str, is_running: bool) -> None:
    """Chains of one more number of temperatures, and all that was found."""
    state = st.session_state.get(_STATE)
    if state is None or state["of"] != _which(encoder, whose):
        state = {"found": []}
    elif is_running:
        if len(state["found"]) == len(COUNTS):
            st.rerun()
        state["found"].append(_next(state, whose))
    found, trial = state["found"], shown_trial()
    left, right = st.columns([8, 4], gap="medium")
    with left:
        st.markdown("**log p(x), nats: what chains say, by how many temperatures they take**")
        st.echarts_chart(
            evidence_chart(found, LOOKS[encoder][1], st.context.theme.type == "dark"),
            height=_HEIGHT,
            key="evidence_chart",
            alt="What annealed chains say of one image's log evidence against their number of temperatures",
        )
    with right:
        images = images_of(trial.images, trial.binarization, trial.first_seed)
        x = found[-1].get("x") if found else None
        if x is None and whose == TEST:
            x = images.test[min(st.session_state.get(CHOSEN, 0), len(images.test) - 1)]
        if x is not None:
            row = Row("one", "the image", x.numpy()[None])
            draw("sheet", "one_image", sheet_data([row], images.height, images.width, None))
        st.markdown(evidence_words(found))


def _next(state: dict, whose: str) -> dict:
    model, count = state["model"], COUNTS[len(state["found"])]
    if whose == OWN:
        return chains_both_ways(model, count, _CHAINS)
    trial = shown_trial()
    images = images_of(trial.images, trial.binarization, trial.first_seed)
    place = min(st.session_state.get(CHOSEN, 0), len(images.test) - 1)
    return chains_of(model, images.test[place : place + 1], count, _CHAINS)


def evidence_words(found: list[dict]) -> str:
    """What the bounds say, in sentences."""
    if not found:
        return "No chain has run yet."
    last, first = found[-1], found[0]
    words = [
        f"With one temperature {_CHAINS} draws of q are weighted, nothing more: the IWAE bound, "
        f"**{first['lower']:.2f}** nats; each dot alone is an ELBO."
    ]
    if len(found) > 1:
        words.append(f"With {last['temperatures']} temperatures the lower bound is **{last['lower']:.2f}**")
        words[-1] += (
            f", the upper one **{last['upper']:.2f}**: what lies between is at most "
            f"{last['upper'] - last['lower']:.2f} nats off, but for chance."
            if last.get("upper") is not None
            else ". From above there is no bound: nobody knows an exact draw of this image's posterior."
        )
    return " ".join(words)
