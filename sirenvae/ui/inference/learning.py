"""One network for any evidence: what trains it, how near it is, and what it says of what is observed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

import sirenvae as sv
from sirenvae.experiments.any_evidence import MOST_STEPS, AnyEvidence, check_learnable
from sirenvae.jobs.plans import Job
from sirenvae.ui.inference.evidence import pick_evidence, toggle_state
from sirenvae.ui.inference.marginals import (
    SMALL,
    Marginals,
    divergence_table,
    divergence_words,
    divergences,
    exact_given,
    marginals_data,
    move_words,
)
from sirenvae.ui.inference.views import draw
from sirenvae.ui.shared.charts import chart_of
from sirenvae.ui.shared.look import keep_in_url, plain
from sirenvae.ui.shared.runs import POLL_SECONDS, training_manager
from sirenvae.ui.shared.watched_runs import Runs, say_where_it_went_on

STEPS, FIRST = "learning_steps", "first_cards"  # keys of the widgets and names in the URL
LEARNINGS = Runs("learning", AnyEvidence, "training", "Trainings", "marginals")
_VIEW = "marginals"
_FIRST = {"moved most": "moved", "largest KL": "divergence"}
_HEIGHT, _GREEN = 300, "#009E73"
_TRY = {"asia": "click **yes** of xray and see what becomes of lung; then click **no** of smoke and say why lung falls"}


def introduction_to(network: sv.BayesianNetwork) -> str:
    """What the page is about for a network with states, and the first thing to try."""
    tried = _TRY.get(network.name, "click a state of a variable at the bottom, and see which of its ancestors move")
    return (
        "One network learns to infer for **any evidence**, from draws with variables hidden at random; exact answers "
        f"stand beside it. **First thing to try:** start the training. Then {tried}."
    )


def problem_of(network: sv.BayesianNetwork) -> str | None:
    """Why the marginals of a network are not learnt here, in one sentence."""
    try:
        check_learnable(network)
    except sv.InputError as error:
        return str(error)
    return None


def learning_controls(network: sv.BayesianNetwork, row) -> None:
    """In the picker's row how long to train, the button that starts it, and the trainings of this server."""
    keep_in_url(STEPS, FIRST)
    with row:
        words = "Each step takes 256 fresh draws from the network."
        settings = {"key": STEPS, "bind": "query-params", "width": 130, "help": words}
        st.number_input("Steps", 100, MOST_STEPS, 2000, 100, **settings)
        settings = {"type": "primary", "icon": ":material/play_arrow:", "key": "start_learning"}
        st.button("Start the training", on_click=_start, args=(network,), **settings)
        LEARNINGS.pick()
    LEARNINGS.say_problem()


def _start(network: sv.BayesianNetwork) -> None:
    """Callback."""
    LEARNINGS.start(lambda: AnyEvidence(network, num_steps=st.session_state[STEPS]))


def learning_view(network: sv.BayesianNetwork) -> None:
    """The picture with what follows from the observed states, and how training goes, live."""
    job = _shown(network)
    active = job is not None and job.active
    st.fragment(_live, run_every=POLL_SECONDS if active else None)(network, job, active)


def _shown(network: sv.BayesianNetwork) -> Job | None:
    """The chosen training, if it is of these tables; what a network calls observed does not matter here."""
    job = LEARNINGS.shown()
    return job if job and job.trial.network.conditionals == network.conditionals else None


def _live(network: sv.BayesianNetwork, job: Job | None, active: bool) -> None:
    """One look; once the training has ended or goes on, the whole page is drawn again."""
    if job is not None:
        job = training_manager().job(job.id)
        if job is None or job.active != active:
            st.rerun()
        LEARNINGS.status(job)
    picture = st.container()  # what is observed is known first, but the picture stands above it
    with st.container(horizontal=True, vertical_alignment="bottom", key="evidence_row"):
        evidence = pick_evidence(network)
        first = _pick_first(network)
    learnt = _learnt(network, evidence, job)
    with picture:
        exact, before = _exact(network, evidence)
        data = marginals_data(network, evidence, exact, before, learnt, first)
        draw("marginals", _VIEW, data, on_observe_change=lambda: _clicked(network))
    _below(network, exact, learnt, job)


def _pick_first(network: sv.BayesianNetwork) -> str | None:
    """Which cards stand first: what :func:`marginals_data` takes."""
    words = "None chosen: in the network's order; of many variables those first that the last click moved most."
    chosen = st.pills("Cards first", list(_FIRST), key=FIRST, bind="query-params", help=words)
    return _FIRST.get(chosen, "moved" if len(network.variables) > SMALL else None)


def _clicked(network: sv.BayesianNetwork) -> None:
    """Callback: a state of a variable was clicked."""
    pair = st.session_state[_VIEW].get("observe")
    if pair is not None and pair[0] < len(network.variables):  # not one of a network that has gone since
        toggle_state(network, *pair)


def _exact(network: sv.BayesianNetwork, evidence: list[tuple]) -> tuple[Marginals | None, Marginals | None]:
    """The exact marginals now and without the last observation, and what it did in words; or why there are none."""
    try:
        exact = exact_given(network, evidence)
    except sv.InputError as error:
        st.error(plain(error), icon=":material/error:")
        return None, None
    if not evidence:
        st.markdown("Nothing is observed: these are the marginals of the network itself. Click a state to observe it.")
        return exact, None
    before = exact_given(network, evidence[:-1])
    st.markdown(move_words(network, evidence, before, exact))
    return exact, before


def _learnt(network: sv.BayesianNetwork, evidence: list[tuple], job: Job | None) -> Marginals | None:
    """What the network of a training says, as it was when it last reported."""
    if job is None:
        return None
    from sirenvae.experiments.any_evidence_work import kept_file

    file = kept_file(job.folder)
    if not file.exists():
        return None
    q = _network(str(file), file.stat().st_mtime_ns, job)
    return {v: np.asarray(one.probs.tolist()) for v, one in q.marginals(dict(evidence)).items()}


@st.cache_resource(max_entries=8, show_spinner=False)
def _network(file: str, changed: int, _job: Job):
    """A trained network as it was when its file was written."""
    import torch

    from sirenvae.experiments.any_evidence_work import kept_marginals

    torch.set_num_threads(1)  # the products are small, and the training process wants a core of its own
    return kept_marginals(_job.trial, Path(file).parent)


def _below(network: sv.BayesianNetwork, exact: Marginals | None, learnt: Marginals | None, job: Job | None) -> None:
    """The divergences of this evidence, the largest first, and the mean over random evidence as it trains."""
    left, right = st.columns(2, gap="medium")
    with left:
        if exact and learnt:
            st.markdown("**KL(exact ‖ learnt) given this, largest first**")
            apart = divergences(exact, learnt)
            st.markdown(divergence_table(network, apart, exact, learnt))
            st.caption(divergence_words(apart))
        elif exact:
            st.caption("Nothing has been trained yet: start the training, and what is learnt appears in green.")
    with right:
        st.markdown("**Mean KL of a hidden variable, over random evidence**")
        st.echarts_chart(
            learning_chart(job.progress if job else [], _num_steps(job), st.context.theme.type == "dark"),
            height=_HEIGHT,
            key="learning_chart",
            alt="Mean divergence of a hidden variable's learnt marginal from the exact one against training steps.",
        )
        say_where_it_went_on(job)
        st.caption("40 sets of 5 to 50 % of the variables, in states drawn from the network; the exact answer is 0.")


def _num_steps(job: Job | None) -> int:
    return job.trial.num_steps if job else st.session_state[STEPS]


def learning_chart(progress: list[dict], num_steps: int, dark: bool) -> dict:
    """The mean divergence over the steps, both on log scales."""
    data = [[record["step"], round(record["nats"], 6)] for record in progress if record["nats"] > 0]
    curve = {"type": "line", "name": "learnt", "data": data, "color": _GREEN, "symbolSize": 6}
    x_axis = {"type": "log", "min": max(1, num_steps // 50), "max": num_steps, "name": "training steps (log scale)"}
    y_axis = {"type": "log", "minorTick": {"show": False}}
    if not data:
        y_axis |= {"min": 1e-4, "max": 0.1}
    chart = chart_of([curve], x_axis | {"minorTick": {"show": False}}, y_axis, "axis", dark)
    chart["tooltip"]["valueFormatter"] = "%.5f"
    return chart


def learning_code(num_steps: int) -> tuple[str, ...]:
    """Lines that train and ask, once there is a ``network``."""
    return (
        "q = sv.MarginalNetwork(network, width=128)",
        f'recipe = sv.Recipe("draws", learning_rate=1e-2, batch_size=256, num_steps={num_steps}, weight_decay=0.0)',
        "for record in sv.fit(q, network, recipe):",
        "    pass",
        "v = network.variables[-1]",
        "evidence = {v: network.states[v][0]}",
        "exact, learnt = sv.true_marginals(network, evidence), q.marginals(evidence)",
        "for u in exact:",
        "    print(u, network.states[u], exact[u].probs.tolist(), learnt[u].probs.tolist())",
        "print(sv.marginal_divergence(network, q, sv.random_evidence(network, 40)).nanmean())  # nats",
    )
