"""What BIF, Hugin and DSC have in common: blocks ``keyword head { body }``, of which only the head is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sirenvae.graphs.files.families import Families
from sirenvae.graphs.files.tokens import Token, Tokens
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
        skipped: Keywords of blocks that say nothing about variables.
        prefixes: Words that may stand in front of `variable`, such as ``continuous``.
        refused: Keywords of blocks that no Bayesian network has, and how a sentence about them goes on.
        bar_counts: Whether exactly one name stands in front of ``|``; else ``|`` is a blank and the first name is the
            child.
    """

    title: str
    variable: str
    family: str
    skipped: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    bar_counts: bool = True


def read_blocks(tokens: Tokens, dialect: Dialect) -> BayesianNetwork:
    """The structure that the blocks of a text declare.

    Raises:
        InputError: If a block is cut off, not one of the dialect's, or does not fit the others.
    """
    families = Families(tokens.name, f"'{dialect.variable}' block", f"'{dialect.family}' block", tokens.line)
    while (block := tokens.take()).kind != "end":
        if block.keyword == dialect.variable:
            families.declare(_variable(tokens, block), block.place)
        elif block.keyword == dialect.family:
            child, *parents = _family(tokens, block, dialect)
            families.add(child, parents, block.place)
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


def _variable(tokens: Tokens, block: Token) -> str:
    """The name that the head of a block declares."""
    name = tokens.take()
    if not (name.is_name and tokens.take().is_sign("{")):
        meant = tokens.text[block.place + len(block.text) : tokens.text.find("{", block.place)].strip()
        reason = f"has no single name between {block.text!r} and '{{': {_QUOTES}"
        if 0 < len(meant) < 60 and not _BREAKING.search(meant):
            reason = f'has a name with blanks or brackets: put it into quotes, {block.text} "{meant}" {{'
        tokens.refuse(block.place, reason)
    tokens.skip_body(block)
    return name.text


def _family(tokens: Tokens, block: Token, dialect: Dialect) -> list[str]:
    """The child and behind it the parents that the head of a block names."""
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
    tokens.skip_body(block)
    return names


def _skip(tokens: Tokens, block: Token) -> None:
    token = tokens.take()
    if token.is_name:
        token = tokens.take()
    if not token.is_sign("{"):
        tokens.refuse(block.place, f"has no single name between {block.text!r} and '{{': {_QUOTES}")
    tokens.skip_body(block)
