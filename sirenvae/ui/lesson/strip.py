"""The strip of the lesson, which is above every page while the URL names a stop, and the link that starts it."""

from __future__ import annotations

import streamlit as st

from sirenvae.ui.lesson.stops import PARAMETER, STOPS, link, written
from sirenvae.ui.shared.component import views
from sirenvae.ui.shared.look import is_history_navigation

_AT = "lesson_at"  # in the session: the stop, or None outside the lesson

_draw = views("lesson/lesson.js", "lesson/lesson.css")


def lesson_strip() -> None:
    """Show the strip if there is a lesson; its place is there in any case, so that nothing below is built anew."""
    at = _current_stop()
    if isinstance(at, str):
        st.warning(at, icon=":material/school:")
    with st.container(key="lesson_on" if isinstance(at, int) else "lesson_off"):
        if isinstance(at, int):
            _draw("strip", "lesson_strip", {"stops": _stops(), "at": at, "home": "./"})


def start_lesson() -> None:
    """A link to the first stop."""
    if st.session_state.get(_AT) is None:
        words = f"Start the lesson: {len(STOPS)} stops, each with one thing to do"
        _draw("start", "lesson_start", {"href": link(1), "words": words})


def _current_stop() -> int | str | None:
    """The number of the stop, a sentence about one that does not exist, or nothing.

    A link of the navigation drops parameters that belong to no widget; the session keeps the stop then.
    """
    text = st.query_params.get(PARAMETER)
    if text is not None or is_history_navigation():
        st.session_state[_AT] = _stop_number(text)
    at = st.session_state.get(_AT)
    if isinstance(at, int) and text is None:
        st.query_params[PARAMETER] = str(at)
    return at


def _stop_number(text: str | None) -> int | str | None:
    if text is None:
        return None
    if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(STOPS):
        return int(text)
    return f"The lesson has stops 1 to {len(STOPS)}; the link names another one."


@st.cache_data(show_spinner=False)
def _stops() -> list[dict]:
    return [
        {
            "title": stop.title,
            "words": " ".join(map(written, stop.sentences)),
            "task": written(stop.task),
            "where": stop.where,
            "scroll": stop.scroll,
            "more": f"{stop.more}?{PARAMETER}={number}" if stop.more else "",
            "href": link(number),
        }
        for number, stop in enumerate(STOPS, start=1)
    ]
