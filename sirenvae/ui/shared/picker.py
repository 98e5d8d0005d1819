"""The network picker that every page shows: which network, which variables are observed, your own file."""

from __future__ import annotations

import hashlib

import streamlit as st

import sirenvae as sv
from sirenvae.figures.layout import check_drawable
from sirenvae.graphs.files.formats import SUFFIXES
from sirenvae.ui.shared.choice import (
    CHANGES,
    NETWORK,
    OBSERVED,
    Choice,
    choose,
    chosen_changes,
    current,
    forget,
    load,
    report,
    reported,
    settle,
    settled,
    toggle_observed,
    uploads,
    usable,
)
from sirenvae.ui.shared.look import (
    common_to_pages,
    in_address,
    is_history_navigation,
    keep_in_url,
    plain,
    run_under_navigation,
)

__all__ = ["CHANGES", "NETWORK", "OBSERVED", "about_choice", "pick_network", "picker_row", "toggle_observed"]

_OWN = "own_networks"  # in the session: networks that are not in the list of all
_UPLOAD = "upload_popover"  # the popover's key and whether it is open
_UPLOAD_PROBLEM = "upload_problem"  # one sentence about a file that could not be used
_MAX_UPLOADS = 64
_MAX_MEGABYTES = 10


def pick_network(row=None, messages=None) -> sv.BayesianNetwork:
    """Show the picker and return the chosen network.

    The choice is in the URL (`network`, `change`, `observed`), so it survives a reload, is shared by all pages and can
    be sent as a link. Input that cannot be used leaves the choice as it was and puts one sentence on the page.

    Arguments:
        row: A horizontal container for the picker, if the page has more to put beside it.
        messages: An empty element for that sentence, if it should not be below the picker.

    Returns:
        The network; the same object as long as the choice stays the same.
    """
    run_under_navigation()
    keep_in_url(NETWORK, CHANGES, OBSERVED)
    if is_history_navigation():  # what is said before the widgets are there is about the address, too
        for key in (CHANGES, OBSERVED):
            st.session_state[key] = in_address(key)
    names = network_choices()
    with row or picker_row(), common_to_pages():
        st.selectbox("Network", names, key=NETWORK, bind="query-params", on_change=forget, width=220)
        base = load(usable()._replace(observed=None))
        with st.popover(_label(base), icon=":material/visibility:", key="observed_popover"):
            _pick_observed(base)
            _pick_changes()
        if st.session_state.get(OBSERVED):
            words = "Back to the observed variables that the network itself names."
            st.button("Default", icon=":material/undo:", on_click=_observe_default, key="observed_default", help=words)
        with st.popover("Your own", icon=":material/upload_file:", key=_UPLOAD, on_change="rerun"):
            _upload()
    network = load(settled())
    place = messages or st.empty()  # always there: a message does not move, and thereby rebuild, what comes after it
    if problem := reported():
        place.error(plain(problem), icon=":material/error:")
    return network


def picker_row():
    """The row that holds the picker and what a page puts beside it."""
    return st.container(horizontal=True, vertical_alignment="bottom", key="picker")


def about_choice() -> str:
    """One sentence about the chosen network, and one that says how far it has been changed."""
    words, changes = about(st.session_state[NETWORK]), len(usable().changes)
    return f"{words} Changed in {changes} place{'' if changes == 1 else 's'}." if changes else words


def about(name: str) -> str:
    """One sentence about a network, uploaded ones included."""
    return "Your own network, kept on this server only." if name in uploads() else sv.about_network(name)


def network_choices() -> list[str]:
    """The named networks, this session's own, and what the URL names if it can be loaded."""
    own = st.session_state.setdefault(_OWN, [])
    names = [*sv.network_names(), *own]
    kept = None if is_history_navigation() else st.session_state.get(NETWORK)
    wanted = kept or next(iter(in_address(NETWORK)), None)
    if wanted and wanted not in names:
        try:
            load(Choice(wanted))
        except sv.InputError as error:
            report(str(error))
        else:
            own.append(wanted)
            names.append(wanted)
    return names


def _pick_changes() -> None:
    """The changes made to the network, each of which can be dropped.

    The widget is there even when there are none: Streamlit does not write the first value of a new one into the URL.
    """
    changes = chosen_changes()
    st.multiselect(
        "Changes to the network",
        changes,
        key=CHANGES,
        bind="query-params",
        on_change=_check,
        placeholder="none",
        disabled=not changes,
        help="Take one away to drop it. The page Network has tools for more.",
        width=360,
    )


def _pick_observed(base: sv.BayesianNetwork) -> None:
    st.multiselect(
        "Observed variables",
        [str(v) for v in base.variables],
        key=OBSERVED,
        bind="query-params",
        on_change=_check,
        placeholder="as the network says: " + _shortened(base.observed),
        help="Empty means the network's own choice, mostly its leaves. All others are latent.",
        width=360,
    )


def _check() -> None:
    """Callback: keep what was if no network can be made of what the widgets hold."""
    settle(current())


def _observe_default() -> None:
    settle(current()._replace(observed=None))


def _upload() -> None:
    if problem := st.session_state.pop(_UPLOAD_PROBLEM, None):
        st.error(plain(problem), icon=":material/error:", width=360)
    st.file_uploader(  # of any type: a sentence about the wrong one says more than the widget's icon
        f"A network file ({', '.join(SUFFIXES)}, each also with .gz)",
        max_upload_size=_MAX_MEGABYTES,
        key=f"upload_{st.session_state.get('uploads_read', 0)}",
        on_change=_read_upload,
        width=360,
    )
    st.caption("The file stays on this server. The download on the page Network shows the .json format.", width=360)


def _read_upload() -> None:
    """Callback: add the file's network and choose it, or say why it cannot be read and keep everything."""
    count = st.session_state.get("uploads_read", 0)
    file = st.session_state[f"upload_{count}"]
    if file is None:
        return
    st.session_state["uploads_read"] = count + 1  # a fresh uploader: the same file can be tried again
    content = file.getvalue()
    try:
        network = sv.parse_network(content, file.name)
        check_drawable(network.dag, network.name)
    except sv.InputError as error:
        st.session_state[_UPLOAD_PROBLEM] = str(error)
        return
    name = f"{network.name}-{hashlib.sha256(content).hexdigest()[:6]}"
    kept = uploads()
    kept[name] = network
    while len(kept) > _MAX_UPLOADS:
        kept.pop(next(iter(kept)))
    st.session_state[_UPLOAD] = False  # what was chosen should be seen
    choose(name)


def _label(base: sv.BayesianNetwork) -> str:
    chosen, changes = st.session_state.get(OBSERVED) or base.observed, chosen_changes()
    return f"Observed: {len(chosen):,} of {len(base.variables):,}" + (f", changed: {len(changes)}" if changes else "")


def _shortened(variables, at_most: int = 6) -> str:
    names = [str(v) for v in variables]
    return ", ".join(names[:at_most]) + (f" and {len(names) - at_most} more" if len(names) > at_most else "")
