"""The formats that networks are read from, in one place: what they are called, how files end, how texts begin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from sirenvae.graphs.files.bif import parse_bif
from sirenvae.graphs.files.dot import parse_dot
from sirenvae.graphs.files.dsc import parse_dsc
from sirenvae.graphs.files.edge_list import parse_csv
from sirenvae.graphs.files.graphml import parse_graphml
from sirenvae.graphs.files.hugin import parse_hugin
from sirenvae.graphs.files.network_json import parse_json
from sirenvae.graphs.files.xdsl import parse_xdsl
from sirenvae.graphs.network import BayesianNetwork

_JSON = r'\{\s*+(?:"(?:[^"\\]|\\.)*+"\s*+:|\})|\[\s*+[\[{"\]\d-]'
_BIF = r'(?:network\s++(?:"[^"]*+"|[^\s{]++)?\s*+|variable\s++(?:"[^"]*+"|[^\s{]++)\s*+)\{'


class Format(NamedTuple):
    """One format.

    Attributes:
        title: What it is called.
        suffixes: How its files end.
        parse: From text and a name to the network.
        begins: How a text begins that is of this format and of no other, behind blanks and comments; ``None`` if any
            text may be of it.
    """

    title: str
    suffixes: tuple[str, ...]
    parse: Callable[[str, str], BayesianNetwork]
    begins: str | None


FORMATS = (
    Format("JSON", (".json",), parse_json, _JSON),
    Format("BIF", (".bif",), parse_bif, _BIF),
    Format("XMLBIF", (".xml", ".xbif"), parse_bif, r"<(?:[\w.]++:)?bif\b"),
    Format("Hugin's NET", (".net",), parse_hugin, r"(?:net|class\s++\w++)\s*+\{"),
    Format("Microsoft's DSC", (".dsc",), parse_dsc, r"belief\s++network\b"),
    Format("GeNIe's XDSL", (".xdsl",), parse_xdsl, r"<smile\b"),
    Format("GraphML", (".graphml",), parse_graphml, r"<(?:[\w.]++:)?graphml\b"),
    Format("DOT", (".dot", ".gv"), parse_dot, r"(?:strict\s++)?(?:di)?graph\b[^{\n]*+\{"),
    Format("DAGitty", (".dagitty",), parse_dot, r"(?:p?dag|[mp]ag)\b[^{\n]*+\{"),
    Format("a table of edges", (".csv", ".tsv"), parse_csv, None),
    Format("lines with arrows", (".txt",), parse_dot, None),
)
UNREAD = (  # what is recognized, and said by name where a file is refused
    ("UAI, whose variables have no names", r"(?:BAYES|MARKOV)\s++\d"),
    ("GML; save it as GraphML", r"(?:Creator\b[^\n]*+\s*+)?graph\s*+\["),
    ("GEXF; save it as GraphML", r"<gexf\b"),
    ("Pajek; save it as GraphML", r"\*Vertices\b"),
    ("a web page", r"<(?:!DOCTYPE\s++)?html\b"),
)
SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}

_HEAD = 20_000  # characters that are looked at
_BEFORE = re.compile(
    r"(?:\s++|//[^\n]*+|/\*.*?\*/|\#[^\n]*+|%[^\n]*+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s++(?!html)[^\[>]*+(?:\[.*?\]\s*+)?>)*+",
    re.DOTALL,
)
_ARROW = re.compile(r"->|<-|--|→|←")


def recognized(text: str) -> Format | str | None:
    """The format that a text must be of: in words if it is one that is not read, ``None`` if none stands out."""
    head = text[:_HEAD]
    start = _BEFORE.match(head).end()
    for form in FORMATS:
        if form.begins and re.compile(form.begins, re.IGNORECASE).match(head, start):
            return form
    return next((words for words, begins in UNREAD if re.compile(begins, re.IGNORECASE).match(head, start)), None)


def guessed(text: str) -> Format | None:
    """Beyond that: text with arrows, or with a delimiter in its first line."""
    if _ARROW.search(text):
        return BY_SUFFIX[".txt"]
    first = text[_BEFORE.match(text[:_HEAD]).end() :].partition("\n")[0]
    return BY_SUFFIX[".csv"] if any(sign in first for sign in ",;\t") else None
