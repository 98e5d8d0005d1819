"""The results that come with the package: which there are, their figure, words and table, and files to take away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sirenvae.experiments.reference_results import ReferenceResults, reference_result_names, reference_results
from sirenvae.ui.shared.choice import CHANGES, NETWORK, OBSERVED
from sirenvae.ui.shared.look import keep_in_url, plain, run_under_navigation

SECTIONS = {  # what is varied, and the results of it
    "learners": "table-1",
    "sizes": "elbo-vs-size",
    "parts": "parts",
    "tuning": "tuning",
    "inverses": "nami-6",
    "edges": "nami-9",
    "mixture": "nami-7",
    "images": "nami-4",
}
HOW_TO_MAKE = "python -m sirenvae table 1 --preset paper --reference sirenvae/data/results/table-1.json"
_SECTION, _NETWORK, _RECIPES, _CAPACITY = "results", "results_network", "recipes", "capacity"
_FORMS = {"CSV": ("csv", "csv"), "Markdown": ("markdown", "md"), "LaTeX": ("latex", "tex"), "JSON": ("json", "json")}
_NUMBERS = {  # columns of a table: their names and how numbers are written
    "training_points": ("points", "localized"),
    "multiple": ("per variable", "%d"),
    "excess_nll_mean": ("excess NLL", "%.3f"),
    "excess_nll_sd": ("± sd", "%.3f"),
    "paper_excess_nll": ("paper", "%.2f"),
    "nll_mean": ("NLL", "%.3f"),
    "effective_sample_size_mean": ("effective samples", "%.1f"),
    "reconstruction_error_mean": ("reconstruction error", "%.3f"),
    "elbo_mean": ("ELBO", "%.3f"),
    "ess_mean": ("effective samples", "%.0f"),
    "excess_nll_many_mean": ("excess, many draws", "%.3f"),
    "excess_nll_refitted_mean": ("excess, refitted", "%.3f"),
    "gap_mean": ("ELBO gap", "%.3f"),
    "gap_refitted_mean": ("gap, refitted", "%.3f"),
    "search_excess_nll": ("in the search", "%.3f"),
    "learning_rate": ("rate", "%.2g"),
    "base_steps": ("steps", "localized"),
    "kl_warm_up": ("KL warm-up", "%.2f"),
    "weight_decay": ("weight decay", "%.2g"),
    "noise_floor": ("noise floor", "%.2g"),
    "edges": ("edges", "%d"),
    "active_weights": ("active weights", "localized"),
    "kl_mean": ("KL", "%.4f"),
    "kl_worst": ("worst run", "%.4f"),
    "floor": ("floor", "%.4f"),
    "half_mean": ("steps to .5", "%.0f"),
    "neg_elbo_mean": ("-ELBO", "%.2f"),
    "neg_iwae_mean": ("-IWAE", "%.2f"),
    "neg_ais_mean": ("-AIS", "%.2f"),
    "ais_gap": ("gap of AIS", "%.3f"),
}


def pick_section() -> ReferenceResults | None:
    """Let the learner choose among the results that are there; ``None``, and a sentence, where there are none.

    Raises:
        InputError: If their file is damaged.
    """
    run_under_navigation()
    keep_in_url(NETWORK, CHANGES, OBSERVED)  # the other pages' choice, which has no widget here
    there = [section for section, name in SECTIONS.items() if name in reference_result_names()]
    if not there:
        st.info(f"No results have come with this package yet; this makes them: `{HOW_TO_MAKE}`", icon=":material/info:")
        return None
    section = st.segmented_control(
        "What is varied", there, default=there[0], required=True, key=_SECTION, bind="query-params"
    )
    return reference_results(SECTIONS[section])


def pick_network_of(results: ReferenceResults) -> str:
    """Let the learner choose one of the networks in the rows; at first that of the other pages if it is there."""
    names = list(dict.fromkeys(row["network"] for row in results.rows))
    if st.session_state.get(_NETWORK) not in names:
        st.session_state.pop(_NETWORK, None)
    wanted = st.session_state.get(NETWORK)
    index = names.index(wanted) if wanted in names else 0
    return st.selectbox("Network", names, index=index, key=_NETWORK, bind="query-params", width=220)


def pick_recipes(recipes: Sequence[str]) -> list[str]:
    """Let the learner choose how the VAEs in the rows were trained; all if none is chosen."""
    if len(recipes) < 2:
        return list(recipes)
    chosen = st.pills(
        "Recipes of the VAEs",
        recipes,
        selection_mode="multi",
        default=recipes,
        key=_RECIPES,
        bind="query-params",
        help="How the VAEs were trained. Learners without a recipe are fitted in closed form and stay.",
    )
    return [recipe for recipe in recipes if recipe in chosen] or list(recipes)


def pick_capacity(rows: Sequence[dict]) -> list[dict]:
    """Let the learner choose what was the same for all inverses; the rows of it."""
    there = list(dict.fromkeys(row["capacity"] for row in rows))
    if len(there) == 1:
        return list(rows)
    words = "What is the same for all inverses: active weights, weights that are stored, or the width of hidden layers."
    chosen = st.segmented_control(
        "Equal capacity", there, default=there[0], required=True, key=_CAPACITY, bind="query-params", help=words
    )
    return [row for row in rows if row["capacity"] == chosen]


def rows_of(rows: Sequence[dict], network: str, recipes: Sequence[str] | None = None) -> list[dict]:
    """The rows of a network; of those that were trained only those by the recipes, if these are given."""
    return [
        row
        for row in rows
        if row["network"] == network and (recipes is None or not row["recipe"] or row["recipe"] in recipes)
    ]


def finished_cells(rows: Sequence[dict]) -> list[dict]:
    """The rows of those models and sizes of which every seed ended with finite numbers."""
    broken = {(row["model"], row["size"]) for row in rows if None in (row["elbo"], row["train_elbo"])}
    return [row for row in rows if (row["model"], row["size"]) not in broken]


def show_words(sentences: Sequence[str]) -> None:
    """Sentences about the rows as a list."""
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


def show_table(rows: Sequence[dict], names: dict[str, str], key: str) -> None:
    """A table that can be sorted by its numbers.

    Arguments:
        rows: With means and standard deviations.
        names: Columns of texts and what they are called; they come first.
        key: Of the table.
    """
    numbers = {name: label for name, (label, _) in _NUMBERS.items() if any(row.get(name) is not None for row in rows)}
    texts = {name: label for name, label in names.items() if any(row.get(name) for row in rows)}
    shown = [{label: row[name] for name, label in (texts | numbers).items()} for row in rows]
    config = {label: st.column_config.NumberColumn(format=_NUMBERS[name][1]) for name, label in numbers.items()}
    config |= {"chosen": st.column_config.TextColumn(width="medium")}
    st.dataframe(shown, hide_index=True, column_config=config, height="content", placeholder="-", key=key)


def show_origin(results: ReferenceResults) -> None:
    """What a reader must know, files to take away, and the command that made the results."""
    from sirenvae.experiments.reference_texts import from_reference

    name = results.experiment
    with st.container(horizontal=True):
        for label, (form, suffix) in _FORMS.items():
            st.download_button(
                f"All rows as {label}",
                lambda form=form: from_reference(name, form)[0],
                f"{name}.{suffix}",
                icon=":material/download:",
                on_click="ignore",
                key=f"results_as_{form}",
            )
    st.markdown("**What one must know to read them**")
    show_words([plain(note) for note in results.notes])
    st.markdown("**Made by**")
    st.code(results.command, language="bash", wrap_lines=True)
    st.caption(
        f"With sirenvae {results.version}; code version {results.code_version}. In a terminal: "
        f"`python -m sirenvae results --reference {name}`"
    )


def is_dark() -> bool:
    """Whether the page is dark."""
    return st.context.theme.type == "dark"
