"""Hugin's NET language."""

from __future__ import annotations

from sirenvae.graphs.files.blocks import Dialect, read_blocks
from sirenvae.graphs.files.table_text import hugin_table, states_in_brackets
from sirenvae.graphs.files.tokens import Tokens
from sirenvae.graphs.network import BayesianNetwork

_NO_DECISION = "is of an influence diagram: take its decisions, utilities and functions out to read the network"
_HUGIN = Dialect(
    "Hugin's NET",
    variable="node",
    family="potential",
    states=states_in_brackets,
    table=hugin_table,
    skipped=frozenset({"net"}),
    prefixes=frozenset({"boolean", "continuous", "discrete", "interval", "labelled", "numbered"}),
    refused={
        "decision": _NO_DECISION,
        "function": _NO_DECISION,
        "utility": _NO_DECISION,
        "class": "is of an object-oriented network: save it unfolded, as a network of its own",
    },
)


def parse_hugin(text: str, name: str) -> BayesianNetwork:
    """The network of a Hugin ``.net`` file: its ``node`` and ``potential`` blocks.

    The names are those of the nodes, not their labels. Where a node has no ``states`` or no ``data`` of numbers, the
    structure alone is read, which a note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If a block is cut off, missing or there twice, a name is not declared or needs quotes, the file is
            an influence diagram or object-oriented, the graph is not that of a Bayesian network, or a table does not
            fit the states or does not sum to 1.

    Source:
        Hugin Expert, API Reference Manual, chapter "The NET language".
    """
    return read_blocks(Tokens(text, name, percent=True), _HUGIN)
