"""What did the long runs find?"""

import streamlit as st

import sirenvae as sv
from sirenvae.ui.results.code import results_code
from sirenvae.ui.results.view import (
    finished_cells,
    is_dark,
    pick_capacity,
    pick_network_of,
    pick_recipes,
    pick_section,
    rows_of,
    show_origin,
    show_table,
    show_words,
)
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.teaching import show_code, shown_in

CHART = {"displayModeBar": False}


def learners(results) -> None:
    """Table 1: every learner beside the truth."""
    from sirenvae.figures.results import excess_figure, learner_name, recipes_of
    from sirenvae.figures.results_words import table1_words

    st.markdown(
        "How far is each learner from the truth, with few training points and with many? **First thing to try:** look "
        "at the upper panel, cover the lower one, and guess which marks move farthest to the left."
    )
    with st.container(horizontal=True):
        network = pick_network_of(results)
        recipes = pick_recipes(recipes_of(results.rows))
    rows = rows_of(results.rows, network, recipes)
    st.plotly_chart(
        excess_figure(rows, network, is_dark()),
        key="results_chart",
        config=CHART,
        alt=f"Excess NLL of each learner over the truth of {network}, with few training points and with many.",
    )
    st.caption(
        "Filled: mean over runs, with one standard deviation; the number is the mean. Hollow: the paper's number, "
        "where it has one. The axis is even up to about 0.003 nats, then each step is ten times the last."
    )
    show_words(table1_words(rows))
    named = [row | {"name": "the truth" if row["learner"] == "truth" else learner_name(row)} for row in rows]
    show_table(named, {"name": "learner", "recipe": "recipe", "chosen": "chosen"}, "results_table")
    show_origin(results)
    show_code(*results_code("table-1", network, recipes), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "Table 1 of Mouton & Kroon, SIReN-VAE (2022); the truth and the classical learners beside it are ours",
        "NLL by importance sampling: Burda et al., Importance Weighted Autoencoders (2016)",
        notebook="03_siren_vae",
    )


def sizes(results) -> None:
    """The figure of ELBO against training-set size."""
    from sirenvae.figures.elbo import elbo_vs_size_figure
    from sirenvae.figures.results import in_ink
    from sirenvae.ui.training.words import size_findings

    st.markdown(
        "How many points make up for not knowing the structure? **First thing to try:** find the size at which the "
        "bands begin to overlap."
    )
    network = pick_network_of(results)
    rows = finished_cells(rows_of(results.rows, network))
    figure = in_ink(elbo_vs_size_figure(rows, dark=is_dark()), is_dark())
    figure.update_layout(height=460, margin_t=20, legend=dict(orientation="h", x=0, xanchor="left", y=-0.2))
    st.plotly_chart(
        figure,
        key="results_sizes",
        config=CHART,
        alt=f"Negative ELBO on test points of {network} against the number of training points, a band over seeds.",
    )
    st.caption("Line: mean over seeds. Band: one standard deviation. Dashed: the network that the data come from.")
    show_words(size_findings(rows))
    show_origin(results)
    show_code(*results_code("elbo-vs-size", network), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "ELBO against training-set size: Mouton & Kroon, SIReN-VAE (2022), Figure 2; the truth is ours",
        notebook="03_siren_vae",
    )


def parts(results) -> None:
    """The table of what prior, posterior and decoder each cost."""
    from sirenvae.figures.results_words import parts_words

    st.markdown(
        "Which part of a SIReN-VAE keeps it from the truth? Its parts are exchanged for the network's own, one by one. "
        "**First thing to try:** sort the table by its excess NLL and see which exact part takes most of it away."
    )
    network = pick_network_of(results)
    rows = rows_of(results.rows, network)
    show_words(parts_words(rows))
    show_table(rows, {"exact": "exact"}, "results_table")
    show_origin(results)
    show_code(*results_code("parts", network), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "the model: Mouton & Kroon, SIReN-VAE (2022), eqs. (1) to (6); to exchange its parts is ours",
        notebook="03_siren_vae",
    )


def tuning(results) -> None:
    """Every model tuned with the same effort."""
    from sirenvae.figures.results import excess_figure, learner_name
    from sirenvae.figures.results_words import tuning_words

    st.markdown(
        "Does the true structure win because its rivals were trained badly? Each model tried the same recipes and is "
        "measured with its own best, on runs that no choice has seen. **First thing to try:** see which model gained "
        "most by tuning, and whether the order changed."
    )
    network = pick_network_of(results)
    rows = rows_of(results.rows, network)
    st.plotly_chart(
        excess_figure(rows, network, is_dark()),
        key="results_chart",
        config=CHART,
        alt=f"Excess NLL of each model over the truth of {network}, with the recipe tuned for it and with the default.",
    )
    st.caption("Mark: mean over runs, with one standard deviation; the number is the mean.")
    show_words(tuning_words(rows))
    show_table(
        [row | {"name": learner_name(row)} for row in rows], {"name": "learner", "recipe": "recipe"}, "results_table"
    )
    show_origin(results)
    show_code(*results_code("tuning", network), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "the models: Mouton & Kroon, SIReN-VAE (2022), section 3; to tune all of them alike is ours",
        "random search: Bergstra & Bengio, Random Search for Hyper-Parameter Optimization (2012)",
        notebook="03_siren_vae",
    )


def inverses(results) -> None:
    """Inference networks over several inverses of trees."""
    from sirenvae.figures.compiled import compiled_figure, compiled_name
    from sirenvae.figures.results import in_ink

    st.markdown(
        "Which inverse does a network learn fastest, and which can it not learn at all? **First thing to try:** find "
        "the curve that lies down on its dashed line, and say why more training does not help it."
        if results.experiment == "nami-6"
        else "What do edges cost that an inverse does not need? **First thing to try:** cover the left chart and tell "
        "by the marks on the right alone which inverse has the fewest edges."
    )
    with st.container(horizontal=True):
        network = pick_network_of(results)
        rows = pick_capacity(rows_of(results.rows, network))
    figure = in_ink(compiled_figure(rows, dark=is_dark()), is_dark())
    figure.update_layout(height=460, margin_t=20)
    words = f"KL of inference networks over inverses of {network} against training steps, and the steps to half a nat."
    st.plotly_chart(figure, key="results_chart", config=CHART, alt=words)
    st.caption("Line: mean over runs. Band: .75 standard deviations, as in the paper. Dashed: the inverse's floor.")
    show_table([row | {"name": compiled_name(row)} for row in rows], {"name": "inverse"}, "results_table")
    show_origin(results)
    code = results_code(results.experiment, network, capacity=rows[0]["capacity"])
    show_code(*code, key="results_code", network=["import sirenvae as sv"])
    shown_in(
        f"Figure {results.experiment[-1]} of Webb et al., Faithful Inversion of Generative Models (2018); the floors "
        "are ours",
        notebook="04_inference",
    )


def mixture(results) -> None:
    """Inference networks of a Bayesian mixture."""
    from sirenvae.figures.nami7 import nami7_figure
    from sirenvae.figures.results import in_ink

    st.markdown(
        "Two hundred numbers, three components: does an inverse whose copies share a factor learn faster than a fully "
        "connected one of the same widths? **First thing to try:** compare how far apart the curves begin and end."
    )
    figure = in_ink(nami7_figure(results.rows, dark=is_dark()), is_dark())
    figure.update_layout(height=460, margin_t=20)
    words = "KL of inference networks of a Bayesian mixture against training steps, for three inverses."
    st.plotly_chart(figure, key="results_chart", config=CHART, alt=words)
    show_origin(results)
    show_code(*results_code("nami-7", None), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "Figure 7 of Webb et al., Faithful Inversion of Generative Models (2018); the topological inverse and the "
        "exact parts are ours",
        notebook="04_inference",
    )


def encoders(results) -> None:
    """Relaxed Bernoulli VAEs with two kinds of encoder."""
    from sirenvae.experiments.nami4 import WORDS, claims
    from sirenvae.figures.nami4 import nami4_figure
    from sirenvae.figures.results import in_ink

    st.markdown(
        "A VAE of images, thirty latents: is an encoder that joins them better than mean field of the same size, and "
        "does a larger one help? **First thing to try:** say which of the two curves in the right panel falls."
    )
    figure = in_ink(nami4_figure(results.rows, dark=is_dark()), is_dark())
    figure.update_layout(height=430, margin_t=40)
    words = "Negative ELBO, negative AIS and the gap between them against the active weights of two encoders."
    st.plotly_chart(figure, key="results_chart", config=CHART, alt=words)
    st.caption("Mark: mean over runs, with one standard deviation. All of one binarization, which the table names.")
    show_words(claims(results.rows))
    named = [row | {"name": WORDS[row["encoder"]]} for row in results.rows]
    show_table(named, {"images": "images", "binarization": "bits", "name": "encoder"}, "results_table")
    show_origin(results)
    show_code(*results_code("nami-4", None), key="results_code", network=["import sirenvae as sv"])
    shown_in(
        "Figure 4 of Webb et al., Faithful Inversion of Generative Models (2018), section 3.1; the images are others",
        "AIS: Neal, Annealed Importance Sampling (2001)",
        notebook="05_images",
    )


st.title("Results")
st.markdown(
    "What the long runs found: numbers that come with the package, each beside the truth, and the command that makes "
    "them again. Nothing is trained here."
)
try:
    results = pick_section()
except sv.InputError as error:
    st.error(plain(error), icon=":material/error:")
    st.stop()
if results:
    faces = {"table-1": learners, "elbo-vs-size": sizes, "parts": parts, "tuning": tuning}
    faces |= {"nami-6": inverses, "nami-9": inverses, "nami-7": mixture, "nami-4": encoders}
    faces[results.experiment](results)
