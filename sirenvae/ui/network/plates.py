"""Networks with plates, collapsed: a picture with a box around what is repeated, and what a shared factor means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

import sirenvae as sv
from sirenvae.ui.network.picture import draw
from sirenvae.ui.shared.graph import fingerprint, graph_model
from sirenvae.ui.shared.look import plain

_MOST_COPIES = 500  # of a plate, beyond which looking for factors in common takes seconds


def show_plates(network: sv.BayesianNetwork, inverses: Mapping[str, sv.Inverse] | None = None) -> None:
    """The collapsed pictures of a network and of inverses of it, by title; nothing where it has no plates."""
    if not network.plates:
        return
    if (largest := max(plate.size for plate in network.plates)) > _MOST_COPIES:
        st.caption(f"Plates of up to {_MOST_COPIES} copies are drawn collapsed; this one has {largest:,}.")
        return
    try:
        data, words = plates_data(network, inverses or {})
    except sv.InputError as error:
        st.caption(plain(error))
        return
    draw("plates", "plates", data)
    st.markdown(words)


def plates_data(network: sv.BayesianNetwork, inverses: Mapping[str, sv.Inverse]) -> tuple[dict[str, Any], str]:
    """What the view draws, in plain values, and what is to be said of it.

    Raises:
        InputError: If its templates have a directed cycle.
    """
    from sirenvae.figures.plates import collapsed_network, template_edges

    collapsed = collapsed_network(network)
    place = {str(v): i for v, i in collapsed.position.items()}
    own = sv.shared_factors(network)
    found = {"The network, collapsed": own} | {
        title: sv.shared_factors(network, one.dag) for title, one in inverses.items()
    }
    panels = [
        {
            "title": title,
            "kind": "directed" if factors is own else "inverse",
            "edges": [(place[str(a)], place[str(b)]) for a, b in template_edges(factors)],
            "factors": [str(factor) for factor in factors],
        }
        for title, factors in found.items()
    ]
    plates = [
        {"name": plate.name, "size": plate.size, "members": [place[member] for member in plate.members]}
        for plate in network.plates
    ]
    data = graph_model(collapsed) | {"panels": panels, "plates": plates}
    return data | {"id": fingerprint([data["id"], panels, plates])}, plates_words(network, found)


def plates_words(network: sv.BayesianNetwork, found: Mapping[str, Sequence[sv.SharedFactor]]) -> str:
    """What a plate is, and for each factorization whether one factor serves all copies."""
    plate = network.plates[0]
    first, last = (plate.copies(plate.members[0])[i] for i in (0, -1))
    words = [
        f"A **plate** is a box around what is repeated: *{plain(plate.name)}* stands for {plate.size:,} copies, "
        f"{plain(first)} to {plain(last)}. Among parents `x[i]` is the one of the same number, `x[all]` all of them, "
        "`x[>i]` the later ones."
    ]
    words += [f"- {plain(title)}: {sharing_words(factors)}" for title, factors in found.items()]
    return "\n\n".join([words[0], "\n".join(words[1:])])


def sharing_words(factors: Sequence[sv.SharedFactor]) -> str:
    """Which factors serve all copies of a template, and which templates need several."""
    sizes = {factor.variable: factor.size for factor in factors if factor.size}
    needed = Counter(factor.variable for factor in factors)
    afar = {factor.variable for factor in factors if set(factor.parents.values()) - {"", "i"}}
    alone = [v for v in sizes if needed[v] == 1 and v not in afar]
    each = []
    if alone:
        who = ", another ".join(f"all {sizes[v]:,} copies of {plain(v)}" for v in alone)
        each.append(
            f"**one shared factor** serves {who}; each copy looks at its own alone, so it would serve any number"
        )
    for v, size in sizes.items():
        if needed[v] > 1:
            each.append(f"{plain(v)} needs {needed[v]} factors, for not all its copies have the same parents")
        elif v in afar:
            each.append(f"one factor serves all {size:,} copies of {plain(v)}, but it looks at other copies too")
    return f"{'; '.join(each)}." if each else "no factor is repeated."
