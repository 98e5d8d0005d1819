"""Text of the block formats (BIF, Hugin, DSC), cut into names and signs in one pass from front to back."""

from __future__ import annotations

import re
from copy import copy
from typing import NamedTuple, NoReturn

from sirenvae.errors import InputError

_LINE_END = re.compile(r"\r\n?|\n")
_PROPERTY = re.compile(r'(?:[^;"]++|"[^"]*+")*+;')
_LONGEST_SHOWN = 80
_DEEPEST = 8  # brackets in the body of a block; states are the first level


class Patterns(NamedTuple):
    """For a token, for a piece of a body, for a run of numbers, for a comment."""

    token: re.Pattern
    piece: re.Pattern
    numbers: re.Pattern
    comment: re.Pattern


def _patterns(percent: bool) -> Patterns:
    """Those of a language.

    No quantifier gives back what it took, so that time is linear; and what may come a million times is one piece.
    """
    sign = "%" if percent else ""
    quoted = r'"(?:[^"\\]++|\\.)*+"' if percent else r'"[^"]*+"'
    line_comment = rf"(?://{'|%' if percent else ''})[^\r\n]*+"
    comment = rf"{line_comment}|/\*(?:[^*]++|\*(?!/))*+\*/"
    blank = rf"(?:\s++|{comment})*+"
    between = rf"(?:[\s,;]++|{comment})*+"
    slash = r"/(?![/*])"
    word = rf'(?:[^\s{{}}()\[\];,|"/{sign}]++|{slash})++'
    token = (
        rf"{between}(?:(?P<word>{word})|(?P<quoted>{quoted})|(?P<sign>[{{}}()\[\]]|\|(?:[\s|]*+))"
        r'|(?P<unclosed>"|/\*))?'
    )
    text = rf'[^{{}};"/{sign}]++|;(?!\s*+property)|{slash}|{quoted}'
    states = rf'\{{(?:[^{{}}"/{sign}]++|{slash}|{quoted})*+\}}'
    piece = (
        rf'{blank}(?:(?P<property>property(?=[\s"]))|(?P<statements>(?:{text}|{states})++)|(?P<end>;)|(?P<open>\{{)'
        r'|(?P<close>\})|(?P<unclosed>"|/\*))?'
    )
    number = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?"
    gap = rf"(?:[\s,;:]++|{comment})*+"
    numbers = rf"(?:{gap}{number}(?=[\s,;:()}}{sign}/]|\Z))*+"
    return Patterns(*(re.compile(pattern, re.DOTALL) for pattern in (token, piece, numbers, comment)))


_PLAIN, _PERCENT = _patterns(False), _patterns(True)


Span = tuple[int, int]  # from the first place of a piece of text to the one behind it


class Token(NamedTuple):
    """A name, a sign, or the end of the text.

    Attributes:
        kind: ``"word"`` (a name without quotes), ``"quoted"`` (one in quotes), ``"sign"`` or ``"end"``.
        text: The name without its quotes, the sign, or nothing.
        place: Where in the text it starts.
    """

    kind: str
    text: str
    place: int

    def is_sign(self, sign: str) -> bool:
        """Whether this is that sign, and not a name in quotes that reads the same."""
        return self.kind == "sign" and self.text == sign

    @property
    def is_name(self) -> bool:
        """Whether this is a name, in quotes or without."""
        return self.kind in ("word", "quoted")

    @property
    def keyword(self) -> str:
        """The word in small letters; nothing for a name in quotes, a sign and the end."""
        return self.text.lower() if self.kind == "word" else ""


class Tokens:
    r"""The tokens of a text, one by one; bodies of blocks and properties are skipped at a stride.

    Blanks, commas, semicolons, ``//`` comments up to the end of the line and ``/* */`` comments separate tokens; in
    quotes they are text. Bars next to each other are one.

    Arguments:
        text: What was in the file. Lines end in ``\n``, ``\r\n`` or ``\r``.
        name: What to call it in a sentence.
        percent: Whether ``%`` starts a comment up to the end of the line too, and ``\"`` is a quote inside quotes.

    Example:
        >>> tokens = Tokens('variable "load (kN)" { } // one', "site")
        >>> [tokens.take().text for _ in range(5)]
        ['variable', 'load (kN)', '{', '}', '']
    """

    def __init__(self, text: str, name: str, percent: bool = False):
        self.text, self.name = text, name
        self._patterns = _PERCENT if percent else _PLAIN
        self._at, self._end = 0, len(text)

    def within(self, span: Span) -> Tokens:
        """The tokens of a piece of the text; sentences about them name the lines of the whole."""
        part = copy(self)
        part._at, part._end = span
        return part

    def take(self) -> Token:
        """The next token.

        Raises:
            InputError: If a quote or a comment is opened and never closed.
        """
        found = self._patterns.token.match(self.text, self._at, self._end)
        self._at = found.end()
        kind = found.lastgroup or "end"
        if kind == "end":
            return Token(kind, "", self._at)
        place = found.start(kind)
        if kind == "unclosed":
            self._refuse_unclosed(place)
        text = found[kind]
        return Token(kind, text[1:-1] if kind == "quoted" else text[0] if kind == "sign" else text, place)

    def back_to(self, token: Token) -> None:
        """Let `token` be the next one again."""
        self._at = token.place

    def numbers(self) -> list[float]:
        """The numbers that come next, as many as there are; none where something else comes."""
        run = self._patterns.numbers.match(self.text, self._at, self._end)
        self._at = run.end()
        text = self._patterns.comment.sub(" ", run[0])
        return [float(word) for word in re.split(r"[\s,;:]+", text) if word]

    def skip_body(self, block: Token) -> Span:
        """Go on behind the ``}`` that closes the body of a block.

        Arguments:
            block: The token that starts the block; its ``{`` has been taken.

        Returns:
            Where the body is, its brackets left out.

        Raises:
            InputError: If the text ends first.
        """
        depth, start = 1, self._at
        while depth:
            found = self._patterns.piece.match(self.text, self._at, self._end)
            kind, self._at = found.lastgroup, found.end()
            if kind is None:
                self.refuse(block.place, "opens a block that is never closed: the file is cut off or lacks a '}'")
            if kind == "unclosed":
                self._refuse_unclosed(found.start(kind))
            if kind == "property" and depth == 1:  # deeper it is the name of a state
                self.skip_property(found.start(kind))
            depth += (kind == "open") - (kind == "close")
            if depth > _DEEPEST:
                self.refuse(found.start(kind), f"opens {depth} brackets inside each other: look for a missing '}}'")
        return start, self._at - 1

    def skip_property(self, place: int) -> None:
        """Go on behind the ``;`` of the property that starts at `place`; ``;`` and comments in quotes are text."""
        found = _PROPERTY.match(self.text, self._at)
        if found is None:
            self.refuse(place, "starts a property that no ';' ends: the file is cut off or lacks it")
        self._at = found.end()

    def line(self, place: int) -> int:
        """The number of the line that holds a place, from 1."""
        return len(_LINE_END.findall(self.text, 0, place)) + 1

    def refuse(self, place: int, reason: str) -> NoReturn:
        """Raise a sentence that shows the line of `place` and goes on with `reason`."""
        raise InputError(f"Line {self.line(place)} of {self.name}, {self._shown(place)!r}, {reason}.")

    def _shown(self, place: int) -> str:
        start = max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1
        start = max(start, place - _LONGEST_SHOWN // 2)
        ending = _LINE_END.search(self.text, place)
        end = min(ending.start() if ending else len(self.text), start + _LONGEST_SHOWN)
        return self.text[start:end].strip()

    def _refuse_unclosed(self, place: int) -> NoReturn:
        what, sign = ("a quote", '"') if self.text[place] == '"' else ("a comment", "*/")
        self.refuse(place, f"opens {what} that is never closed: add the {sign} that is missing")
