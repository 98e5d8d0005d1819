"""Random networks that a name describes completely, so that a link or a line of code makes the same one again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral

import networkx as nx
import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import LinearGaussian
from sirenvae.graphs.network import BayesianNetwork

KINDS = {
    "random-dag": "Random DAG: edges between random pairs, from the variable with the smaller number to the other.",
    "layered": "Layered: rows of variables, each with parents in the row above it alone.",
    "random-tree": "Tree: every variable but the first has one random parent among those before it.",
    "random-chain": "Chain: every variable but the first has the one before it as its parent; only the last is seen.",
}
WITH_PARENTS = ("random-dag", "layered")  # the kinds for which the number of parents can be chosen
MAX_VARIABLES, MAX_PARENTS, MAX_SEED = 1000, 8, 9999
_EXPLAINED = (0.5, 0.9)  # the share of a variable's variance that its parents explain, drawn between these
_DIGITS = 3

Edges = list[tuple[int, int]]


@dataclass(frozen=True)
class Generated:
    """What a generated network's name says.

    Arguments:
        kind: One of :data:`KINDS`.
        num_variables: From 2 to 1000.
        parents: Parents of a variable on average, from 1 to 8; 1 for a tree or a chain.
        seed: From 0 to 9999.

    Raises:
        InputError: If a value is out of its range, or there are too few variables for so many parents.

    Example:
        >>> Generated("layered", 20, 2, 7).name
        'layered-20-2-7'
    """

    kind: str = "random-dag"
    num_variables: int = 20
    parents: int = 2
    seed: int = 1

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"Networks of the kind {self.kind!r} cannot be generated; there are {', '.join(KINDS)}.")
        ranges = {
            "number of variables": (self.num_variables, 2, MAX_VARIABLES),
            "average number of parents": (self.parents, 1, MAX_PARENTS),
            "seed": (self.seed, 0, MAX_SEED),
        }
        for words, (value, least, most) in ranges.items():
            if not isinstance(value, Integral) or not least <= value <= most:
                raise InputError(f"The {words} is a whole number from {least} to {most}, but {value} came.")
        if self.kind not in WITH_PARENTS and self.parents != 1:
            raise InputError(f"A {self.kind} has one parent per variable, but {self.parents} were asked for.")
        if self.kind == "random-dag" and 2 * self.parents > self.num_variables - 1:
            raise InputError(
                f"{self.num_variables} variables can have {(self.num_variables - 1) / 2:g} parents on average at most, "
                f"but {self.parents} were asked for."
            )

    @property
    def name(self) -> str:
        """The network's name, which :func:`generated_of` reads back."""
        numbers = [self.num_variables, *([self.parents] if self.kind in WITH_PARENTS else []), self.seed]
        return "-".join([self.kind, *map(str, numbers)])

    @property
    def title(self) -> str:
        """What the network is, in a few words."""
        size = f"{self.num_variables} variables"
        if self.kind not in WITH_PARENTS:
            return f"A {self.kind.replace('-', ' ')} of {size}"
        parents = f"{self.parents} parent{'' if self.parents == 1 else 's'} each on average"
        return f"A {'random DAG' if self.kind == 'random-dag' else 'layered network'} of {size} with {parents}"


def generated_of(name: str) -> Generated | None:
    """What a name such as ``random-dag-20-2-7`` or ``random-tree-20-7`` stands for, or ``None``.

    Raises:
        InputError: If the name has that form, but a number in it is out of its range.
    """
    match = re.fullmatch(rf"({'|'.join(KINDS)})((?:-\d{{1,6}})+)", name)
    if match is None:
        return None
    kind, numbers = match[1], [int(text) for text in match[2][1:].split("-")]
    if len(numbers) != (3 if kind in WITH_PARENTS else 2):
        return None
    return Generated(kind, numbers[0], numbers[1] if kind in WITH_PARENTS else 1, numbers[-1])


def generate_network(
    kind: str = "random-dag", num_variables: int = 20, parents: int = 2, seed: int = 1
) -> BayesianNetwork:
    r"""A random linear-Gaussian network; the same arguments give the same network everywhere.

    Every variable has mean 0 and variance 1, whatever the size of the network, so that it can be learnt from data:

    .. math::
        v_i = \sum_{p \in \mathrm{pa}(i)} b_{ip}\, v_p + \varepsilon_i, \qquad
        \mathrm{Var}\Big(\sum_p b_{ip}\, v_p\Big) = s_i \sim U(0.5,\ 0.9), \quad \mathrm{Var}(\varepsilon_i) = 1 - s_i

    Arguments:
        kind: One of :data:`KINDS`.
        num_variables: From 2 to 1000, called v1, v2, ...; the leaves are observed.
        parents: Parents of a variable on average, from 1 to 8; trees and chains have one whatever is asked for. A
            random DAG has exactly `num_variables * parents` edges, and no variable without an edge. In a layered
            network the average is over all below the first layer.
        seed: From 0 to 9999.

    Returns:
        The network, under the name that :func:`load_network` makes it again from.

    Raises:
        InputError: If an argument is out of its range.

    Example:
        >>> network = generate_network("random-dag", 8, 1, seed=3)
        >>> network
        BayesianNetwork('random-dag-8-1-3': 8 variables, 8 edges, 2 observed)
    """
    asked = Generated(kind, num_variables, parents if kind in WITH_PARENTS else 1, seed)
    draw = np.random.default_rng([seed, num_variables, asked.parents])
    edges = _EDGES[kind](asked, draw)
    dag = nx.DiGraph()
    dag.add_nodes_from(f"v{i + 1}" for i in range(num_variables))
    dag.add_edges_from((f"v{i + 1}", f"v{j + 1}") for i, j in sorted(edges))
    return BayesianNetwork(dag, None, _conditionals(num_variables, edges, draw), name=asked.name)


def _random_dag(asked: Generated, draw: np.random.Generator) -> Edges:
    """As many random pairs as there should be edges, those first that leave no variable alone."""
    size, wanted = asked.num_variables, asked.num_variables * asked.parents
    edges: dict[tuple[int, int], None] = {}
    alone = set(range(size))

    def join(a: int, b: int) -> None:
        if a != b:
            edges[min(a, b), max(a, b)] = None
            alone.difference_update((a, b))

    for v in draw.permutation(size).tolist():
        while v in alone:
            join(v, int(draw.integers(size)))
    while len(edges) < wanted:
        join(*draw.integers(size, size=2).tolist())
    return list(edges)


def _layered(asked: Generated, draw: np.random.Generator) -> Edges:
    """About as many layers as a layer has variables, but no fewer variables in one than a variable has parents."""
    size, parents = asked.num_variables, asked.parents
    layers = max(2, min(round(size**0.5), size // parents))
    starts = [round(size * layer / layers) for layer in range(layers + 1)]
    edges = []
    for (top, start), (_, end) in pairwise(pairwise(starts)):
        for child in range(start, end):
            # One parent more or fewer than asked for, or as many as asked for: the average stays.
            count = parents + (int(draw.integers(-1, 2)) if 1 < parents < start - top else 0)
            above = draw.choice(np.arange(top, start), size=min(count, start - top), replace=False)
            edges += [(parent, child) for parent in above.tolist()]
    return edges


def _tree(asked: Generated, draw: np.random.Generator) -> Edges:
    return [(int(draw.integers(child)), child) for child in range(1, asked.num_variables)]


def _chain(asked: Generated, draw: np.random.Generator) -> Edges:
    return list(pairwise(range(asked.num_variables)))


_EDGES: dict[str, Callable[[Generated, np.random.Generator], Edges]] = {
    "random-dag": _random_dag,
    "layered": _layered,
    "random-tree": _tree,
    "random-chain": _chain,
}


def _conditionals(size: int, edges: Edges, draw: np.random.Generator) -> dict[str, LinearGaussian]:
    """Slopes of random sign, scaled by the covariance so far; the noise fills each variance up to 1."""
    parents_of: list[list[int]] = [[] for _ in range(size)]
    for parent, child in sorted(edges):
        parents_of[child].append(parent)
    covariance, conditionals = np.eye(size), {}
    for v, parents in enumerate(parents_of):
        slopes = draw.choice([-1.0, 1.0], size=len(parents)) * draw.uniform(0.5, 1.0, size=len(parents))
        share = draw.uniform(*_EXPLAINED) if parents else 0.0
        spread = float(slopes @ covariance[np.ix_(parents, parents)] @ slopes)
        # Parents that all but cancel get no huge slopes: what they do not explain is noise.
        slopes = np.round(slopes * min(np.sqrt(share / spread), 2.0) if parents else slopes, _DIGITS)
        explained = float(slopes @ covariance[np.ix_(parents, parents)] @ slopes)
        variance = round(1 - explained, _DIGITS)
        covariance[v, :v] = covariance[:v, v] = slopes @ covariance[parents, :v]
        covariance[v, v] = explained + variance
        named = {f"v{p + 1}": float(slope) for p, slope in zip(parents, slopes, strict=True)}
        conditionals[f"v{v + 1}"] = LinearGaussian(0.0, named, variance)
    return conditionals
