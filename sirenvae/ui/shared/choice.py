"""What is chosen: the network, the changes made to it and what is observed. It is in the URL and can be undone."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

import sirenvae as sv

# The widgets' keys are also the names of the URL's parameters.
NETWORK, CHANGES, OBSERVED = "network", "change", "observed"
MAX_CHANGES = 200  # more make a link that some programs cut off
_KEPT = "choice_kept"  # the last choice that could be used
_PROBLEM = "choice_problem"  # one sentence about input that could not be used
_HISTORY = "choice_history"


class Choice(NamedTuple):
    """A network by name, the changes made to it, and the observed variables where they are not the network's own."""

    name: str
    changes: tuple[str, ...] = ()
    observed: tuple[str, ...] | None = None


class History(NamedTuple):
    """Choices for one network, oldest first; the future is what was undone, next first."""

    name: str
    past: list[Choice]
    future: list[Choice]


@st.cache_resource
def uploads() -> dict[str, sv.BayesianNetwork]:
    """Uploaded networks by name, for all sessions, so that a reload finds them; the oldest go first."""
    return {}


@st.cache_resource(max_entries=256, show_spinner=False)
def load(choice: Choice) -> sv.BayesianNetwork:
    """The network of a choice.

    Raises:
        InputError: If there is no such network, a change cannot be made, or nothing or everything would be observed.
    """
    network = uploads().get(choice.name) or sv.load_network(choice.name)
    network = sv.change_network(network, choice.changes)
    if choice.observed is None:
        return network
    return network.with_observed([v for v in network.variables if str(v) in set(choice.observed)])


def current() -> Choice:
    """What the widgets hold now."""
    observed = tuple(st.session_state.get(OBSERVED) or ()) or None
    return Choice(st.session_state[NETWORK], tuple(chosen_changes()), observed)


def chosen_changes() -> list[str]:
    """The changes that the widget holds, or will hold when it is made from the URL."""
    is_there = CHANGES in st.session_state
    return list(dict.fromkeys(st.session_state[CHANGES] if is_there else st.query_params.get_all(CHANGES)))


def usable() -> Choice:
    """What the widgets hold, less what cannot be used."""
    return _usable()[0]


def settled() -> Choice:
    """The same, once the widgets are there: later input falls back on it, and what is wrong with a link is said."""
    choice, problem = _usable()
    if problem:
        st.session_state.setdefault(_PROBLEM, problem)
    st.session_state[_KEPT] = choice
    return choice


def choose(name: str) -> None:
    """Callback: another network, as it is."""
    st.session_state[NETWORK] = name
    forget()


def forget() -> None:
    """Callback: the network's own edges and observed variables."""
    st.session_state[CHANGES] = []
    st.session_state[OBSERVED] = []


def settle(wanted: Choice) -> None:
    """Take a choice if a network can be made of it; otherwise keep what was and say why."""
    kept = st.session_state.get(_KEPT, Choice(wanted.name))
    try:
        wanted = _simplest(wanted)
    except sv.InputError as error:
        report(str(error))
        wanted = kept if kept.name == wanted.name else Choice(wanted.name)
    else:
        if wanted != kept and wanted.name == kept.name:
            past = _history(wanted.name)
            past.past.append(kept)
            past.future.clear()
    _show(wanted)


def edit(*changes: str) -> None:
    """Callback: change the network, as :func:`sirenvae.change_network` says; what cannot be done is one sentence."""
    before = usable()
    try:
        network = sv.change_network(load(before), changes)
        merged = sv.changes_between(load(Choice(before.name)), network)
    except sv.InputError as error:
        report(str(error))
        return
    observed = before.observed and tuple(str(v) for v in network.observed)
    settle(Choice(before.name, tuple(merged), observed))


def toggle_observed(network: sv.BayesianNetwork, variable) -> None:
    """Callback: make an observed variable latent or a latent one observed.

    If no latent or no observed variable would be left, nothing changes and the page says so.
    """
    observed = network.in_declared_order(set(network.observed) ^ {variable})
    settle(usable()._replace(observed=tuple(map(str, observed))))


def undo() -> None:
    """Callback: what was before the last change."""
    _move(*_history(st.session_state[NETWORK])[1:])


def redo() -> None:
    """Callback: what was undone last."""
    _move(*reversed(_history(st.session_state[NETWORK])[1:]))


def can_undo() -> bool:
    """Whether there is something to undo."""
    return bool(_history(st.session_state[NETWORK]).past)


def can_redo() -> bool:
    """Whether there is something to redo."""
    return bool(_history(st.session_state[NETWORK]).future)


def report(problem: str) -> None:
    """Say one sentence about input that could not be used when the page runs next."""
    st.session_state[_PROBLEM] = problem


def reported() -> str | None:
    """That sentence, once."""
    return st.session_state.pop(_PROBLEM, None)


def _usable() -> tuple[Choice, str | None]:
    """The choice without the fewest things that a link got wrong, and the first of these in a sentence."""
    choice, problem = current(), None
    for tried in (choice, choice._replace(changes=()), choice._replace(observed=None)):
        try:
            load(tried)
        except sv.InputError as error:
            problem = problem or str(error)
        else:
            return tried, problem
    return Choice(choice.name), problem


def _simplest(wanted: Choice) -> Choice:
    """The same choice without what says nothing: variables that are gone, a set that is the network's own."""
    if len(wanted.changes) > MAX_CHANGES:
        raise sv.InputError(
            f"A link holds up to {MAX_CHANGES} changes; download the network and upload it to go on from there."
        )
    base, network = load(wanted._replace(observed=None)), load(wanted)
    own = network.observed == base.observed
    return wanted._replace(observed=None if own else tuple(map(str, network.observed)))


def _show(choice: Choice) -> None:
    st.session_state[CHANGES] = list(choice.changes)
    st.session_state[OBSERVED] = list(choice.observed or ())


def _history(name: str) -> History:
    history = st.session_state.get(_HISTORY)
    if history is None or history.name != name:
        history = st.session_state[_HISTORY] = History(name, [], [])
    return history


def _move(back: list[Choice], forth: list[Choice]) -> None:
    if back:  # a second press may come before the page has run
        forth.append(usable())
        _show(back.pop())
