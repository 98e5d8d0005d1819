"""Digits as they are reconstructed while two encoders train, and how bound and evidence go."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import sirenvae as sv
from sirenvae.data.grey_images import SOURCES, images_here
from sirenvae.data.images import BINARIZATIONS
from sirenvae.experiments.image_race import MOST_STEPS, NUM_SHOWN, ImageRace
from sirenvae.experiments.nami4 import ENCODERS, WORDS
from sirenvae.figures.nami4 import LOOKS
from sirenvae.jobs.plans import Job
from sirenvae.ui.images.chart import MEASURES, curves_of, measure_chart
from sirenvae.ui.images.sheet import Row, sheet_data
from sirenvae.ui.images.views import draw
from sirenvae.ui.shared.look import keep_in_url
from sirenvae.ui.shared.runs import POLL_SECONDS, training_manager
from sirenvae.ui.shared.watched_runs import Runs, say_where_it_went_on

IMAGES, BITS, STEPS = "images", "bits", "image_steps"  # keys of the widgets and names in the URL
RACES = Runs("image_race", ImageRace, "race", "Races", "encoders")
CHOSEN = "chosen_image"  # in the session
_VIEW = "sheet"
_SOURCES_SHOWN = 32  # draws of z that a reconstruction is averaged over
_HEIGHT = 270


def image_controls() -> None:
    """Which images and bits, for how long to train, and the button that starts it."""
    keep_in_url(IMAGES, BITS, STEPS)
    with st.container(horizontal=True, vertical_alignment="bottom", key="image_controls"):
        here = images_here()
        words = "On this machine. " + " ".join(f"{name}: {about}." for name, about in SOURCES.items())
        st.selectbox("Images", here, key=IMAGES, bind="query-params", width=150, help=words)
        words = (
            "thresholded: dark or not. static: drawn once with the grey as probability. dynamic: drawn anew at every "
            "step. Bounds of one kind never stand beside those of another."
        )
        settings = {"key": BITS, "bind": "query-params", "width": 150, "help": words}
        st.selectbox("Bits", BINARIZATIONS[::-1], **settings)
        words = "Each step takes 100 images."
        st.number_input("Steps", 100, MOST_STEPS, 1500, 100, key=STEPS, bind="query-params", width=130, help=words)
        settings = {"type": "primary", "icon": ":material/play_arrow:", "key": "start_images"}
        st.button("Start the race", on_click=_start, **settings)
        RACES.pick()
    RACES.say_problem()


def _start() -> None:
    """Callback."""
    state = st.session_state
    lines = image_lines(state[IMAGES], state[BITS])
    RACES.start(lambda: ImageRace(state[IMAGES], state[BITS], num_steps=state[STEPS]), lines)


def image_lines(name: str, bits: str) -> tuple[str, ...]:
    """Lines of code that load the images."""
    return (
        "import sirenvae as sv",
        "from sirenvae.data.images import load_images",
        "",
        f"images = load_images({name!r}, {bits!r})",
    )


def shown_trial() -> ImageRace:
    """The shown race's, or what the controls say."""
    job = RACES.shown()
    if job is not None:
        return job.trial
    state = st.session_state
    return ImageRace(state[IMAGES], state[BITS], num_steps=state[STEPS])


@st.cache_resource(max_entries=2, show_spinner="Reading the images ...")
def images_of(name: str, bits: str, seed: int):
    """The images of a race."""
    from sirenvae.data.images import load_images

    return load_images(name, bits, seed)


@st.cache_resource(max_entries=16, show_spinner=False)
def _vae(file: str, changed: int, _job: Job, encoder: str):
    """A VAE as it was when its file was written."""
    import torch

    from sirenvae.experiments.image_race_work import kept_vae

    torch.set_num_threads(1)  # the products are small, and the training process wants a core of its own
    return kept_vae(_job.trial, encoder, Path(file).parent)


def trained(job: Job | None) -> dict:
    """The VAEs of a race as they were when they last reported, by their encoders."""
    if job is None:
        return {}
    from sirenvae.experiments.image_race_work import kept_file

    files = {encoder: kept_file(job.folder, encoder) for encoder in job.trial.encoders}
    return {
        encoder: _vae(str(file), file.stat().st_mtime_ns, job, encoder)
        for encoder, file in files.items()
        if file.exists()
    }


def image_race_view() -> None:
    """The sheet of images and the charts, live while a race goes on."""
    job = RACES.shown()
    active = job is not None and job.active
    st.fragment(_live, run_every=POLL_SECONDS if active else None)(job and job.id, active)


def _live(job_id: str | None, was_active: bool) -> None:
    """One look at the race; once it has ended or goes on, the whole page is drawn again."""
    job = training_manager().job(job_id) if job_id else None
    if job_id and (job is None or job.active != was_active):
        st.rerun()
    if job is not None:
        RACES.status(job)
    trial = shown_trial()
    images = images_of(trial.images, trial.binarization, trial.first_seed)
    x = images.test[:NUM_SHOWN]
    place = min(st.session_state.get(CHOSEN, 0), len(x) - 1)
    data = sheet_data(_rows(x, trained(job)), images.height, images.width, place)
    draw("sheet", _VIEW, data, on_pick_change=_picked)
    _charts(job, trial)
    words = f"Test images of {trial.images}, {trial.binarization} bits ({images.split}). "
    st.caption(
        f"{words}Each model reads {images.num_pixels} bits into {trial.num_latents} relaxed ones and draws them again; "
        "the mean of what it draws is shown."
        if job
        else f"{words}Nothing has been trained yet."
    )


def _rows(x, models: dict) -> list[Row]:
    import torch

    rows = [Row("image", "test images", x.numpy())]
    for encoder, model in models.items():
        found = model.reconstruct(x, _SOURCES_SHOWN, torch.Generator().manual_seed(0))
        rows.append(Row(encoder, WORDS[encoder], found.numpy(), LOOKS[encoder][1]))
    if models:
        encoder, model = list(models.items())[-1]
        drawn = model.sample(NUM_SHOWN, torch.Generator().manual_seed(0)).numpy()
        rows.append(Row("drawn", f"drawn, {WORDS[encoder]}", drawn, LOOKS[encoder][1]))
    return rows


def _picked() -> None:
    """Callback: an image was clicked."""
    place = st.session_state[_VIEW].get("pick")
    if place is not None:
        st.session_state[CHOSEN] = int(place)


def _charts(job: Job | None, trial: ImageRace) -> None:
    dark, progress, rows = st.context.theme.type == "dark", job.progress if job else [], job.rows if job else []
    columns = st.columns(len(MEASURES), gap="small")
    for column, (measure, words) in zip(columns, MEASURES.items(), strict=True):
        with column:
            st.markdown(f"**{words[0].upper()}{words[1:]}**")
            curves = curves_of(progress, rows, measure)
            st.echarts_chart(
                measure_chart({encoder: curves.get(encoder, []) for encoder in ENCODERS}, trial.num_steps, dark),
                height=_HEIGHT,
                key=f"chart_{measure}",
                alt=f"{words} of each encoder against training steps",
            )
    say_where_it_went_on(job)
    st.markdown(race_words({measure: curves_of(progress, rows, measure) for measure in MEASURES}))


def race_words(curves: dict[str, dict[str, list]]) -> str:
    """What the curves show so far, in a sentence."""
    last = {measure: {encoder: curve[-1][1] for encoder, curve in found.items()} for measure, found in curves.items()}
    if not all(set(found) == set(ENCODERS) for found in last.values()):
        return (
            "The bound is the ELBO, so less is better. Evidence is estimated by annealing a few chains at every fourth "
            "report; what lies between the two is the price of the encoder."
        )
    gains = {measure: found["mean_field"] - found["faithful"] for measure, found in last.items()}
    return (
        f"So far the faithful encoder's bound is **{_apart(gains['neg_elbo'])}** than mean field's and its evidence "
        f"**{_apart(gains['neg_ais'])}**. A better bound has two parts: it is tighter (gap "
        f"{last['gap']['faithful']:.2f} against {last['gap']['mean_field']:.2f} nats), and the decoder is better, "
        "since it has learnt beside a better posterior. One run each; the long runs are on the page Results."
    )


def _apart(gain: float) -> str:
    return f"{abs(gain):.2f} nats {'better' if gain > 0 else 'worse'}"


def image_code(trial: ImageRace) -> tuple[str, ...]:
    """Lines that train both, once there are ``images``."""
    return (
        "models = {}",
        f"recipe = sv.Recipe('images', learning_rate={trial.learning_rate}, num_steps={trial.num_steps},",
        f"                   base_steps={trial.num_steps}, weight_decay=0.0)",
        f"for encoder in {list(trial.encoders)!r}:",
        f"    models[encoder] = sv.RelaxedBernoulliVAE(images.num_pixels, encoder=encoder, capacity={trial.capacity})",
        "    for record in sv.fit(models[encoder], images.train, recipe):",
        "        pass",
        f"    some = images.test[:{trial.num_test}]",
        f"    *_, last = sv.ais(models[encoder], some, {trial.num_temperatures}, {trial.num_chains})",
        "    print(encoder, models[encoder].elbo(some, 20).mean(), last.log_evidence.mean())  # nats an image",
    )


def check_images() -> str | None:
    """Why there is nothing to show, in one sentence."""
    try:
        trial = shown_trial()
        images_of(trial.images, trial.binarization, trial.first_seed)
    except sv.InputError as error:
        return str(error)
    return None
