"""The look that Streamlit's theme has no setting for."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sirenvae.ui.shared.component import modules_version, styles, views

_draw = views("shared/history.js")


def one_entry_per_action() -> None:
    """Let the browser's Back go to what was before the last click or key, whatever is written into the URL after it.

    A tab that was open while the server got other modules loads them, where it is.
    """
    _draw("history", "one_entry", {"modules": modules_version()})


def apply_look() -> None:
    """Less space above a page's title, lines that the eye can follow, words that stand out from their buttons."""
    st.html(f"<style>{styles('shared/look.css')}</style>")


def run_under_navigation() -> None:
    """Run the page again under app.py's navigation if Streamlit has started it on its own.

    Until app.py has run once, Streamlit takes a folder called pages for its older navigation. A deep link that is
    opened first after the server's start would show a bare page in a sidebar.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def common_to_pages() -> Iterator[None]:
    """Widgets made inside belong to all pages: a page switch keeps them and their part of the URL.

    It is as if app.py had made them. Streamlit gives a widget to the script that is running and has no public way to
    say otherwise.
    """
    context = get_script_run_ctx()
    if context is None:
        yield
        return
    with context.run_with_active_hash(context.pages_manager.main_script_hash):
        yield


def keep_in_url(*keys: str) -> None:
    """Write the values of bound widgets into the URL again; call it before the widgets.

    A value that came with the link is not written again when the page is switched, unless it is set.
    """
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def is_history_navigation() -> bool:
    """Whether Back, Forward or a link of the lesson has changed the address: then the URL is right."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def in_address(parameter: str) -> list[str]:
    """The values of a parameter in the URL.

    After Back from another page ``st.query_params`` leaves out what belongs to widgets that are not there yet.
    """
    context = get_script_run_ctx()
    return [] if context is None else parse_qs(context.query_string).get(parameter, [])


def plain(text) -> str:
    """Text from outside (a file's names, a link) as Markdown that shows it as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>$:~" else c for c in str(text))


def counted(number: int, noun: str) -> str:
    """A number and its noun, which ends in an s where there is not one alone."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
