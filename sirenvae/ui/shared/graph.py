"""What is sent to the pictures of graphs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import networkx as nx
import streamlit as st

import sirenvae as sv
from sirenvae.figures.layout import layered_positions

CACHE_KEYS = {sv.BayesianNetwork: sv.network_to_json}


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={nx.DiGraph: lambda dag: (list(dag), list(dag.edges))})
def _positions(dag: nx.DiGraph) -> list[tuple[float, float]]:
    positions = layered_positions(dag)
    return [positions[v] for v in dag]


def graph_model(network: sv.BayesianNetwork) -> dict[str, Any]:
    """A network as the pictures want it: variables are numbers in declared order, `id` changes with the structure."""
    number = network.position
    places = _positions(network.dag)
    model = {
        "names": [str(v) for v in network.variables],
        "x": [x for x, _ in places],
        "y": [y for _, y in places],
        "edges": [(number[parent], number[child]) for parent, child in network.dag.edges],
    }
    return model | {"id": fingerprint(model), "observed": [number[v] for v in network.observed]}


def fingerprint(content: Any) -> str:
    """A short name for a JSON value: equal values have equal names."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
