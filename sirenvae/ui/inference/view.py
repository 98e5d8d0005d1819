"""The race: what starts it, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import sirenvae as sv
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_csv
from sirenvae.experiments.inference_race import MOST_STEPS, InferenceRace, check_raceable
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.jobs.plans import Job
from sirenvae.ui.inference.chart import Racer, curves_of, findings, race_chart, race_table
from sirenvae.ui.inference.own import floor_of, inverse_of
from sirenvae.ui.shared.look import keep_in_url
from sirenvae.ui.shared.runs import POLL_SECONDS, training_manager
from sirenvae.ui.shared.watched_runs import Runs, say_where_it_went_on

INVERSES_SHOWN, STEPS, FACTORS = "inverses", "race_steps", "factors"  # keys of the widgets and names in the URL
RACES = Runs("race", InferenceRace, "race", "Races", "inference")
_HEIGHT = 370
_FACTORS = {"Gaussian": "gaussian", "mixture of 3": "mixture", "flow": "flow"}
_RULES = {look.label: name for name, look in INVERSES.items() if name != OWN_INVERSE}


@dataclass(frozen=True)
class Entry:
    """What races: the inverses by name, what the learner's own is made of, and the family of the factors."""

    names: tuple[str, ...]
    base: str
    changes: tuple[str, ...]
    family: str = "gaussian"

    def source(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The inverse and the changes behind a name."""
        return (self.base, self.changes) if name == OWN_INVERSE else (name, ())


def introduction_to(network: sv.BayesianNetwork) -> str:
    """What the page is about, and the first thing to try: a network without floors has another one."""
    about = "Networks learn to infer, each over the edges of an inverse. What an inverse leaves out can never be learnt"
    if not network.is_linear:
        return (
            f"{about}. **First thing to try:** say which curve will end lowest, and which highest; start the race. "
            "Then start one with mixtures as factors: does it come lower?"
        )
    return (
        f"{about}: so much divergence stays, its **floor**. **First thing to try:** say which curves will come down to "
        "zero, and start the race. Then click an edge of your inverse away, and watch its floor rise."
    )


def problem_of(network: sv.BayesianNetwork) -> str | None:
    """Why a network cannot be raced on, in one sentence."""
    try:
        check_raceable(network)
        inverse_of(network, "nami-topological")
    except InputError as error:
        return str(error)
    return None


def race_controls(network: sv.BayesianNetwork, base: str, changes: tuple[str, ...], row) -> Entry:
    """Which inverses race with which factors, and in the picker's row for how long, and the button that starts them.

    The learner's own joins once it was changed.
    """
    keep_in_url(INVERSES_SHOWN, STEPS, FACTORS)
    labels = list(_RULES)
    settings = {"selection_mode": "multi", "default": labels, "key": INVERSES_SHOWN, "bind": "query-params"}
    chosen = st.pills("Inverses in the race", labels, label_visibility="collapsed", **settings)
    names = tuple(name for label, name in _RULES.items() if label in chosen)
    names += (OWN_INVERSE,) if changes or not names else ()
    with row:
        entry = Entry(names, base, changes, _pick_family(network))
        words = "Each step takes 128 fresh draws from the network."
        st.number_input("Steps", 100, MOST_STEPS, 1000, 100, key=STEPS, bind="query-params", width=130, help=words)
        settings = {"type": "primary", "icon": ":material/play_arrow:", "key": "start_race"}
        st.button("Start the race", on_click=_start, args=(network, entry), **settings)
        RACES.pick()
    RACES.say_problem()
    return entry


def _pick_family(network: sv.BayesianNetwork) -> str:
    words = (
        "What each latent may be, given its parents in the inverse: a normal distribution, a mixture of three, or a "
        "flow, a spline that bends a normal one. "
    )
    words += (
        "In this network the exact posterior is normal, so there is nothing to gain."
        if network.is_linear
        else "In this network the exact posterior is not normal."
    )
    settings = {"key": FACTORS, "bind": "query-params", "width": 140, "help": words}
    return _FACTORS[st.selectbox("Factors", list(_FACTORS), **settings)]


def _start(network: sv.BayesianNetwork, entry: Entry) -> None:
    """Callback: start a race and show it, or say why it cannot be."""
    settings = {"base": entry.base, "changes": entry.changes, "family": entry.family}
    settings |= {"num_steps": st.session_state[STEPS]}
    RACES.start(lambda: InferenceRace(network, entry.names, **settings))


def shown_race(network: sv.BayesianNetwork) -> Job | None:
    """The chosen race, if it is of this network."""
    job = RACES.shown()
    return job if job and _is_of(job, network) else None


def _is_of(job: Job, network: sv.BayesianNetwork) -> bool:
    return sv.network_to_json(job.trial.network) == sv.network_to_json(network)


def race_view(network: sv.BayesianNetwork, entry: Entry) -> None:
    """The chart with the floors, and the curves of the chosen race, live while it goes on."""
    job = shown_race(network)
    if job is None:
        _charts(network, entry, None)
        _before_the_first(network)
        return
    st.fragment(_live, run_every=POLL_SECONDS if job.active else None)(job.id, job.active, network, entry)


def _before_the_first(network: sv.BayesianNetwork) -> None:
    if RACES.shown():
        st.caption("The chosen race is of another network.")
    elif network.is_linear:
        st.caption("Nothing has been trained yet. The floors are known before: they follow from the edges alone.")
    else:
        st.caption("Nothing has been trained yet.")


def _live(job_id: str, was_active: bool, network: sv.BayesianNetwork, entry: Entry) -> None:
    """One look at the race; once it has ended, the whole page is drawn again."""
    job = training_manager().job(job_id)
    if job is None or job.active != was_active:
        st.rerun()
    RACES.status(job)
    _charts(network, entry, job)


def racers_of(network: sv.BayesianNetwork, entry: Entry, job: Job | None) -> list[Racer]:
    """All inverses that are chosen or were trained, with what is known of each."""
    curves = curves_of(job.progress, job.rows) if job else {}
    names = [name for name in INVERSES if name in entry.names or name in curves]
    if not entry.changes and OWN_INVERSE in names and names != [OWN_INVERSE] and OWN_INVERSE not in curves:
        names.remove(OWN_INVERSE)
    trained = (job.trial.base, job.trial.changes) if job else None
    racers = []
    for name in names:
        source = entry.source(name)
        is_old = name == OWN_INVERSE and name in curves and trained != source
        edges = inverse_of(network, *source).dag.number_of_edges()
        racers.append(Racer(name, edges, floor_of(network, *source), curves.get(name, ()), is_old))
    return racers


def _charts(network: sv.BayesianNetwork, entry: Entry, job: Job | None) -> None:
    dark, racers = st.context.theme.type == "dark", racers_of(network, entry, job)
    steps = job.trial.num_steps if job else st.session_state[STEPS]
    what = "KL(p(z | x) ‖ q(z | x)) on fresh draws" if network.is_linear else "Mean of −log q(z | x) on fresh draws"
    st.markdown(f"**{what}**, {_label_of(job.trial.family if job else entry.family)} factors")
    st.echarts_chart(
        race_chart(racers, steps, network.is_linear, dark),
        height=_HEIGHT,
        key="race_chart",
        alt="Divergence of each inference network from the exact posterior against training steps, with the floors.",
    )
    say_where_it_went_on(job)
    if not network.is_linear:
        st.caption(
            "The exact posterior of this network has no formula, so there is no zero and there are no floors: only how "
            "far the curves lie apart means something, so many nats nearer on average."
        )
    if sentences := findings(racers, network.is_linear) + (_other_families(network, job) if job else []):
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    st.markdown(race_table(racers, network.is_linear))
    if rows := _curve_rows(racers):
        words = "One run each, on the same draws: where curves cross, another run may order them differently."
        if network.is_linear and job.trial.family != "gaussian":
            words += " Mixtures and flows are measured by draws, which may put them a little below their floor."
        st.caption(words)
        settings = {"icon": ":material/download:", "on_click": "ignore", "key": "race_csv"}
        st.download_button("Curves as CSV", lambda: as_csv(rows), f"{job.id}.csv", "text/csv", **settings)


def _label_of(family: str) -> str:
    return next(label for label, name in _FACTORS.items() if name == family)


def _other_families(network: sv.BayesianNetwork, job: Job) -> list[str]:
    """How low other factors came on this network: of each family the latest race that has ended."""
    found = {}
    for other in map(training_manager().job, training_manager().job_ids(InferenceRace.name)):
        family = other.trial.family
        if family not in (job.trial.family, *found) and other.rows and _is_of(other, network):
            best = min(other.rows, key=lambda row: row["nats"])
            found[family] = (
                f"With {_label_of(family)} factors {INVERSES[best['inverse']].words} came lowest: to "
                f"{best['nats']:.3f} after {best['steps']:,} steps."
            )
    return list(found.values())


def _curve_rows(racers: list[Racer]) -> list[dict]:
    """A row for each report, nats to six digits after the point; those of an inverse since changed are left out."""

    def short(nats: float | None) -> float | None:
        return None if nats is None else round(nats, 6)

    return [
        {"inverse": racer.name, "edges": racer.edges, "floor": short(racer.floor), "step": step, "nats": short(nats)}
        for racer in racers
        if not racer.is_old
        for step, nats in racer.curve
    ]
