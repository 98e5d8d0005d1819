"""What the trained models have learnt: the posterior of a test point, draws beside the data, the models as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from sirenvae.experiments.registry import LEARNERS, VAES
from sirenvae.graphs import BayesianNetwork
from sirenvae.jobs.plans import Job
from sirenvae.ui.shared.graph import CACHE_KEYS
from sirenvae.ui.shared.look import plain
from sirenvae.ui.training.words import posterior_rows, posterior_words, samples_rows

_NUM_SAMPLES = 2000
_MANY_ROWS = 34  # latents whose bars are as high as the ellipses and the words together, about
_PLOT = {"displayModeBar": False}


@st.cache_resource(max_entries=32, show_spinner=False)
def _trained(file: str, seed: int):
    """One of the seeds of a kept model."""
    import torch

    from sirenvae.training.checkpoints import load_model

    torch.set_num_threads(1)  # the products are small, and the training process wants a core of its own
    return load_model(file).replica(seed)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=CACHE_KEYS)
def _test_points(network: BayesianNetwork, count: int):
    """The points that the charts are measured on."""
    from sirenvae.experiments.runs import COMMON_TEST_SEED
    from sirenvae.truth import sample_network

    return sample_network(network, count, COMMON_TEST_SEED)[0]


@st.cache_resource(max_entries=32, show_spinner="Reading the model's latents")
def _scale(file: str, seed: int, count: int):
    from sirenvae.truth.beside_truth import latent_scale

    model = _trained(file, seed)
    return latent_scale(model, _test_points(model.network, count)[:300])


@st.cache_data(max_entries=64, show_spinner=False)
def _posterior(file: str, seed: int, count: int, point: int) -> np.ndarray:
    from sirenvae.truth.beside_truth import learnt_posterior

    model = _trained(file, seed)
    return learnt_posterior(model, _scale(file, seed, count), _test_points(model.network, count)[point])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=CACHE_KEYS)
def _exact(network: BayesianNetwork, count: int, point: int) -> tuple[np.ndarray, np.ndarray] | None:
    from sirenvae.truth.beside_truth import exact_posterior

    return exact_posterior(network, _test_points(network, count)[point]) if network.is_linear else None


@st.cache_data(max_entries=32, show_spinner="Drawing from the model")
def _samples(file: str, seed: int, count: int) -> np.ndarray:
    from sirenvae.truth.beside_truth import learnt_samples

    return learnt_samples(_trained(file, seed), _scale(file, seed, count), _NUM_SAMPLES)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=CACHE_KEYS)
def _data(network: BayesianNetwork) -> np.ndarray:
    from sirenvae.truth.beside_truth import network_samples

    return network_samples(network, _NUM_SAMPLES, seed=7)


def models_view(job: Job) -> None:
    """Show what the models of the finished cells have learnt; nothing before the first one."""
    cells = [cell for cell in job.done if cell[0] in VAES]
    if not cells:
        return
    st.subheader("What the models have learnt")
    sizes = sorted({size for _, size in cells})
    with st.container(horizontal=True):
        size = _one_of("Training points", sizes, sizes[-1], key="model_size")
        models = [model for model in VAES if (model, size) in cells]
        labels = {model: LEARNERS[model].short for model in models}
        names = list(labels.values())
        _forget_others("models_shown", set(names))
        settings = {"selection_mode": "multi", "default": names[:1], "key": "models_shown", "bind": "query-params"}
        chosen = st.pills("Models", names, **settings)
        seed = 0
        if job.about["num_seeds"] > 1:
            seed = _one_of("Seed", range(job.about["num_seeds"]), 0, key="model_seed")
    shown = [model for model in models if labels[model] in chosen] or models[:1]
    from sirenvae.experiments.keeping import model_file

    files = {model: str(model_file(job.folder, model, size)) for model in shown}
    _show_posterior(job, files, seed)
    _show_samples(job.trial.network, files, seed, job.about["num_test"])
    _model_downloads(job, files, size)


def _show_posterior(job: Job, files: dict[str, str], seed: int) -> None:
    from sirenvae.figures.posteriors import EXACT, ellipses_figure, posterior_figure
    from sirenvae.truth.beside_truth import most_dependent

    network, count, dark = job.trial.network, job.about["num_test"], st.context.theme.type == "dark"
    names = [str(v) for v in network.latents]
    st.markdown("**Posterior of one test point: what each model says of the latents, given what is observed**")
    with st.container(horizontal=True):
        words = "Which of the points that the charts are measured on. No model has seen them."
        point = st.number_input("Test point", 1, count, 1, key="test_point", bind="query-params", width=140, help=words)
        place = st.container(horizontal=True)
    exact = _exact(network, count, point - 1)
    draws = {model: _posterior(file, seed, count, point - 1) for model, file in files.items()}
    covariance = exact[1] if exact else np.atleast_2d(np.cov(next(iter(draws.values())).T))
    with place:
        pair = _pick_two(names, most_dependent(covariance), "posterior")
    bars = {EXACT: (exact[0], np.sqrt(np.diag(exact[1])))} if exact else {}
    bars |= {model: (values.mean(axis=0), values.std(axis=0)) for model, values in draws.items()}
    left, right, words = _places(len(names), len(pair) == 2)
    with left:
        st.plotly_chart(posterior_figure(names, bars, dark), key="posterior_bars", config=_PLOT, theme=None)
    if len(pair) == 2:
        two = list(pair)
        truth = (exact[0][two], exact[1][np.ix_(two, two)]) if exact else None
        with right:
            clouds = {model: values[:, two] for model, values in draws.items()}
            figure = ellipses_figure((names[two[0]], names[two[1]]), truth, clouds, dark)
            st.plotly_chart(figure, key="posterior_ellipses", config=_PLOT, theme=None)
    words.markdown(posterior_words(network.is_linear, tuple(files)))
    if exact:
        agreement = {model: _scale(file, seed, count).agreement for model, file in files.items()}
        st.dataframe(posterior_rows(bars, agreement), hide_index=True, key="posterior_numbers")


def _places(num_latents: int, two: bool):
    """Where the bars, the ellipses and the words go; beside many rows of bars there is room for the words."""
    from sirenvae.figures.posteriors import has_rows

    left, right = st.columns([3, 2], gap="medium") if two else (st.container(), None)
    has_room = two and has_rows(num_latents) and num_latents >= _MANY_ROWS
    return left, right, right if has_room else st.container()


def _show_samples(network: BayesianNetwork, files: dict[str, str], seed: int, count: int) -> None:
    from sirenvae.figures.posteriors import draws_figure
    from sirenvae.truth.beside_truth import most_dependent

    dark, names = st.context.theme.type == "dark", [str(v) for v in network.variables]
    data = _data(network)
    seen = [network.position[v] for v in network.observed]
    default = [seen[i] for i in most_dependent(np.atleast_2d(np.cov(data[:, seen].T)))]
    st.markdown("**Draws from the models beside draws from the network**")
    with st.container(horizontal=True):
        pair = list(_pick_two(names, tuple(default), "samples"))
    draws = {model: _samples(file, seed, count)[:, pair] for model, file in files.items()}
    shown = [names[i] for i in pair]
    st.plotly_chart(draws_figure(shown, data[:, pair], draws, dark), key="samples", config=_PLOT, theme=None)
    latent = [names[i] for i in pair if network.variables[i] in set(network.latents)]
    unit = "Observed variables are in raw units"
    if latent:
        unit += f"; {' and '.join(map(plain, latent))}, never observed, in standard deviations from the mean"
    st.markdown(f"{_NUM_SAMPLES:,} draws each, made by inverting the prior and decoding. {unit}.")
    st.dataframe(samples_rows(shown, data[:, pair], draws), hide_index=True, key="samples_numbers")


def _pick_two(names: list[str], default: tuple[int, ...], key: str) -> tuple[int, ...]:
    """The places of two variables, or of the only one; empty widgets stand for the default."""
    if len(default) < 2:
        return default
    words = "Empty: two that depend on each other strongly."
    chosen = []
    for label, place in (("Across", default[0]), ("Up", default[1])):
        own = f"{key}_{label.lower()}"
        _forget_others(own, {*names, None})
        settings = {"key": own, "bind": "query-params", "width": 150, "help": words}
        chosen.append(st.selectbox(label, names, None, placeholder=names[place], **settings))
    across, up = (names.index(name) if name is not None else None for name in chosen)
    if across is None:
        across = next(i for i in (*default, *range(len(names))) if i != up)
    if up is None:
        up = next(i for i in (*reversed(default), *range(len(names))) if i != across)
    return across, up


def _one_of(label: str, options, default, key: str):
    """A choice that may be gone with another run; the empty widget stands for the default."""
    _forget_others(key, set(options))
    chosen = st.selectbox(label, options, None, key=key, bind="query-params", width=160, placeholder=str(default))
    return default if chosen is None else chosen


def _forget_others(key: str, options: set) -> None:
    value = st.session_state.get(key)
    values = value if isinstance(value, list) else [value]
    if value is not None and not set(values) <= options:
        del st.session_state[key]


def _model_downloads(job: Job, files: dict[str, str], size: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for model, file in files.items():
            st.download_button(
                f"Model: {LEARNERS[model].label}",
                Path(file).read_bytes,
                f"{job.trial.network.name}-{model}-{size}.safetensors",
                "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key=f"download_{model}",
            )
    st.markdown(
        "The file holds the network, the settings and all seeds, as numbers and JSON; nothing in it is executed. "
        '`model = sv.load_model("FILE.safetensors")` reads it, `model.replica(0)` is the first seed.'
    )
