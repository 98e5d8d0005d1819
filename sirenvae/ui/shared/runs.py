"""The runs of this server, which pages start and watch."""

from __future__ import annotations

import gc

import streamlit as st

from sirenvae.jobs.plans import FAILED, FINISHED, QUEUED, RUNNING, STOPPED
from sirenvae.jobs.queue import TrainingManager

POLL_SECONDS = 0.8
BADGES = {
    QUEUED: ("waiting", ":material/hourglass_empty:", "gray"),
    RUNNING: ("training", ":material/model_training:", "blue"),
    STOPPED: ("stopped", ":material/stop_circle:", "orange"),
    FINISHED: ("finished", ":material/check_circle:", "green"),
    FAILED: ("failed", ":material/error:", "red"),
}


@st.cache_resource(show_spinner=False)
def training_manager() -> TrainingManager:
    """The one manager of this server.

    Streamlit collects garbage after every look at a run. With all modules loaded that takes 75 ms, against 3 ms for the
    look itself; what is frozen is not searched.
    """
    gc.freeze()
    return TrainingManager()
