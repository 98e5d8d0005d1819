"""Bayesian Interchange Format, as text or as XML."""

from __future__ import annotations

from sirenvae.graphs.files.blocks import Dialect, read_blocks
from sirenvae.graphs.files.table_text import bif_table, states_in_braces
from sirenvae.graphs.files.tokens import Tokens
from sirenvae.graphs.files.xmlbif import parse_xmlbif
from sirenvae.graphs.network import BayesianNetwork

# Between the tokens of a head, commas and bars are blanks: the first name is the child, whatever follows it.
_BIF = Dialect(
    "BIF",
    variable="variable",
    family="probability",
    states=states_in_braces,
    table=bif_table,
    skipped=frozenset({"network"}),
    bar_counts=False,
)


def parse_bif(text: str, name: str) -> BayesianNetwork:
    """The network of a Bayesian Interchange Format file, also of its XML form, which the content shows.

    Declared are the ``variable`` and ``probability`` blocks; words inside states, tables, properties and comments
    declare nothing. In a ``table`` the child's states vary slowest. Where a variable has no states or no table, the
    structure alone is read, which a note of the network says.

    Arguments:
        text: What was in the file.
        name: What to call the network.

    Raises:
        InputError: If a block is cut off, missing or there twice, a name is not declared or needs quotes, the graph is
            not that of a Bayesian network, or a table does not fit the states or does not sum to 1.

    Source:
        Cozman, The Interchange Format for Bayesian Networks (version 0.15, 1996).
    """
    if text.lstrip().startswith("<"):
        return parse_xmlbif(text, name)
    return read_blocks(Tokens(text, name), _BIF)
