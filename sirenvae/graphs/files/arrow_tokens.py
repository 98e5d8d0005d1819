"""Text with arrows (DOT, DAGitty, pasted lines), cut into names, arrows and signs in one pass from front to back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from sirenvae.errors import InputError
from sirenvae.graphs.quoting import shown

# No quantifier gives back what it took, so a text of any kind takes linear time.
_TOKEN = re.compile(
    r"""
      [^\S\n]++ | //[^\n]*+ | /\*.*?\*/ | (?:(?<=\n)|\A)\#[^\n]*+
    | (?P<line>\n)
    | (?P<arrow><--?> | <--? | --?> | -- -*+ | [→←↔])
    | (?P<quoted>"(?:[^"\\]++|\\.)*+")
    | (?P<html>=\s*+<(?:[^<>]++|<[^<>]*+>)*+>)
    | (?P<sign>[{}\[\];,=])
    | (?P<word>(?:[^\s{}\[\];,="<>→←↔/-]|-(?![->])|/(?![/*]))++)
    """,
    re.VERBOSE | re.DOTALL,
)
_ARROWS = {"→": "->", "←": "<-", "↔": "<->", "-->": "->", "<--": "<-", "<-->": "<->"}
_MOST = 200_000  # tokens: half a second's reading, 50,000 edges
_ESCAPED = re.compile(r'\\(["\\\n])')


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: ``"word"``, ``"quoted"``, ``"arrow"`` (text ``->``, ``<-``, ``<->`` or ``--``), ``"sign"``, ``"html"`` (an
            equals sign and a value in angle brackets), ``"line"`` (a line's end) or ``"end"``.
        text: What it says, without quotes.
        place: Where in the text it starts.
    """

    kind: str
    text: str
    place: int

    def is_sign(self, signs: str) -> bool:
        """Whether it is one of these signs, and not a name in quotes that looks like one."""
        return self.kind == "sign" and self.text in signs


class Tokens:
    r"""The tokens of a text, one by one, with a look at the next.

    Comments (``//``, ``/* */``, lines that begin with ``#``) are left out.

    Arguments:
        text: With lines that end in ``\n``.
        name: What to call it in a sentence.
        lines: Whether the ends of lines are tokens.

    Example:
        >>> tokens = Tokens('"wet grass" <- rain // falls', "garden")
        >>> [tokens.take().text for _ in range(4)]
        ['wet grass', '<-', 'rain', '']
    """

    def __init__(self, text: str, name: str, lines: bool = False):
        self.text, self.name = text, name
        self._tokens = self._cut(lines)
        self.next = next(self._tokens)

    def take(self) -> Token:
        """The next token; at the end that is one of the kind ``"end"``, however often it is asked for."""
        token = self.next
        if token.kind != "end":
            self.next = next(self._tokens)
        return token

    def refuse(self, token: Token, reason: str) -> NoReturn:
        """Raise a sentence that names the line of `token` and goes on with `reason`."""
        raise InputError(f"Line {self.text.count(chr(10), 0, token.place) + 1} of {self.name} {reason}.")

    def _cut(self, lines: bool) -> Iterator[Token]:
        end = count = 0
        for found in _TOKEN.finditer(self.text):
            if found.start() != end:
                break
            end, kind = found.end(), found.lastgroup
            if kind is None or (kind == "line" and not lines):
                continue
            text = found[kind]
            if kind == "arrow":
                text = _ARROWS.get(text, "--" if text.startswith("---") else text)
            elif kind == "quoted":
                text = _ESCAPED.sub(lambda escape: escape[1].strip("\n"), text[1:-1])
            count += 1
            if count > _MOST:
                raise InputError(
                    f"{self.name} has more than {_MOST:,} names, arrows and signs; that is too much to read."
                )
            yield Token(kind, text, found.start())
        if end < len(self.text):
            what = {'"': "opens a quote that is never closed", "/": "opens a comment that is never closed"}
            reason = what.get(self.text[end], f"has the sign {self.text[end]!r} where none was expected")
            self.refuse(Token("sign", "", end), f"{reason}: {shown(self.text[end : end + 40])!r}")
        yield Token("end", "", len(self.text))
