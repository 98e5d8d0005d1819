"""Statements with arrows: ``a -> b -> c``, ``a <- b``, ``{a b} -> c`` and variables with attributes in brackets."""

from __future__ import annotations

from dataclasses import dataclass, field

from sirenvae.graphs.files.arrow_tokens import Token, Tokens
from sirenvae.graphs.files.drafting import check_size
from sirenvae.graphs.quoting import shown

_DEEPEST = 20  # groups in groups
_DEFAULTS = frozenset({"graph", "node", "edge"})
_NO_DIRECTION = "a Bayesian network needs to know which of two variables is the parent"


@dataclass
class Statements:
    """What statements said.

    Attributes:
        variables: In the order in which they came, with the attributes of each.
        edges: Parent and child.
        edge_attributes: The names of attributes of edges.
    """

    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    edge_attributes: dict[str, None] = field(default_factory=dict)


class ArrowReader:
    """Reads statements from tokens up to the brace that closes their group, or to the end.

    Arguments:
        tokens: Of the text.
        dialect: ``"dot"`` (ports behind names, defaults for nodes and edges), ``"dagitty"``, or ``"text"``: statements
            end with their line, and names that are not in quotes have no blank.
    """

    def __init__(self, tokens: Tokens, dialect: str):
        self.tokens, self.dialect = tokens, dialect
        self.found = Statements()
        self._after_comma = False

    def statements(self, depth: int = 0) -> dict[str, None]:
        """Read on until the group is closed; the names that occur in it, in their order."""
        tokens, names = self.tokens, {}
        while (token := tokens.next).kind != "end" and not token.is_sign("}"):
            if token.kind == "line" or token.is_sign(";"):
                tokens.take()
            else:
                names |= self._statement(depth)
                check_size(len(self.found.variables), "variables", tokens.name)
        return names

    def _statement(self, depth: int) -> dict[str, None]:
        tokens, first = self.tokens, self.tokens.next
        group = self._operand(depth)
        if group is None:
            return {}
        names, steps = dict(group), []
        while tokens.next.kind == "arrow":
            arrow = tokens.take()
            while tokens.next.kind == "line":
                tokens.take()
            child = self._operand(depth)
            self._check_arrow(arrow, group, child)
            steps.append((arrow, group, child) if arrow.text == "->" else (arrow, child, group))
            names |= child
            group = child
        attributes = self._attributes() if tokens.next.is_sign("[") else {}
        if not steps:
            for name in group:
                self.found.variables[name] |= attributes
        self._add(steps, attributes)
        if self.dialect == "text" and not depth:
            self._check_end(first, bool(steps))
        return names

    def _operand(self, depth: int) -> dict[str, None] | None:
        """A name or a group in braces; ``None`` if it was a setting, which says nothing of variables."""
        tokens, token = self.tokens, self.tokens.take()
        if token.kind == "word" and token.text.lower() == "subgraph" and self.dialect == "dot":
            if tokens.next.kind in ("word", "quoted"):
                tokens.take()
            token = tokens.take()
        if token.is_sign("{"):
            if depth >= _DEEPEST:
                tokens.refuse(token, f"nests more than {_DEEPEST} groups in braces")
            names = self.statements(depth + 1)
            if not tokens.take().is_sign("}"):
                tokens.refuse(token, "opens a group that is never closed: a '}' is missing")
            return names
        if token.kind not in ("word", "quoted"):
            came = {"end": "the end", "line": "the end of the line"}.get(token.kind, repr(shown(token.text)))
            tokens.refuse(token, f"has {came} where the name of a variable was expected")
        return self._named(token)

    def _named(self, token: Token) -> dict[str, None] | None:
        tokens, name = self.tokens, token.text
        if self.dialect == "dot" and token.kind == "word":
            if name.lower() in _DEFAULTS and tokens.next.is_sign("["):
                self._check_drawn(token, self._attributes())
                return None
            name = name.split(":")[0] or name
        if self.dialect == "dot" and tokens.next.kind == "word" and tokens.next.text.startswith(":"):
            tokens.take()  # the port of a name in quotes
        if self._is_value_next():
            if self.dialect == "text":
                tokens.refuse(token, "has '=' where an arrow or the end of the line was expected")
            self._value()
            return None
        self.found.variables.setdefault(name, {})
        return {name: None}

    def _is_value_next(self) -> bool:
        return self.tokens.next.kind == "html" or self.tokens.next.is_sign("=")

    def _value(self) -> str:
        """What stands behind an equals sign."""
        sign = self.tokens.take()
        if sign.kind == "html":
            return sign.text
        value = self.tokens.take()
        if value.kind not in ("word", "quoted"):
            self.tokens.refuse(sign, "has '=' without a value behind it")
        return value.text

    def _attributes(self) -> dict[str, str]:
        """The attributes in brackets; one without a value is ``"true"``."""
        tokens, attributes = self.tokens, {}
        opening = tokens.take()
        while not (token := tokens.take()).is_sign("]"):
            if token.kind in ("word", "quoted"):
                attributes[token.text.lower()] = self._value() if self._is_value_next() else "true"
            elif token.kind != "line" and not token.is_sign(",;"):
                tokens.refuse(opening, "opens attributes with '[' that no ']' closes")
        if tokens.next.is_sign("["):
            tokens.refuse(tokens.next, "has a second list of attributes; put all into one")
        return attributes

    def _check_arrow(self, arrow: Token, parents: dict, children: dict | None) -> None:
        if not parents or not children:
            self.tokens.refuse(arrow, f"has {arrow.text!r} beside a group without names, or beside a setting")
        if arrow.text in ("->", "<-"):
            return
        pair = f"{shown(next(iter(parents)))} {arrow.text} {shown(next(iter(children)))}"
        if arrow.text == "--":
            self.tokens.refuse(arrow, f"has an edge without a direction, {pair}; {_NO_DIRECTION}")
        self.tokens.refuse(
            arrow,
            f"has an edge in both directions, {pair}; {_NO_DIRECTION}, and a common cause that is not seen is a latent "
            "variable with an edge to both",
        )

    def _check_end(self, first: Token, is_edge: bool) -> None:
        """In pasted text one statement ends before the next begins, and a comma stands between edges alone."""
        tokens = self.tokens
        if self._after_comma and not is_edge:
            tokens.refuse(
                first, f"has {shown(first.text)!r} alone behind a comma; write a -> {{b c}} for several children"
            )
        self._after_comma = tokens.next.is_sign(",") and is_edge
        if self._after_comma:
            tokens.take()
        elif tokens.next.kind not in ("line", "end") and not tokens.next.is_sign(";}"):
            came = f"{shown(tokens.next.text)!r} behind {shown(first.text)!r}"
            tokens.refuse(tokens.next, f"has {came} where an arrow or the end of the line was expected; a name with a "
                          'blank stands in quotes')  # fmt: skip

    def _check_drawn(self, token: Token, attributes: dict[str, str]) -> None:
        direction = attributes.get("dir", "forward").lower()
        if direction != "forward":
            self.tokens.refuse(
                token, f"has an edge that is drawn with dir={shown(direction)}; draw it from parent to child"
            )

    def _add(self, steps: list, attributes: dict[str, str]) -> None:
        found = self.found
        for arrow, parents, children in steps:
            check_size(len(found.edges) + len(parents) * len(children), "edges", self.tokens.name)
            self._check_drawn(arrow, attributes)
            found.edges += [(parent, child) for parent in parents for child in children]
        if steps:
            found.edge_attributes |= dict.fromkeys(attributes)
