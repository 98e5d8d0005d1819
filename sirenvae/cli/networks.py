"""The network that a command is about: by name, from a file or from standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sirenvae import graphs
from sirenvae.errors import InputError
from sirenvae.graphs.files.formats import SUFFIXES
from sirenvae.graphs.files.reading import find_variables
from sirenvae.graphs.files.text import MOST_TEXT

_STDIN = "-"


def add_network_argument(parser, name: str, has_observed: bool = True, **settings) -> None:
    """Add the argument that names a network, and the option that says which of its variables are observed."""
    words = f"a name (see networks), a file ({' '.join(SUFFIXES)}, each also with .gz), or - for standard input"
    parser.add_argument(name, metavar="NETWORK", help=words, **settings)
    if has_observed:
        add_observed_argument(parser)


def add_observed_argument(parser) -> None:
    """Add the option that says which variables are observed."""
    words = "observed variables, instead of the network's own; repeat the option for names with commas"
    parser.add_argument("--observed", action="append", metavar="NAMES", help=words)


def load(name: str, observed: Sequence[str] | None = None) -> graphs.BayesianNetwork:
    """A file where the word looks like one, else a named network; what a file's network notes goes to standard error.

    Arguments:
        name: The word of the command line.
        observed: Those of ``--observed``: each a variable, or several with commas between.
    """
    if name == _STDIN:
        network = graphs.parse_network(_standard_input(), "stdin")
    elif Path(name).suffix or os.sep in name:
        network = graphs.read_network(name)
    else:
        network = graphs.load_network(name)
    for note in network.notes:
        print(f"sirenvae: {network.name}: {note}", file=sys.stderr)
    return network if observed is None else network.with_observed(_observed(network, observed))


def _standard_input() -> bytes:
    try:
        return sys.stdin.buffer.read(MOST_TEXT + 1)
    except (OSError, AttributeError) as error:  # closed, so there is none
        raise InputError(f"Standard input cannot be read: {error}.") from error


def _observed(network: graphs.BayesianNetwork, given: Sequence[str]) -> list:
    there, names = set(map(str, network.variables)), []
    for words in given:
        names += [words] if words in there else [name.strip() for name in words.split(",") if name.strip()]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise InputError(f"--observed names the variable {twice[0]} twice; leave one of them out.")
    return find_variables(network, names)
