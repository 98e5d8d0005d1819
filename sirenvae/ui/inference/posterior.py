"""One posterior: what the exact one and the trained networks say of the latents, as the observed values are dragged."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import streamlit as st

import sirenvae as sv
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.jobs.plans import Job
from sirenvae.ui.inference.view import Entry, shown_race
from sirenvae.ui.inference.views import draw
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.steps import write_in_url

MOST_SHOWN = 8  # latents, and observed variables, at once
_GIVEN, _LATENTS = "given", "latents"  # names in the URL; the latter is a widget's key too
_VIEW = "posterior"
_STATE = "posterior_given"  # in the session: the network, its observed values, and how often the page has set them
_REACH = 3  # standard deviations to either side that are shown
_DRAWS, _DRAWS_OF_MANY, _MANY = 4000, 1000, 30  # draws of each network; of one with more latents than this
_REFRESH = 2.0  # seconds between looks at networks in training


@st.cache_resource(max_entries=32, show_spinner=False)
def _network(file: str, changed: int, _job: Job, name: str):
    """A trained network as it was when its file was written."""
    import torch

    from sirenvae.experiments.inference_race_work import kept_network

    torch.set_num_threads(1)  # the products are small, and the training process wants a core of its own
    return kept_network(_job.trial, name, Path(file).parent)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=CACHE_KEYS)
def _moments(network: sv.BayesianNetwork) -> tuple[np.ndarray, np.ndarray]:
    from sirenvae.experiments.shown.beliefs import prior_moments

    return prior_moments(network)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def _draw(network: sv.BayesianNetwork, seed: int) -> list[float]:
    return sv.sample_network(network, 1, 7 + seed)[0][0].tolist()


def posterior_view(network: sv.BayesianNetwork, entry: Entry) -> None:
    """Sliders for the observed values beside what is said of the latents; live while a small network trains."""
    st.subheader("One posterior")
    if network.is_linear:
        shown = "the grey band is what follows from what is seen, the marks are what the networks say"
    else:
        shown = "the marks are what the networks say; the exact posterior of this network has no formula"
    st.markdown(
        f"Drag an observed value: {shown}. **Try this:** compare the intervals with the ellipses of two latents. Mean "
        "field can learn each latent on its own, but not that two of them depend on each other."
    )
    names = [str(v) for v in network.latents]
    chosen = names
    if len(names) > MOST_SHOWN:
        chosen = _pick_latents(network)
    job = shown_race(network)
    is_live = job is not None and job.active and len(names) <= _MANY
    st.fragment(_live, run_every=_REFRESH if is_live else None)(network, entry, tuple(chosen))


def _pick_latents(network: sv.BayesianNetwork) -> list[str]:
    from sirenvae.experiments.shown.beliefs import most_entangled

    names = [str(v) for v in network.latents]
    if set(st.session_state.get(_LATENTS) or ()) - set(names):  # those of another network
        del st.session_state[_LATENTS]
    usual = [names[k] for k in most_entangled(network, _moments(network)[1], MOST_SHOWN)]
    words = f"Up to {MOST_SHOWN} of {len(names)}. Empty: those that depend most on another one."
    settings = {"key": _LATENTS, "bind": "query-params", "max_selections": MOST_SHOWN, "help": words}
    chosen = st.multiselect("Latents", names, placeholder=", ".join(usual), **settings)
    return [name for name in names if name in chosen] or usual


def _live(network: sv.BayesianNetwork, entry: Entry, chosen: tuple[str, ...]) -> None:
    values, revision = _given(network)
    latents = [i for i, v in enumerate(network.latents) if str(v) in chosen]
    voices = _voices(network, entry, values, shown_race(network))
    with st.container(horizontal=True, vertical_alignment="bottom", key="posterior_tools"):
        st.button("Another draw", icon=":material/casino:", on_click=_set_to_draw, args=(network,), key="draw")
        pair = _pick_pair(network, latents, voices)
    observed = _shown_observed(network, latents)

    def moved() -> None:
        given = st.session_state[_VIEW].get("given")
        if given is not None:
            _move(network, {int(place): float(value) for place, value in given.items()})

    data = posterior_data(network, _moments(network), values, (observed, latents, pair), voices)
    draw("posterior", _VIEW, data | {"revision": revision}, on_given_change=moved)
    if voices:
        with st.expander("As numbers", icon=":material/table:", key="posterior_numbers"):
            st.markdown(belief_table([str(network.latents[k]) for k in latents], latents, voices))
    if len(observed) < len(network.observed):
        st.caption(
            f"{len(observed)} of {len(network.observed)} observed variables have a slider: those that tell most of the "
            "latents shown. The others keep the values of the draw."
        )
    if len(voices) < 2:
        st.caption("Start the race, and what the networks have learnt appears beside the exact posterior.")


def posterior_data(network, moments, values, shown, voices) -> dict:
    """What the view draws, in plain values.

    Arguments:
        network: The network.
        moments: Mean and covariance of all its variables.
        values: Of the observed variables, in declared order.
        shown: Places of the observed variables and of the latents shown, and of the two of the ellipses; the last may
            be empty.
        voices: By name a label, a colour, a symbol and a :class:`~sirenvae.experiments.shown.beliefs.Belief`.
    """
    observed, latents, pair = shown
    mean, deviation = moments[0], np.sqrt(np.diag(moments[1]))

    def scale(v) -> dict:
        i = network.position[v]
        ends = (mean[i] - _REACH * deviation[i], mean[i] + _REACH * deviation[i])
        return {"name": str(v), "low": float(ends[0]), "high": float(ends[1])}

    data = {
        "observed": [{**scale(network.observed[i]), "place": i, "value": values[i]} for i in observed],
        "latents": [scale(network.latents[k]) for k in latents],
        "pair": [scale(network.latents[k]) for k in pair],
        "voices": [
            {
                "name": name,
                "label": label,
                "colour": colour,
                "symbol": symbol,
                "rows": [[float(part[k]) for part in (belief.mean, belief.low, belief.high)] for k in latents],
                "pair": _pair_of(belief, pair),
            }
            for name, (label, colour, symbol, belief) in voices.items()
        ],
    }
    return data | {"id": fingerprint([sv.network_to_json(network), data["latents"], observed, data["pair"]])}


def belief_table(names: list[str], latents: list[int], voices: dict) -> str:
    """Mean and ends of the interval of 90 % of each latent for each voice, as Markdown."""

    def short(value: float) -> str:
        return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no −0.00

    labels = [label for label, *_ in voices.values()]
    lines = [f"| latent | {' | '.join(labels)} |", f"|:--|{'--:|' * len(labels)}"]
    for name, k in zip(names, latents, strict=True):
        cells = [f"{short(b.mean[k])} ({short(b.low[k])} to {short(b.high[k])})" for *_, b in voices.values()]
        lines.append(f"| {plain(name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _pair_of(belief, pair) -> dict | None:
    if not pair:
        return None
    two = list(pair)
    return {"mean": belief.mean[two].tolist(), "covariance": belief.covariance[np.ix_(two, two)].tolist()}


def _voices(network: sv.BayesianNetwork, entry: Entry, values: list[float], job: Job | None) -> dict:
    """The exact posterior, where it is known, and the networks of a race."""
    from sirenvae.experiments.inference_race_work import weights_file
    from sirenvae.experiments.shown.beliefs import exact_belief, learnt_belief

    x, found = np.array(values), {}
    if (exact := exact_belief(network, x)) is not None:
        found["exact"] = ("exact", "", "line", exact)
    many = len(network.latents) > _MANY
    for name, look in INVERSES.items() if job else ():
        file = weights_file(job.folder, name)
        if name not in job.trial.inverses or not file.exists():
            continue
        is_old = name == OWN_INVERSE and (job.trial.base, job.trial.changes) != (entry.base, entry.changes)
        q = _network(str(file), file.stat().st_mtime_ns, job, name)
        label = f"{look.label}, before the change" if is_old else look.label
        found[name] = (label, look.colour, look.symbol, learnt_belief(q, x, _DRAWS_OF_MANY if many else _DRAWS))
    return found


def _shown_observed(network: sv.BayesianNetwork, latents: list[int]) -> list[int]:
    if len(network.observed) <= MOST_SHOWN:
        return list(range(len(network.observed)))
    from sirenvae.experiments.shown.beliefs import most_telling

    places = [network.position[v] for v in network.observed]
    asked = [network.position[network.latents[k]] for k in latents]
    best = most_telling(_moments(network)[1], asked, places, MOST_SHOWN)
    return [places.index(place) for place in best]


def _pick_pair(network: sv.BayesianNetwork, latents: list[int], voices: dict) -> tuple[int, ...]:
    """The two latents of the ellipses: those that depend on each other most, unless others are chosen."""
    from sirenvae.truth.beside_truth import most_dependent

    if len(latents) < 2 or not voices:
        return ()
    first = next(iter(voices.values()))[3]
    default = [latents[i] for i in most_dependent(first.covariance[np.ix_(latents, latents)])]
    names = [str(network.latents[k]) for k in latents]
    chosen = []
    for label, place in zip(("Across", "Up"), default, strict=True):
        key = f"pair_{label.lower()}"
        if st.session_state.get(key) not in (None, *names):
            del st.session_state[key]
        usual = str(network.latents[place])
        settings = {"key": key, "bind": "query-params", "width": 150, "placeholder": usual}
        picked = st.selectbox(label, names, None, help="Empty: two that depend on each other strongly.", **settings)
        chosen.append(place if picked is None else latents[names.index(picked)])
    if chosen[0] == chosen[1]:
        chosen[1] = next(k for k in (*default, *latents) if k != chosen[0])
    return tuple(chosen)


def _given(network: sv.BayesianNetwork) -> tuple[list[float], int]:
    """The observed values, from the session, the URL or a draw, and how often the page has set them."""
    name = fingerprint(sv.network_to_json(network))
    kept = st.session_state.get(_STATE)
    if kept is not None and kept[0] == name:
        return kept[1], kept[2]
    values = None if kept else _from_url(len(network.observed))
    if values is None:
        values = _draw(network, 0)
        write_in_url(_GIVEN, None)
    revision = kept[2] + 1 if kept else 0
    st.session_state[_STATE] = (name, values, revision)
    return values, revision


def _from_url(count: int) -> list[float] | None:
    text = st.query_params.get(_GIVEN)
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) == count and all(map(math.isfinite, values)):
        return values
    st.error(
        plain(f"The link should give {count} numbers, one for each observed variable; a draw stands in for them."),
        icon=":material/error:",
    )
    return None


def _move(network: sv.BayesianNetwork, given: dict[int, float]) -> None:
    """Callback: the learner has dragged a value."""
    values, revision = _given(network)
    values = [given.get(i, value) for i, value in enumerate(values)]
    st.session_state[_STATE] = (fingerprint(sv.network_to_json(network)), values, revision)
    write_in_url(_GIVEN, ",".join(f"{value:.4g}" for value in values))


def _set_to_draw(network: sv.BayesianNetwork) -> None:
    """Callback: another draw of the network."""
    _, revision = _given(network)
    st.session_state[_STATE] = (fingerprint(sv.network_to_json(network)), _draw(network, revision + 1), revision + 1)
    write_in_url(_GIVEN, ",".join(f"{value:.4g}" for value in st.session_state[_STATE][1]))
