"""What BIF, Hugin and DSC have in common: blocks ``keyword head { body }``, with states and tables in the bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sirenvae.graphs.files.families import Families
from sirenvae.graphs.files.table_text import TableReader
from sirenvae.graphs.files.tokens import Span, Token, Tokens
from sirenvae.graphs.network import BayesianNetwork

_MOST_NAMES = 10_000  # of one head
_BREAKING = re.compile(r"[\"\r\n{};]")
_QUOTES = 'put a name with blanks, brackets or commas into quotes, as in "load (kN)"'


@dataclass(frozen=True)
class Dialect:
    """How a format says it.

    Attributes:
        title: The name of the format.
        variable: The keyword of a block that declares a variable.
        family: The keyword of a block that gives a variable its parents, in round brackets.
        states: Reads the body of a variable, see :mod:`~sirenvae.graphs.files.table_text`.
        table: Reads the body of a family.
        skipped: Keywords of blocks that say nothing about variables.
        prefixes: Words that may stand in front of `variable`, such as ``continuous``.
        refused: Keywords of blocks that no Bayesian network has, and how a sentence about them goes on.
        bar_counts: Whether exactly one name stands in front of ``|``; else ``|`` is a blank and the first name is the
            child.
    """

    title: str
    variable: str
    family: str
    states: Callable[[Tokens, Span], Callable]
    table: Callable[..., TableReader]
    skipped: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    bar_counts: bool = True


def read_blocks(tokens: Tokens, dialect: Dialect) -> BayesianNetwork:
    """The network that the blocks of a text declare, with tables if there are all of them.

    Raises:
        InputError: If a block is cut off, not one of the dialect's, or does not fit the others.
    """
    families = Families(tokens.name, f"'{dialect.variable}' block", f"'{dialect.family}' block", tokens.line)
    while (block := tokens.take()).kind != "end":
        if block.keyword == dialect.variable:
            name, body = _variable(tokens, block)
            families.declare(name, block.place, dialect.states(tokens, body))
        elif block.keyword == dialect.family:
            family, body = _family(tokens, block, dialect)
            families.add(family[0], family[1:], block.place, dialect.table(tokens, body, family, block))
        elif block.keyword == "property":
            tokens.skip_property(block.place)
        elif block.keyword in dialect.skipped:
            _skip(tokens, block)
        elif block.keyword in dialect.refused:
            tokens.refuse(block.place, dialect.refused[block.keyword])
        elif block.keyword not in dialect.prefixes:
            others = ", ".join(sorted({dialect.family, *dialect.skipped, *dialect.prefixes}))
            tokens.refuse(
                block.place, f"starts no '{dialect.variable}' block and no other that {dialect.title} has ({others})"
            )
    return families.network()


def _variable(tokens: Tokens, block: Token) -> tuple[str, Span]:
    """The name that the head of a block declares, and where its body is."""
    name = tokens.take()
    if not (name.is_name and tokens.take().is_sign("{")):
        meant = tokens.text[block.place + len(block.text) : tokens.text.find("{", block.place)].strip()
        reason = f"has no single name between {block.text!r} and '{{': {_QUOTES}"
        if 0 < len(meant) < 60 and not _BREAKING.search(meant):
            reason = f'has a name with blanks or brackets: put it into quotes, {block.text} "{meant}" {{'
        tokens.refuse(block.place, reason)
    return name.text, tokens.skip_body(block)


def _family(tokens: Tokens, block: Token, dialect: Dialect) -> tuple[list[str], Span]:
    """The child and behind it the parents that the head of a block names, and where its body is."""
    if not tokens.take().is_sign("("):
        tokens.refuse(block.place, f"has no '(' behind {block.text!r}: write '{block.text} ( child | parents )'")
    names, bars = [], []
    while not (token := tokens.take()).is_sign(")"):
        if not (token.is_name or token.is_sign("|")) or len(names) > _MOST_NAMES:
            tokens.refuse(block.place, f"has names that cannot be told apart or too many: {_QUOTES}")
        if token.is_name:
            names.append(token.text)
        else:
            bars.append(len(names))
    if not names or (dialect.bar_counts and (bars or [len(names)]) != [1]):
        tokens.refuse(block.place, f"does not name one child: write '{block.text} ( child | parents )'")
    if not tokens.take().is_sign("{"):
        tokens.refuse(block.place, f"has no '{{' behind its ')': {_QUOTES}")
    return names, tokens.skip_body(block)


def _skip(tokens: Tokens, block: Token) -> None:
    token = tokens.take()
    if token.is_name:
        token = tokens.take()
    if not token.is_sign("{"):
        tokens.refuse(block.place, f"has no single name between {block.text!r} and '{{': {_QUOTES}")
    tokens.skip_body(block)
