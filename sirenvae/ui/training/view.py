"""A training run as it goes: status, two live charts, what they show in words, the recipe and downloads."""

from __future__ import annotations

import json
import time

import streamlit as st

from sirenvae.experiments.formats import as_csv
from sirenvae.experiments.registry import LEARNERS
from sirenvae.graphs import BayesianNetwork, network_names, network_to_json
from sirenvae.jobs.plans import FAILED, QUEUED, RUNNING, STOPPED, Job
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.runs import BADGES, POLL_SECONDS, training_manager
from sirenvae.ui.shared.teaching import show_code
from sirenvae.ui.training.charts import size_chart, size_in_training, training_chart
from sirenvae.ui.training.code import training_code
from sirenvae.ui.training.controls import go_on, shown_run, start_example
from sirenvae.ui.training.models import models_view
from sirenvae.ui.training.words import description, doing, duration, findings, seconds_left, share_done

_HEIGHT = 360
_CURVES, _CURVES_LABEL = "curves_at", "Curves at this many training points"
_OWN_SIZE = "curves_at_own"  # in the session: the run, and the size whose curves the learner keeps in view
_MEANING = {
    "learning_rate": "where the schedule starts",
    "batch_size": "points per step",
    "schedule": "how the learning rate falls",
    "num_steps": "steps in all",
    "base_steps": "steps for two points per variable",
    "warm_up_steps": "steps until the full learning rate",
    "kl_warm_up": "share of the base steps over which the KL term grows to full weight",
    "weight_decay": "how strongly weights are held at zero",
    "noise_floor": "least standard deviation of the decoder, in standard units",
}


def run_view(network: BayesianNetwork) -> None:
    """Show the chosen run, live while it goes on; before the first one, the line of the truth that no model passes."""
    job = training_manager().job(shown_run()) if shown_run() else None
    if job is None:
        if network.is_gaussian:
            _before_the_first(network)
        return
    st.fragment(_live, run_every=POLL_SECONDS if job.active else None)(job.id, _stage(job))
    models_view(job)
    _recipe(job)
    _downloads(job)


def _stage(job: Job) -> tuple[bool, int]:
    """What the rest of the page depends on, beyond the live part."""
    return job.active, len(job.points)


def _before_the_first(network: BayesianNetwork) -> None:
    if network.is_linear:
        st.markdown(
            "Nothing has been trained here yet. The dashed line is the exact truth: data come from the network itself, "
            "so the least loss that any model can have is known."
        )
    else:
        st.markdown(
            "Nothing has been trained here yet. Not all means of this network are linear, so the least loss that a "
            "model can have is not known by formula: it is measured on the test points of the first model that is "
            "done, with a standard error where that takes an estimate."
        )
    if network.name != "ecoli70":  # there the first of the ready-made runs does the same
        st.button("Start with ecoli70: a minute", icon=":material/play_arrow:", on_click=start_example, key="example")
    _charts(network, None)


def _live(job_id: str, stage: tuple[bool, int]) -> None:
    """One look at the run; once there is more to show than this part does, it redraws the page."""
    job = training_manager().job(job_id)
    if job is None or _stage(job) != stage:
        st.rerun()
    _status(job)
    if job.state == FAILED:
        st.error(plain(job.message), icon=":material/error:")
    _charts(job.trial.network, job)
    if sentences := findings(job):
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


def _status(job: Job) -> None:
    label, icon, colour = BADGES[job.state]
    with st.container(horizontal=True, vertical_alignment="center", key=f"run_{job.state}"):
        st.badge(label, icon=icon, color=colour, width="content")
        st.markdown(_top_line(job), width="stretch")
        if job.active:
            stop = {"icon": ":material/stop:", "key": "stop", "on_click": training_manager().stop, "args": (job.id,)}
            st.button("Stop", **stop)
        elif job.can_go_on:
            words = "The run goes on where it stopped, once no other run is before it."
            more = {"icon": ":material/resume:", "key": "resume", "on_click": go_on, "args": (job.id,), "help": words}
            st.button("Go on", **more)
    st.markdown(description(job))
    if job.state == QUEUED and (ahead := training_manager().num_ahead(job.id)):
        st.progress(
            share_done(job),
            f"Place {ahead + 1} in the queue: {ahead} {'run' if ahead == 1 else 'runs'} before this one.",
        )
    elif job.active:
        st.progress(share_done(job), doing(job) if job.state == RUNNING else "The training process is starting.")


def _top_line(job: Job) -> str:
    count = max(map(len, job.about["tasks"])) * job.about["num_seeds"]
    replicas = "**1** replica" if count == 1 else f"**{count}** replicas trained at once"
    parts = [f"**{job.worker['device']}**"] if job.worker else []
    parts.append(replicas)
    if job.progress:
        parts.append(f"**{job.progress[-1]['replica_steps_per_second']:,.0f}** replica-steps a second")
    if (left := seconds_left(job, time.monotonic())) is not None:
        parts.append(f"about **{duration(left)}** left")
    elif job.started is not None and job.ended is not None:
        parts.append(f"took **{duration(job.ended - job.started)}**")
    if job.state == STOPPED:
        parts.append(job.message.rstrip(".").lower())
    return " · ".join(parts)


def _curves_at(job: Job | None) -> int | None:
    """The size whose curves are shown: the learner's choice in this run, or the one that the training is at."""
    if job is None:
        return None
    sizes = job.about["sizes"]
    if len(sizes) == 1:
        return sizes[0]
    run, own = st.session_state.get(_OWN_SIZE, (None, None))
    size = own if run == job.id and own in sizes else size_in_training(job)
    st.session_state[_CURVES] = size  # the pill is seen as chosen also while the training chooses it
    words = "Choose a size to keep its curves in view; press it again to follow the training."
    st.pills(_CURVES_LABEL, sizes, key=_CURVES, help=words, on_change=_keep_size, args=(job.id,))
    return size


def _keep_size(job_id: str) -> None:
    """Callback: the learner's choice holds until it is taken back, or another run is shown."""
    st.session_state[_OWN_SIZE] = job_id, st.session_state[_CURVES]


def _charts(network: BayesianNetwork, job: Job | None) -> None:
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="medium")
    with left:
        above = st.container()
        st.caption("Thick with marks: test points. Thin: the training points themselves.")
        size = _curves_at(job)
    with above:
        st.markdown("**Negative ELBO while training**" + (f", {size:,} points" if size else ""))
        st.echarts_chart(
            training_chart(network, job, size, dark),
            height=_HEIGHT,
            key="training_chart",
            alt="Negative ELBO on test and training points against training steps, with the line of the truth.",
        )
    with right:
        st.markdown("**Negative ELBO against training-set size**")
        st.echarts_chart(
            size_chart(network, job, dark),
            height=_HEIGHT,
            key="size_chart",
            alt="Negative ELBO on test points against the number of training points, with a band over seeds.",
        )
        st.caption("Line: mean over seeds. Band: one standard deviation. Small marks: seeds.")


def _recipe(job: Job) -> None:
    with st.expander("Recipe", icon=":material/receipt_long:"):
        recipe = job.about["recipe"]
        draws = f"{job.about['num_test']} test points and {job.about['elbo_samples']} draws of the latents for each"
        steps = ", ".join(f"{steps} at {size} points" for size, steps in job.about["steps"].items())
        shown = {name: recipe[name] for name in _MEANING} | {"num_steps": steps}
        if shown["weight_decay"] is None:
            shown["weight_decay"] = _decay(job)
        lines = [f"| {name.replace('_', ' ')} | {value} | {_MEANING[name]} |" for name, value in shown.items()]
        st.markdown(f"The recipe called *{recipe['name']}*, with AdamW. A cell is measured with {draws}.")
        st.markdown("\n".join(["| setting | value | what it is |", "|:--|:--|:--|", *lines]))
        st.markdown(
            "Another recipe, *selected*, chooses among several by cross-validation. That takes many minutes, so it is "
            f"not offered here: `python -m sirenvae train {_on_command_line(job)} --recipe selected` runs it."
        )


def _decay(job: Job) -> str:
    """That of the default, which depends on the model."""
    words = "like 1/n, and more for structures with more weights"
    if not job.worker:  # it has not begun
        return words
    each = [f"{job.worker['decay'][model]:g} for {LEARNERS[model].words}" for model in job.about["models"]]
    return f"{words}: at two points per variable {', '.join(each)}"


def show_training_code(network: BayesianNetwork) -> None:
    """The code of the run that is shown; before the first one, of the first of the ready-made runs."""
    job = training_manager().job(shown_run()) if shown_run() else None
    code = training_code(job.label, job.trial) if job else training_code("minute")
    show_code(*code, key="training_code", network=(job and job.source) or None)


def _on_command_line(job: Job) -> str:
    name = job.trial.network.name
    return f"{name if name in network_names() else 'network.json'} --size {min(job.about['sizes'])}"


def _downloads(job: Job) -> None:
    if not job.rows:
        return
    with st.container(horizontal=True):
        settings = {"icon": ":material/download:", "on_click": "ignore"}
        st.download_button("Numbers as CSV", lambda: as_csv(job.rows), f"{job.id}.csv", "text/csv", **settings)
        st.download_button("Numbers as JSON", lambda: _json(job), f"{job.id}.json", "application/json", **settings)
        st.download_button("Figure as HTML", lambda: _html(job), f"{job.id}.html", "text/html", **settings)


def _json(job: Job) -> str:
    """The rows, and everything that they depend on."""
    network = job.trial.network
    about = {name: value for name, value in job.about.items() if name != "tasks"}
    content = {"network": network.name, "structure": json.loads(network_to_json(network)), "run": about}
    return json.dumps(content | {"state": job.state, "rows": job.rows}, indent=1)


def _html(job: Job) -> str:
    from sirenvae.figures.elbo import elbo_vs_size_figure

    return elbo_vs_size_figure(job.rows, job.trial.network.name).to_html(include_plotlyjs=True)
