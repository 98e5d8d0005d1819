"""Where a picture that is stepped through stands, in the URL."""

import streamlit as st


def step_in_url(name: str) -> int:
    """The step that the URL names, 0 where it names none."""
    text = st.query_params.get(name, "0")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def write_in_url(name: str, value: int | str | None) -> None:
    """Write a value into the URL, or take it out: 0 and nothing are the start."""
    if value:
        st.query_params[name] = str(value)
    else:
        st.query_params.pop(name, None)
