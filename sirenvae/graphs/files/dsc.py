"""The format of Microsoft's Bayesian networks."""

from __future__ import annotations

from sirenvae.graphs.files.blocks import Dialect, read_blocks
from sirenvae.graphs.files.table_text import dsc_table, states_in_braces
from sirenvae.graphs.files.tokens import Tokens
from sirenvae.graphs.network import BayesianNetwork

_NO_DECISION = "is of an influence diagram: take its decisions and utilities out to read the network"
_DSC = Dialect(
    "DSC",
    variable="node",
    family="probability",
    states=states_in_braces,
    table=dsc_table,
    refused=dict.fromkeys(("decision", "utility"), _NO_DECISION),
)


def parse_dsc(text: str, name: str) -> BayesianNetwork:
    """The network of a Microsoft ``.dsc`` file: its ``node`` and ``probability`` blocks.

    The names are the identifiers of the nodes. Where a node has no states, or a ``function`` instead of a table, the
    structure alone is read, which a note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If the file does not start with ``belief network``, a block is cut off, missing or there twice, a
            name is not declared or needs quotes, the graph is not that of a Bayesian network, or a table does not fit
            the states or does not sum to 1.
    """
    tokens = Tokens(text, name)
    start = tokens.take()
    if (start.keyword, tokens.take().keyword) != ("belief", "network"):
        tokens.refuse(start.place, "does not start a DSC file: its first line is 'belief network \"title\"'")
    title = tokens.take()
    if not title.is_name or title.keyword in (_DSC.variable, _DSC.family, "property"):
        tokens.back_to(title)
    return read_blocks(tokens, _DSC)
