"""Tables as the formats write them: flat lists of numbers in some order, or a row for each states of the parents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.files.tokens import Span, Token, Tokens
from sirenvae.graphs.quoting import listed, shown

MOST_NUMBERS = 4_000_000  # of all tables of a file; beyond it the structure alone is read

States = Mapping[str, tuple[str, ...]]
TableReader = Callable[[States], "np.ndarray | None"]


@dataclass
class Rows:
    """A table under construction.

    Arguments:
        child: Whose it is.
        parents: In the order of the axes.
        states: Of both.
        where: What a sentence calls its place, such as ``"line 3 of net"``; lines are counted only when they are told.
    """

    child: str
    parents: Sequence[str]
    states: States
    where: Callable[[], str]
    shape: tuple[int, ...] = field(init=False)
    _default: Sequence[float] | None = field(init=False, default=None)

    def __post_init__(self):
        self.shape = tuple(len(self.states[v]) for v in (*self.parents, self.child))
        self._table = np.full(self.shape, np.nan)

    def fill(self, numbers: Sequence[float], child_first: bool = False) -> np.ndarray:
        """The whole table from a flat list: the child's states vary fastest, or slowest where it comes first."""
        if len(numbers) != math.prod(self.shape):
            self.refuse(f"has {len(numbers):,} numbers, but its variables' states ask for {math.prod(self.shape):,}")
        if child_first:
            return np.moveaxis(np.reshape(numbers, (self.shape[-1], *self.shape[:-1])), 0, -1)
        return np.reshape(numbers, self.shape)

    def row(self, given: Sequence[int], numbers: Sequence[float]) -> None:
        """Set the row of some states of the parents; given none, of all that have no row yet."""
        if len(numbers) != self.shape[-1]:
            self.refuse(f"has a row of {len(numbers)} numbers, but {shown(self.child)} has {self.shape[-1]} states")
        if given or not self.parents:
            self._table[tuple(given)] = numbers
        else:
            self._default = numbers

    def number(self, parent: str, called: str) -> int:
        """The number of a parent's state that the file calls by its name."""
        if called not in self.states[parent]:
            names = listed(self.states[parent])
            self.refuse(f"has a row for the state {shown(called)} of {shown(parent)}, whose states are {names}")
        return self.states[parent].index(called)

    def place(self, parent: str, called: str) -> int:
        """The number of a parent's state that the file calls by its number."""
        size = len(self.states[parent])
        if not (called.isascii() and called.isdigit() and len(called) < 9 and int(called) < size):
            self.refuse(f"has a row for the state number {shown(called)} of {shown(parent)}, which has 0 to {size - 1}")
        return int(called)

    def table(self) -> np.ndarray:
        """What the rows make up."""
        missing = np.isnan(self._table).all(axis=-1)
        if self._default is not None:
            self._table[missing] = self._default
        elif missing.any():
            where = np.argwhere(missing)[0]
            given = (f"{shown(p)} = {shown(self.states[p][at])}" for p, at in zip(self.parents, where, strict=True))
            self.refuse(f"has no row for {', '.join(given) or 'it'}")
        return self._table

    def refuse(self, fault: str) -> None:
        """Raise a sentence about this table."""
        raise InputError(f"The table of {shown(self.child)} in {self.where()} {fault}.")


def states_in_braces(tokens: Tokens, span: Span) -> Callable[[], tuple[str, ...] | None]:
    """``type discrete [ 2 ] { yes, no }``, with a colon and an equals sign for DSC; ``None`` where there are none."""

    def read() -> tuple[str, ...] | None:
        body, is_type, is_discrete = tokens.within(span), False, False
        while (token := body.take()).kind != "end":
            if token.keyword == "property":
                body.skip_property(token.place)
            is_type |= token.keyword.rstrip(":=") == "type"
            is_discrete |= is_type and token.keyword == "discrete"
            if is_discrete and token.is_sign("{"):
                return _names(body, "}")
        return None

    return read


def states_in_brackets(tokens: Tokens, span: Span) -> Callable[[], tuple[str, ...] | None]:
    """``states = ("yes" "no")`` of Hugin; ``None`` where there are none."""
    return lambda: _names(body, ")") if (body := _at(tokens.within(span), "states")) else None


def bif_table(tokens: Tokens, span: Span, family: Sequence[str], block: Token) -> TableReader:
    """``table`` (the child's states vary slowest), rows ``(yes, no) .1, .9`` and ``default``."""
    return _by_rows(tokens, span, family, block, by_name=True)


def dsc_table(tokens: Tokens, span: Span, family: Sequence[str], block: Token) -> TableReader:
    """Rows ``(0, 1) : .1, .9`` by the numbers of states and ``default``, or one row without a head."""
    return _by_rows(tokens, span, family, block, by_name=False)


def hugin_table(tokens: Tokens, span: Span, family: Sequence[str], block: Token) -> TableReader:
    """``data = ((.1 .9) (.8 .2))``: the child's states vary fastest, brackets only show that."""

    def read(states: States) -> np.ndarray | None:
        child, *parents = family
        body = _at(tokens.within(span), "data")
        if body is None:
            return None
        rows, numbers = Rows(child, parents, states, _place(tokens, block)), []
        while True:
            numbers += body.numbers()
            token = body.take()
            if token.kind in ("word", "quoted"):
                return rows.fill(numbers) if numbers and token.text.rstrip("=") != token.text else None
            if token.kind == "end" or len(numbers) > MOST_NUMBERS:
                return rows.fill(numbers)

    return read


def flat_table(texts: Iterable[str], family: Sequence[str], where: Callable[[], str]) -> TableReader:
    """Numbers between blanks, of which the child's states vary fastest."""

    def read(states: States) -> np.ndarray | None:
        child, *parents = family
        words = [word for text in texts for word in text.split()]
        rows = Rows(child, parents, states, where)
        try:
            return rows.fill([float(word) for word in words]) if words else None
        except ValueError as error:
            rows.refuse(f"holds what is no number ({shown(error)})")

    return read


def _by_rows(tokens: Tokens, span: Span, family: Sequence[str], block: Token, by_name: bool) -> TableReader:
    def read(states: States) -> np.ndarray | None:
        child, *parents = family
        body, found = tokens.within(span), False
        rows = Rows(child, parents, states, _place(tokens, block))
        while True:
            numbers = [] if by_name else body.numbers()
            token = body.take()
            if numbers:
                rows.row((), numbers)
                found = True
            if token.kind == "end":
                return rows.table() if found else None
            if token.keyword == "property":
                body.skip_property(token.place)
            elif token.keyword == "table":
                return rows.fill(_numbers(body), child_first=True)
            elif token.keyword.rstrip(":") == "default":
                rows.row((), _numbers(body))
                found = True
            elif token.is_sign("("):
                called = _names(body, ")")
                if len(called) != len(parents):
                    rows.refuse(f"has a row for {len(called)} states, but there are {len(parents)} parents")
                find = rows.number if by_name else rows.place
                rows.row([find(*pair) for pair in zip(parents, called, strict=True)], _numbers(body))
                found = True
            elif token.text.strip(":"):
                return None  # a function, or what else no table is

    return read


def _place(tokens: Tokens, block: Token) -> Callable[[], str]:
    return lambda: f"line {tokens.line(block.place)} of {tokens.name}"


def _at(body: Tokens, key: str) -> Tokens | None:
    """The tokens behind the bracket that opens the value of a key, as in ``key = ( ...``; ``None`` without it."""
    while (token := body.take()).kind != "end":
        if token.keyword.rstrip("=") == key:
            following = body.take()
            if following.text == "=" and following.kind == "word":
                following = body.take()
            if following.is_sign("("):
                return body
            body.back_to(following)
    return None


def _numbers(body: Tokens) -> list[float]:
    """The numbers of a row, up to the next row or property."""
    numbers, following = body.numbers(), body.take()
    body.back_to(following)
    if following.is_name and following.keyword.rstrip(":") not in ("property", "default", "table"):
        body.refuse(following.place, f"has {following.text[:40]!r} where a number of a table was expected")
    return numbers


def _names(body: Tokens, closing: str) -> tuple[str, ...]:
    names = []
    while not (token := body.take()).is_sign(closing):
        if not token.is_name:
            body.refuse(token.place, f"has something else than names before its {closing!r}")
        names.append(token.text)
    return tuple(names)
