"""Reading a network from a file or from text at hand: the ending of the name says which format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.files.bif import parse_bif
from sirenvae.graphs.files.dsc import parse_dsc
from sirenvae.graphs.files.edge_list import parse_csv
from sirenvae.graphs.files.graphml import parse_graphml
from sirenvae.graphs.files.hugin import parse_hugin
from sirenvae.graphs.files.network_json import parse_json
from sirenvae.graphs.files.xdsl import parse_xdsl
from sirenvae.graphs.network import BayesianNetwork

_PARSERS: dict[str, Callable[[str, str], BayesianNetwork]] = {
    ".json": parse_json,
    ".bif": parse_bif,
    ".xbif": parse_bif,
    ".xml": parse_bif,
    ".net": parse_hugin,
    ".dsc": parse_dsc,
    ".xdsl": parse_xdsl,
    ".csv": parse_csv,
    ".graphml": parse_graphml,
}


def read_network(path: str | Path, observed: Iterable[Variable] | None = None) -> BayesianNetwork:
    """Read a network from a ``.json``, ``.bif``, ``.csv`` (edge list) or ``.graphml`` file.

    Arguments:
        path: The file. Its ending names the format.
        observed: The observed variables; ``None`` means what the file says, else the leaves.

    Returns:
        The network. JSON files may carry conditionals; of the other formats the structure is read.

    Raises:
        InputError: If the file cannot be read, is empty, or does not hold a network.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InputError(f"The file {path} cannot be read: {reason}.") from error
    return parse_network(text, path.name, observed)


def parse_network(text: str, filename: str, observed: Iterable[Variable] | None = None) -> BayesianNetwork:
    """Like :func:`read_network`, for text that is at hand; `filename` names the format and the network."""
    stem, suffix = Path(filename).stem, Path(filename).suffix.lower()
    if suffix not in _PARSERS:
        raise InputError(
            f"The file {filename} ends in {suffix or 'nothing'!r}; a network is read from {', '.join(_PARSERS)}."
        )
    if not text.strip():
        raise InputError(f"The file {filename} is empty; a network was expected.")
    network = _PARSERS[suffix](text, stem)
    return network if observed is None else network.with_observed(observed)
