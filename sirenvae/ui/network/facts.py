"""What the network page says about a network beside its picture."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

import sirenvae as sv
from sirenvae.ui.shared.graph import CACHE_KEYS, fingerprint
from sirenvae.ui.shared.look import counted, plain

_WIDTH = "width_"  # starts the key of the button that asks for a large network's treewidth
_MOST_ROWS = 12  # of a variable's table that are shown
_MAX_AT_ONCE = 300  # variables up to which it is computed unasked


def show_facts(network: sv.BayesianNetwork) -> None:
    """What a file's reader noted, counts, what the structure costs and, where all is linear Gaussian, the entropy."""
    for note in network.notes:
        st.caption(plain(note))
    largest = max(network.variables, key=lambda v: len(network.parents(v)))
    rows = {
        "variables": f"{len(network.variables):,}",
        "edges": f"{network.dag.number_of_edges():,}",
        "observed": f"{len(network.observed):,}",
        "latent": f"{len(network.latents):,}",
        "largest parent set": f"{len(network.parents(largest))} (of {plain(largest)})",
        "longest path": counted(sv.longest_path(network), "edge"),
        "unjoined parents": counted(len(sv.moralizing_edges(network)), "pair"),
    }
    if (width := _width(network)) is not None:
        rows["treewidth"] = f"at most {width}"
    if network.is_linear:
        rows["exact entropy"] = f"{_entropy(network):.3f}&nbsp;nats"
    lines = [f"| {name} | **{value}** |" for name, value in rows.items()]
    st.markdown("\n".join([f"| {plain(network.name)} | |", "|:--|--:|", *lines]))
    if width is None:
        key = _WIDTH + fingerprint(sv.network_to_json(network))
        st.button("Bound the treewidth", key=key, on_click=_asked_for_widths().add, args=(key,))
    st.caption(
        "Unjoined parents share a child without an edge between them: moralizing joins them. The treewidth says how "
        "many variables exact inference must hold together, less one."
    )
    if network.is_linear:
        st.caption(
            "The entropy is that of the observed variables together: the average negative log-likelihood of the true "
            "model, which no other model undercuts."
        )
    elif network.is_discrete:
        st.caption(
            "These variables have states, and each has a table: the probability of its states, given those of its "
            "parents."
        )
    elif network.conditionals is not None:
        st.caption(
            "Some means here are not linear in their parents, so the observed variables are not normal and their "
            "entropy has no formula. The page Training measures the true model on test points instead."
        )
    else:
        st.caption("This is a structure without numbers, so there is no entropy to state.")


def show_conditionals(network: sv.BayesianNetwork) -> None:
    """The conditionals as a folded table, one line per variable; nothing if the network has none."""
    if network.conditionals is None:
        return
    folded = st.expander("Conditionals", icon=":material/function:", key="conditionals", on_change="rerun")
    if not folded.open:  # the table loads pandas, which the first paint does without
        return
    with folded:
        st.caption(_about_conditionals(network))
        st.dataframe(
            [
                {
                    "variable": str(v),
                    "role": "observed" if v in set(network.observed) else "latent",
                    **_described(conditional),
                }
                for v, conditional in network.conditionals.items()
            ],
            hide_index=True,
        )


def show_explore(network: sv.BayesianNetwork, height: int = 540) -> None:
    """The network with physics, made when it is unfolded, and its download as a page."""
    folded = st.expander("Explore with physics", icon=":material/hub:", key="explore", on_change="rerun")
    if not folded.open:
        return
    with folded:
        page = _explore_page(network, height)
        st.iframe(page, height=height + 30, alt=f"The network {network.name} with physics")
        st.download_button(
            "This picture as HTML",
            page,
            f"{network.name}.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
        )


def show_download(network: sv.BayesianNetwork) -> None:
    """The network as a file that the picker reads back, observed set and conditionals included."""
    st.download_button(
        "Network as JSON",
        sv.network_to_json(network),
        f"{network.name}.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def facts_code(network: sv.BayesianNetwork) -> tuple[str, ...]:
    """Lines of code that compute what the page shows of a network."""
    lines = [
        "print(network)",
        f"print(sv.markov_blanket(network, {network.latents[0]!r}))",
        "print(sv.longest_path(network), sv.treewidth_bound(network))",
    ]
    if network.is_linear:
        lines.append("print(sv.observed_entropy(network))  # nats")
    return tuple(lines)


def _asked_for_widths() -> set[str]:
    return st.session_state.setdefault("widths_asked", set())


def _width(network: sv.BayesianNetwork) -> int | None:
    """The bound on the treewidth; for large networks only when it was asked for, since it takes seconds."""
    is_small = len(network.variables) <= _MAX_AT_ONCE
    if is_small or _WIDTH + fingerprint(sv.network_to_json(network)) in _asked_for_widths():
        return _treewidth(network)
    return None


@st.cache_data(max_entries=128, show_spinner="Eliminating", hash_funcs=CACHE_KEYS)
def _treewidth(network: sv.BayesianNetwork) -> int:
    return sv.treewidth_bound(network)


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=CACHE_KEYS)
def _entropy(network: sv.BayesianNetwork) -> float:
    return sv.observed_entropy(network)


@st.cache_data(max_entries=8, show_spinner="Drawing", hash_funcs=CACHE_KEYS)
def _explore_page(network: sv.BayesianNetwork, height: int) -> str:
    from sirenvae.figures.explore import explore_html

    return explore_html(network, height)


def _described(conditional: sv.Conditional | sv.ConditionalTable) -> dict[str, str | float]:
    """What a row of the table says of a conditional; of tables the first rows."""
    if isinstance(conditional, sv.ConditionalTable):
        given = " × ".join(map(str, conditional.parents)) or "none"
        rows = conditional.probabilities.reshape(-1, len(conditional.states))
        shown = " | ".join(" ".join(f"{p:.3g}" for p in row) for row in rows[:_MOST_ROWS])
        more = f" | and {len(rows) - _MOST_ROWS:,} more" if len(rows) > _MOST_ROWS else ""
        return {"states": ", ".join(conditional.states), "parents": given, "probabilities": shown + more}
    return {"mean given its parents": _mean(conditional), "variance": conditional.variance}


def _mean(conditional: sv.Conditional) -> str:
    if isinstance(conditional, sv.TanhGaussian):
        inner = _sum(conditional.offset, conditional.coefficients)
        sign = "−" if conditional.amplitude < 0 else "+"
        return f"{conditional.intercept:.4g} {sign} {abs(conditional.amplitude):.4g} tanh({inner})"
    if isinstance(conditional, sv.ProductGaussian):
        return f"{conditional.intercept:.4g} + {_product(conditional.coefficients)}"
    return _sum(conditional.intercept, conditional.coefficients)


def _sum(constant: float, slopes: Mapping) -> str:
    text = f"{constant:.4g}"
    for parent, slope in slopes.items():
        text += f" {'−' if slope < 0 else '+'} {abs(slope):.4g} {parent}"
    return text


def _product(factors: Mapping) -> str:
    return " · ".join([f"{math.prod(factors.values()):.4g}", *map(str, factors)])


def _about_conditionals(network: sv.BayesianNetwork) -> str:
    if network.is_discrete:
        return (
            "The probabilities of each variable's states, in their order, for each combination of its parents' states: "
            "the last parent's change first, and bars part the combinations."
        )
    if network.is_linear:
        return "Each variable is normal, with a mean that is linear in its parents."
    return "Given its parents each variable is normal; its mean may be linear in them, saturate or multiply them."
