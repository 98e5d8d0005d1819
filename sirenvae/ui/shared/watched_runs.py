"""The runs of a page: what starts one, which is shown, how it goes, and how it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from sirenvae.errors import InputError
from sirenvae.experiments.trial import Trial
from sirenvae.jobs.plans import FAILED, FINISHED, QUEUED, STOPPED, Job
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.runs import BADGES, training_manager
from sirenvae.ui.shared.teaching import network_lines

_MORE = "Twice the steps. The learning rate rises again at first, and the curves may rise with it for a while."
_REST = "It goes on where it stopped, once no other run is before it."


@dataclass(frozen=True)
class Runs:
    """The runs of one kind of trial, in plain words.

    Attributes:
        key: Of the list of runs, and its name in the URL; it ends the keys of the buttons.
        trial: Which kind.
        noun: What a run is called.
        plural: What the list of them is called.
        label: In the ids of the jobs.
    """

    key: str
    trial: type[Trial]
    noun: str
    plural: str
    label: str

    def start(self, make: Callable[[], Trial], source: Sequence[str] | None = None) -> None:
        """Callback: start a run and show it, or say why it cannot be.

        Arguments:
            make: Gives the trial.
            source: Lines of code that make what it is about; by default those of the picker's network.
        """
        try:
            lines = network_lines() if source is None else tuple(source)
            st.session_state[self.key] = training_manager().submit(make().to_json(), self.label, lines)
        except InputError as error:
            self._report(str(error))

    def pick(self) -> None:
        """The list of runs; it holds the id of the shown one for the URL: a reload and other tabs see the same."""
        ids = training_manager().job_ids(self.trial.name)
        wanted = st.query_params.get(self.key)
        if wanted and wanted not in ids and st.session_state.get(self.key) in (None, wanted):
            self._report(f"The {self.noun} that this link names is no longer kept on this server.")
        if st.session_state.get(self.key) not in ids:
            st.session_state.pop(self.key, None)
        words = f"Newest first. A link to this page shows the same {self.noun} in another tab."
        settings = {"key": self.key, "bind": "query-params", "width": 170, "help": words}
        st.selectbox(self.plural, ids, None, placeholder="choose one" if ids else "none yet", **settings)

    def say_problem(self) -> None:
        """One sentence why the last run could not be started or go on, once."""
        if problem := st.session_state.pop(f"{self.key}_problem", None):
            st.error(plain(problem), icon=":material/error:")

    def shown(self) -> Job | None:
        """The chosen run."""
        run = st.session_state.get(self.key)
        return training_manager().job(run) if run else None

    def status(self, job: Job) -> None:
        """How far it is, and the buttons that stop it or let it go on."""
        label, icon, colour = BADGES[job.state]
        with st.container(horizontal=True, vertical_alignment="center", key=f"{self.key}_{job.state}"):
            st.badge(label, icon=icon, color=colour, width="content")
            st.markdown(_top_line(job), width="stretch")
            if job.active:
                stop = {"icon": ":material/stop:", "key": f"stop_{self.key}", "on_click": training_manager().stop}
                st.button("Stop", args=(job.id,), **stop)
            elif job.can_go_on:
                words = "Go on" if job.state == STOPPED else f"Go on to {job.trial.longer().num_steps:,} steps"
                more = {"icon": ":material/resume:", "key": f"go_on_{self.key}", "on_click": self._go_on}
                st.button(words, args=(job.id,), help=_REST if job.state == STOPPED else _MORE, **more)
        if job.state == FAILED:
            st.error(plain(job.message), icon=":material/error:")

    def _go_on(self, job_id: str) -> None:
        """Callback: let it go on, or say why it cannot."""
        try:
            training_manager().resume(job_id)
        except InputError as error:
            self._report(str(error))

    def _report(self, problem: str) -> None:
        st.session_state[f"{self.key}_problem"] = problem


def say_where_it_went_on(job: Job | None) -> None:
    """A caption under the curves, which rise where a run goes on."""
    if job is not None and job.went_on:
        steps = " and ".join(f"{step:,}" for step in job.went_on)
        st.caption(f"It went on after {steps} steps: the learning rate rose again there, and the loss with it.")


def _top_line(job: Job) -> str:
    if job.state == QUEUED:
        ahead = training_manager().num_ahead(job.id)
        return f"{ahead} before this one" if ahead else "the training process is starting"
    done = max((record["step"] for record in job.progress), default=0)
    if job.state == FINISHED:
        return f"**{job.trial.num_steps:,}** steps in **{job.ended - job.started:.0f} s**"
    parts = [f"step **{done:,}** of {job.trial.num_steps:,}"]
    if job.active and done:
        seconds = (time.monotonic() - job.started) * (job.trial.num_steps / done - 1)
        parts.append(f"about {max(1, round(seconds))} s left")
    return " · ".join(parts)
