"""The network picker that every page shows: which network, which variables are observed, your own file."""

from __future__ import annotations

import hashlib

import streamlit as st

import sirenvae as sv
from sirenvae.ui.look import common_to_pages, keep_in_url, plain, run_under_navigation

# The widgets' keys are also the names of the URL's parameters.
NETWORK, OBSERVED = "network", "observed"
_KEPT = "picker_kept"  # the last network and observed set that could be used
_PROBLEM = "picker_problem"  # one sentence about input that could not be used
_UPLOAD = "upload_popover"  # the popover's key and whether it is open
_UPLOAD_PROBLEM = "upload_problem"  # one sentence about a file that could not be used
_MAX_UPLOADS = 64
_MAX_MEGABYTES = 10


def pick_network(row=None) -> sv.BayesianNetwork:
    """Show the picker and return the chosen network.

    The choice is in the URL (`network`, `observed`), so it survives a reload, is shared by all pages and can be sent as
    a link. Input that cannot be used leaves the choice as it was and puts one sentence on the page.

    Arguments:
        row: A horizontal container for the picker, if the page has more to put beside it.

    Returns:
        The network; the same object as long as the choice stays the same.
    """
    run_under_navigation()
    keep_in_url(NETWORK, OBSERVED)
    names = _choices()
    with row or picker_row(), common_to_pages():
        name = st.selectbox("Network", names, key=NETWORK, bind="query-params", on_change=_forget_observed, width=220)
        base = _load(name, None)
        with st.popover(_observed_label(base), icon=":material/visibility:", key="observed_popover"):
            _pick_observed(base)
        if st.session_state.get(OBSERVED):
            words = "Back to the observed variables that the network itself names."
            st.button("Default", icon=":material/undo:", on_click=_forget_observed, key="observed_default", help=words)
        with st.popover("Your own", icon=":material/upload_file:", key=_UPLOAD, on_change="rerun"):
            _upload()
    network = _current(name, base)
    place = st.empty()  # always there, so that a message does not move, and thereby rebuild, what comes after it
    if problem := st.session_state.pop(_PROBLEM, None):
        place.error(plain(problem), icon=":material/error:")
    return network


def picker_row():
    """The row that holds the picker and what a page puts beside it."""
    return st.container(horizontal=True, vertical_alignment="bottom", key="picker")


def about_choice() -> str:
    """One sentence about the chosen network."""
    name = st.session_state[NETWORK]
    return "Your own network, kept on this server only." if name in _uploads() else sv.about_network(name)


def toggle_observed(network: sv.BayesianNetwork, variable) -> None:
    """Make an observed variable latent or a latent one observed; for callbacks of the pictures.

    If no latent or no observed variable would be left, nothing changes and the page says so.
    """
    st.session_state[OBSERVED] = [str(v) for v in network.in_declared_order(set(network.observed) ^ {variable})]
    _check_observed(allow_empty=False)


def _choices() -> list[str]:
    """The named networks, this session's files, and what the URL names if it can be loaded."""
    names = [*sv.network_names(), *st.session_state.setdefault("uploaded", [])]
    wanted = st.session_state.get(NETWORK) or st.query_params.get(NETWORK)
    if wanted and wanted not in names:
        try:
            _load(wanted, None)
            names.append(wanted)
        except sv.InputError as error:
            st.session_state[_PROBLEM] = str(error)
    return names


@st.cache_resource
def _uploads() -> dict[str, sv.BayesianNetwork]:
    """Uploaded networks by name, for all sessions, so that a reload finds them; the oldest go first."""
    return {}


@st.cache_resource(max_entries=256, show_spinner=False)
def _load(name: str, observed: tuple[str, ...] | None) -> sv.BayesianNetwork:
    network = _uploads().get(name) or sv.load_network(name)
    if observed is None:
        return network
    return network.with_observed([v for v in network.variables if str(v) in set(observed)])


def _current(name: str, base: sv.BayesianNetwork) -> sv.BayesianNetwork:
    observed = tuple(st.session_state.get(OBSERVED) or ()) or None
    try:
        network = _load(name, observed)
    except sv.InputError as error:  # a link that observes everything
        st.session_state[_PROBLEM] = str(error)
        return base
    st.session_state[_KEPT] = (name, list(observed or ()))
    return network


def _pick_observed(base: sv.BayesianNetwork) -> None:
    st.multiselect(
        "Observed variables",
        [str(v) for v in base.variables],
        key=OBSERVED,
        bind="query-params",
        on_change=_check_observed,
        placeholder="as the network says: " + _shortened(base.observed),
        help="Empty means the network's own choice, mostly its leaves. All others are latent.",
        width=360,
    )


def _check_observed(allow_empty: bool = True) -> None:
    """Callback: keep the previous observed set if the new one cannot be used; the network's own is the empty one."""
    name, observed = st.session_state[NETWORK], st.session_state[OBSERVED]
    if not observed and allow_empty:
        return
    try:
        network = _load(name, tuple(observed))
    except sv.InputError as error:
        st.session_state[_PROBLEM] = str(error)
        kept_name, kept = st.session_state.get(_KEPT, (name, []))
        st.session_state[OBSERVED] = kept if kept_name == name else []
        return
    if network.observed == _load(name, None).observed:
        st.session_state[OBSERVED] = []


def _forget_observed() -> None:
    st.session_state[OBSERVED] = []


def _upload() -> None:
    if problem := st.session_state.pop(_UPLOAD_PROBLEM, None):
        st.error(plain(problem), icon=":material/error:", width=360)
    st.file_uploader(  # of any type: a sentence about the wrong one says more than the widget's icon
        "A network file (.json, .bif, .csv with parent and child, .graphml)",
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
        network = sv.parse_network(content.decode("utf-8"), file.name)
    except UnicodeDecodeError:
        st.session_state[_UPLOAD_PROBLEM] = f"The file {file.name} is not text; a network file in UTF-8 was expected."
        return
    except RecursionError:
        st.session_state[_UPLOAD_PROBLEM] = f"The file {file.name} nests lists too deeply to be a network."
        return
    except sv.InputError as error:
        st.session_state[_UPLOAD_PROBLEM] = str(error)
        return
    name = f"{network.name}-{hashlib.sha256(content).hexdigest()[:6]}"
    uploads = _uploads()
    uploads[name] = network
    while len(uploads) > _MAX_UPLOADS:
        uploads.pop(next(iter(uploads)))
    if name not in st.session_state["uploaded"]:
        st.session_state["uploaded"].append(name)
    st.session_state[NETWORK] = name
    st.session_state[_UPLOAD] = False  # what was chosen should be seen
    _forget_observed()


def _observed_label(base: sv.BayesianNetwork) -> str:
    chosen = st.session_state.get(OBSERVED) or base.observed
    return f"Observed: {len(chosen)} of {len(base.variables)}"


def _shortened(variables, at_most: int = 6) -> str:
    names = [str(v) for v in variables]
    return ", ".join(names[:at_most]) + (f" and {len(names) - at_most} more" if len(names) > at_most else "")
