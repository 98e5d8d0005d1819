"""The controls of the training page: ready-made runs, a learner's own settings, and the runs of this server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from sirenvae.errors import InputError
from sirenvae.experiments.elbo_vs_size import ElboVsSize, preset
from sirenvae.experiments.registry import LEARNERS, VAES
from sirenvae.graphs import BayesianNetwork, load_network
from sirenvae.jobs.plans import OWN
from sirenvae.training import RECIPES, Recipe
from sirenvae.ui.shared.choice import choose
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.runs import training_manager
from sirenvae.ui.shared.teaching import network_lines

RUN = "run"  # key and URL parameter of the run that is shown
PRESETS = {
    "minute": ("A minute: true against vanilla", "True structure and vanilla VAE, three sizes, two seeds."),
    "structures": ("A minute: all four structures", "All four models at two points per variable, two seeds."),
    "quick": ("Five minutes: all four models", "Five sizes, three seeds."),
    "paper": ("Half an hour: as in the paper", "All four models, seven sizes, five seeds."),
}
_PROBLEM = "training_problem"  # one sentence why the last run could not be started, after its network if it has one
_SIZES = (1, 2, 5)  # default sizes, in points per variable
_MOST = {"seeds": 64, "points in a training set": 100_000, "training steps": 1_000_000}  # a page's server is shared


def run_controls(network: BayesianNetwork) -> None:
    """Show the controls; what they start becomes the run that is shown."""
    ready = network.is_gaussian
    if network.is_discrete:
        st.info(
            f"The variables of {plain(network.name)} have states, and the models of this page are for real values: "
            "choose another network. The page Inference learns its marginals given any evidence.",
            icon=":material/info:",
        )
    elif not ready:
        st.info(
            f"{plain(network.name)} is a structure without numbers. Training draws its data from the network, so it "
            "needs conditionals: choose a network that has them, or add them to your file.",
            icon=":material/info:",
        )
    for name, (label, words) in PRESETS.items():
        kind = "primary" if name == "minute" else "secondary"
        settings = {"type": kind, "width": "stretch", "disabled": not ready, "key": f"preset_{name}", "help": words}
        st.button(label, on_click=_start, args=(network, partial(preset, name, network), name), **settings)
    is_asked = "sizes" in st.query_params  # a link that names sizes shows them
    with st.expander("Your own settings", is_asked, icon=":material/tune:", key="own_settings"):
        _own_settings(network, disabled=not ready)
    problem = st.session_state.get(_PROBLEM)
    if problem and (problem[0] is None or problem[0] is network):
        st.error(plain(problem[1]), icon=":material/error:")
    _pick_run()


def start_example() -> None:
    """Callback: choose ecoli70 and start its one-minute run."""
    choose("ecoli70")
    network = load_network("ecoli70")
    _start(network, partial(preset, "minute", network), "minute")


def shown_run() -> str | None:
    """The id of the run that is shown."""
    return st.session_state.get(RUN)


def _start(network: BayesianNetwork, asked: Callable[[], ElboVsSize], label: str = OWN) -> None:
    """Callback: start a run and show it, or say why it cannot be and keep everything."""
    st.session_state.pop(_PROBLEM, None)
    try:
        st.session_state[RUN] = training_manager().submit(asked().to_json(), label, network_lines())
    except InputError as error:
        st.session_state[_PROBLEM] = network, str(error)


def go_on(job_id: str) -> None:
    """Callback: let a stopped run go on, or say why it cannot."""
    st.session_state.pop(_PROBLEM, None)
    try:
        training_manager().resume(job_id)
    except InputError as error:
        st.session_state[_PROBLEM] = None, str(error)


def _own_settings(network: BayesianNetwork, disabled: bool) -> None:
    bound = {"bind": "query-params"}
    names = {model: LEARNERS[model].short for model in VAES}
    labels = list(names.values())
    st.pills("Models", labels, selection_mode="multi", default=[labels[0], labels[-1]], key="models", **bound)
    default = ", ".join(str(k * len(network.variables)) for k in _SIZES)
    words = "Points in the training set, one model each. Empty: one, two and five points per variable."
    st.text_input("Training-set sizes", placeholder=default, key="sizes", help=words, **bound)
    st.number_input("Seeds", value=2, key="seeds", help="Trained at once, as replicas of one model.", **bound)
    st.number_input("Learning rate", value=0.003, step=0.001, format="%.4f", key="learning_rate", **bound)
    words = "Empty: 2000 steps at two points per variable, growing slowly with the training set."
    st.number_input("Training steps", value=None, step=100, placeholder="default law", key="steps", help=words, **bound)
    st.button(
        "Train", on_click=_start_own, args=(network, names, default), key="train", width="stretch", disabled=disabled
    )


def _start_own(network: BayesianNetwork, names: dict[str, str], default_sizes: str) -> None:
    _start(network, partial(_asked, network, names, default_sizes))


def _asked(network: BayesianNetwork, names: dict[str, str], default_sizes: str) -> ElboVsSize:
    """What the form says.

    Raises:
        InputError: If that cannot be trained, or not here.
    """
    state = st.session_state
    models = tuple(model for model, label in names.items() if label in state["models"])
    sizes = _sizes(state["sizes"] or default_sizes)
    _check_own(
        models, {"seeds": state["seeds"], "points in a training set": max(sizes), "training steps": state["steps"]}
    )
    recipe = own_recipe(state["learning_rate"], state["steps"])
    return ElboVsSize(network, sizes, models, num_seeds=state["seeds"], recipe=recipe)


def own_recipe(learning_rate: float, num_steps: int | None) -> Recipe:
    """The default recipe with these numbers, under a name that says so if they are not its own."""
    recipe = replace(RECIPES["default"], learning_rate=learning_rate, num_steps=num_steps)
    return recipe if recipe == RECIPES["default"] else replace(recipe, name="default, changed")


def _check_own(models: tuple[str, ...], counts: dict[str, int | None]) -> None:
    """Refuse what the form allows and a shared server does not; the rest is checked where it is trained."""
    if not models:
        raise InputError("No model is chosen; choose at least one.")
    for name, count in counts.items():
        if count is not None and count > _MOST[name]:
            raise InputError(f"This page trains with at most {_MOST[name]:,} {name}, but {count:,} came.")


def _sizes(text: str) -> tuple[int, ...]:
    words = re.split(r"[\s,;]+", text.strip(" ,;"))
    if not all(re.fullmatch(r"-?\d+", word) for word in words):
        raise InputError(f"The sizes are whole numbers with commas between them, such as 46, 92, but {text!r} came.")
    return tuple(sorted({int(word) for word in words}))


def _pick_run() -> None:
    """The list of runs; it holds the id of the shown one for the URL, so that a reload and other tabs see the same."""
    ids = training_manager().job_ids(ElboVsSize.name)
    wanted = st.query_params.get(RUN)
    if wanted and wanted not in ids and shown_run() in (None, wanted):
        st.info("The run that this link names is no longer kept on this server.", icon=":material/history:")
    if shown_run() not in ids:
        st.session_state.pop(RUN, None)
    st.selectbox(
        "Runs on this server",
        ids,
        index=None,
        placeholder="none yet" if not ids else "choose one",
        key=RUN,
        bind="query-params",
        help="Newest first. A link to this page shows the same run in another tab.",
    )
