"""A step of an inversion to take away: link, pictures, data, and code that makes it again."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

import sirenvae as sv
from sirenvae.ui.inversion.rules import Rule, inverse_of
from sirenvae.ui.inversion.views import draw
from sirenvae.ui.shared.teaching import network_lines


def export_step(network: sv.BayesianNetwork, rule: Rule, step: int) -> None:
    """Buttons for all that can be taken away of the step that is shown."""
    inverse = inverse_of(network, rule)
    st.markdown(
        "What you see, to put on a slide, to send, or to go on with. **Try this:** send the link to someone; it opens "
        "at this step."
    )
    name = f"{network.name}-{rule.method}-{rule.order}-step-{step}"
    draw("export", "export", {"name": name})
    at = (network, inverse, step)
    files = {
        "JSON": ("json", "application/json", partial(sv.step_to_json, *at)),
        "GraphML: inverse so far": ("inverse.graphml", "application/xml", partial(sv.step_to_graphml, *at, "inverse")),
        "GraphML: induced graph": ("induced.graphml", "application/xml", partial(sv.step_to_graphml, *at, "induced")),
        "Notebook": (
            "ipynb",
            "application/x-ipynb+json",
            partial(notebook, [*network_lines(), *step_code(rule, step)]),
        ),
    }
    with st.container(horizontal=True):
        for label, (ending, mime, content) in files.items():
            st.download_button(
                label, content, f"{name}.{ending}", mime, icon=":material/download:", on_click="ignore", key=ending
            )


def step_code(rule: Rule, step: int) -> list[str]:
    """Code that makes the inverse of a `network` again and prints the first `step` steps, all of them for 0."""
    arguments = [repr(rule.order)]
    if rule.method != "nami":
        arguments.append(f"method={rule.method!r}")
    if not rule.minimal:
        arguments.append("minimal=False")
    lines = [f"inverse = sv.invert(network, {', '.join(arguments)})"]
    if rule.method == "nami":
        lines += ["", f"for step in inverse.steps{f'[:{step}]' if step else ''}:", "    print(sv.explain(step))"]
    if step:
        lines += [
            "",
            f"graphs = sv.graphs_at(network, inverse, {step})",
            'fills = [(a, b) for a, b, kind in graphs.induced.edges(data="kind") if kind == "fill"]',
            'print("fill edges so far:", fills)',
            'print("inverse so far:", list(graphs.inverse.edges))',
        ]
    return [
        *lines,
        "",
        'print(inverse.dag.number_of_edges(), "edges, faithful:", sv.is_faithful(network, inverse))',
    ]


def notebook(lines: list[str]) -> str:
    """A Jupyter notebook with one cell of code."""
    cell = {
        "cell_type": "code",
        "id": "inversion",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": "\n".join(lines),
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": [cell]}, indent=1
    )
