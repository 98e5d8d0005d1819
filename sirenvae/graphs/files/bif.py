"""Bayesian Interchange Format."""

from __future__ import annotations

import re

from sirenvae.errors import InputError
from sirenvae.graphs.files.digraph import digraph
from sirenvae.graphs.network import BayesianNetwork


def parse_bif(text: str, name: str) -> BayesianNetwork:
    """The structure of a Bayesian Interchange Format file; its tables are not read."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    nodes = [_unquote(v) for v in re.findall(r'\bvariable\s+("[^"]*"|[^\s{]+)', text)]
    arcs = []
    for scope in re.findall(r"\bprobability\s*\(([^)]*)\)", text):
        child, _, parents = scope.partition("|")
        arcs += [(_unquote(parent), _unquote(child)) for parent in parents.split(",") if parent.strip()]
    if not nodes:
        raise InputError(f"{name} has no 'variable' block; a BIF file has one for each variable.")
    return BayesianNetwork(digraph(arcs, nodes), name=name)


def _unquote(token: str) -> str:
    return token.strip().strip('"')
