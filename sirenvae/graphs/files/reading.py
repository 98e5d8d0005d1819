"""Reading a network from a file or from text at hand: the ending of the name says which format, or the text itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.files.formats import BY_SUFFIX, SUFFIXES, Format, guessed, recognized
from sirenvae.graphs.files.names import finder
from sirenvae.graphs.files.text import MOST_TEXT, text_of
from sirenvae.graphs.network import BayesianNetwork

_OPEN = ("", ".txt")  # endings that say nothing of the format


def read_network(path: str | Path, observed: Iterable[Variable] | str | None = None) -> BayesianNetwork:
    """Read a network from a file, which may be compressed by gzip (``.bif.gz``).

    Arguments:
        path: The file. Its ending names the format, see :data:`~sirenvae.graphs.files.formats.FORMATS`; where the text
            is clearly of another one, it is read as that.
        observed: The observed variables, or one of them; ``None`` means what the file says, else the leaves.

    Returns:
        The network; its `notes` say what the file carried that was not read. JSON files may carry conditionals, and
        BIF, XMLBIF, NET, DSC and XDSL tables; of the other formats the structure is read.

    Raises:
        InputError: If the file cannot be read, is empty, or does not hold a network.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_TEXT + 1)
    except (OSError, ValueError) as error:  # of a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"The file {path} cannot be read: {reason}.") from error
    return parse_network(content, path.name, observed)


def parse_network(
    content: str | bytes, filename: str, observed: Iterable[Variable] | str | None = None
) -> BayesianNetwork:
    """Like :func:`read_network`, for what is at hand.

    Arguments:
        content: Text, or the bytes of a file.
        filename: Names the format and the network; without an ending the text has to show its format.
        observed: As for :func:`read_network`.
    """
    text, notes = text_of(content, filename)
    bare = filename[:-3] if filename.lower().endswith(".gz") else filename
    stem, suffix = Path(bare).stem, Path(bare).suffix.lower()
    if not text.strip():
        raise InputError(f"The file {filename} is empty; a network was expected.")
    form, more = _format_of(text, filename, suffix)
    network = form.parse(text, stem)
    notes = (*notes, *more, *network.notes)
    if notes != network.notes:
        network = replace(network, notes=notes)
    if observed is None:
        return network
    return network.with_observed(find_variables(network, observed))


def find_variables(network: BayesianNetwork, called: Iterable[Variable] | str) -> list[Variable]:
    """Variables by what a user calls them: one text is one; a variable that is no text goes by its printed name."""
    find = finder(network.variables)
    return [find(name) for name in ([called] if isinstance(called, str) else called)]


def _format_of(text: str, filename: str, suffix: str) -> tuple[Format, tuple[str, ...]]:
    """The format to read a text as, and a note if that is not the one of its ending."""
    expected, found = BY_SUFFIX.get(suffix), recognized(text)
    if isinstance(found, Format):
        if suffix in _OPEN or (expected is not None and expected.parse is found.parse):
            return found, ()
        return found, (f"The file ends in {suffix}, but its text is {found.title} and was read as that.",)
    if found is None and suffix not in _OPEN and expected is not None:
        return expected, ()
    likely = guessed(text) if found is None else None
    if likely is not None and suffix in _OPEN:
        return likely, ()
    if found is not None:
        what = f"looks like {found}"
    elif suffix in _OPEN:
        what = "has text of no format that is known, such as lines with arrows, a -> b"
    else:
        what = f"ends in {suffix!r}" + (f", though its text looks like {likely.title}" if likely else "")
    raise InputError(f"The file {filename} {what}; a network is read from {', '.join(SUFFIXES)}, each also with .gz.")
