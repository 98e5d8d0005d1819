"""What a command prints, so that every terminal, file and pipe can take it."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

# For what an encoding lacks; other letters lose their accents, and what is then left is a question mark.
_STAND_INS = {
    **{"→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "±": "+/-", "×": "x", "·": ".", "…": "...", "≤": "<="},
    **{"≥": ">=", "≠": "!=", "∞": "inf", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "ß": "ss", "æ": "ae"},
}


def _readable(error: UnicodeError) -> tuple[str, int]:
    """An error handler of encodings, see :func:`codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_stand_in, error.object[error.start : error.end])), error.end


def _stand_in(sign: str) -> str:
    plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return _STAND_INS.get(sign) or plain or "?"


def make_readable() -> None:
    """From now on print something readable in the place of what the encodings of the screen and of errors lack."""
    codecs.register_error("readable", _readable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="readable")


def as_markup(text: str) -> str:
    """XML or Graphviz's language, what the encoding of the screen lacks as references to characters: nothing is lost.

    >>> as_markup("Wärme") in ("Wärme", "W&#228;rme")
    True
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "xmlcharrefreplace").decode(encoding)


def flush() -> None:
    """Send everything that was printed on its way, so that what fails there fails now.

    Raises:
        OSError: If it cannot be written; a BrokenPipeError if nobody reads any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def give_up() -> None:
    """Let go of what could not be printed: Python would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
