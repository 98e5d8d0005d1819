"""The networks that come with the package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import networkx as nx
import numpy as np

from sirenvae.errors import InputError
from sirenvae.graphs.catalogue.discrete import DISCRETE, about_discrete, discrete_names, load_discrete
from sirenvae.graphs.catalogue.generated import generate_network, generated_of
from sirenvae.graphs.catalogue.nonlinear import circuit, tanh_network
from sirenvae.graphs.catalogue.plated import gaussian_mixture_network, mixture_size
from sirenvae.graphs.conditionals import LinearGaussian
from sirenvae.graphs.files import parse_json
from sirenvae.graphs.network import BayesianNetwork

# Teaching networks: variable -> (intercept, {parent: slope}, variance). The order is the declared order.
# The graph of student is that of Webb et al., Faithful Inversion (2018), Figure 3; its numbers are ours.
_TEACHING = {
    "student": {
        "D": (0.0, {}, 1.0),
        "I": (0.0, {}, 1.0),
        "G": (0.5, {"D": -0.8, "I": 0.9}, 0.4),
        "S": (0.0, {"I": 1.1}, 0.5),
        "L": (0.2, {"G": 1.2}, 0.3),
        "J": (0.0, {"L": 0.7, "S": 0.6}, 0.3),
        "H": (1.0, {"G": 0.5, "J": 0.8}, 0.3),
    },
    "chain": {
        "a": (0.0, {}, 1.0),
        "b": (0.0, {"a": 0.9}, 0.4),
        "c": (0.0, {"b": 0.9}, 0.4),
        "x": (0.0, {"c": 0.9}, 0.4),
    },
    "fork": {
        "z": (0.0, {}, 1.0),
        "x1": (0.0, {"z": 1.0}, 0.3),
        "x2": (0.0, {"z": -0.8}, 0.3),
        "x3": (1.0, {"z": 0.6}, 0.3),
    },
    "collider": {
        "a": (0.0, {}, 1.0),
        "b": (0.0, {}, 1.0),
        "c": (0.0, {"a": 1.0, "b": 1.0}, 0.2),
    },
    "greenhouse": {
        "Sun": (0.0, {}, 1.0),
        "Rain": (0.0, {}, 1.0),
        "Heat": (0.0, {"Sun": 0.9}, 0.3),
        "Soil": (0.0, {"Rain": 1.0, "Heat": -0.6}, 0.4),
        "Leaf": (0.0, {"Sun": 0.7, "Soil": 0.8}, 0.4),
        "Gauge": (18.0, {"Heat": 3.0}, 1.0),
        "Size": (40.0, {"Leaf": 6.0}, 4.0),
        "Yield": (5.0, {"Leaf": 0.8, "Soil": 0.5}, 0.2),
    },
}
_OBSERVED = {"student": ("J", "H")}
_SHIPPED = ("ecoli70", "magic-niab", "magic-irri", "arth150")
_TREES = ("binary-tree-3", "binary-tree-4", "binary-tree-5")
_NONLINEAR = ("circuit", "tree-tanh-4", "ecoli70-tanh")
_MAX_TREE_DEPTH = 12

_ABOUT = {
    "student": "A student's grade, letter and job: the running example of the inversion paper.",
    "chain": "Three latents in a row; only the last variable is seen.",
    "fork": "One hidden cause, three noisy readings of it.",
    "collider": "Two independent causes of one effect: seeing the effect makes them dependent.",
    "greenhouse": "Sun and rain act on a plant through heat, soil and leaf; three instruments are read.",
    "ecoli70": "46 genes of E. coli under stress, linear Gaussian, learned from microarray data.",
    "magic-niab": "44 traits and markers of winter wheat (NIAB), linear Gaussian.",
    "magic-irri": "64 traits and markers of rice (IRRI), linear Gaussian.",
    "arth150": "107 genes of Arabidopsis thaliana, linear Gaussian.",
    "circuit": "An arithmetic circuit: inputs are added and multiplied; one reading has two humps, one heavy tails.",
    "ecoli70-tanh": "The graph of ecoli70 with means that saturate: most variables are skewed or have two humps.",
}


def network_names() -> list[str]:
    """The names that :func:`load_network` offers.

    Any ``binary-tree-D``, ``drawn-tree-D-SEED`` or ``tree-tanh-D`` (D from 2 to 12), ``gaussian-mixture-N`` (N from 2
    to 1000) and what :func:`generate_network` makes are found too. The discrete ones are named where pgmpy is
    installed, which brings them.
    """
    return [*_TEACHING, *_TREES, *_SHIPPED, *_NONLINEAR, *discrete_names()]


def about_network(name: str) -> str:
    """One sentence about a named network."""
    tree = _tree_depth(name)
    if tree is not None:
        return f"A binary tree with {tree} levels of Gaussian variables; the leaves are seen."
    tree = _tree_depth(name, "tree-tanh")
    if tree is not None:
        return f"A binary tree with {tree} levels whose means saturate; the leaves are seen, and have two humps."
    if (num_data := mixture_size(name)) is not None:
        return f"A Bayesian mixture of normal distributions, {num_data} data in a plate: a structure without numbers."
    if name.startswith("drawn-tree-"):
        return "A binary tree of Gaussian variables with drawn coefficients and offsets; the leaves are seen."
    if (asked := generated_of(name)) is not None:
        return f"{asked.title}, seed {asked.seed}; the leaves are seen."
    return about_discrete(name) if name in DISCRETE else _ABOUT[name]


@lru_cache(maxsize=64)
def load_network(name: str) -> BayesianNetwork:
    """Load a named network, with conditionals: linear Gaussian but for ``circuit``, ``tree-tanh-D``, ``ecoli70-tanh``.

    ``gaussian-mixture-N`` alone is a bare structure, with a plate of N data.
    ``asia``, ``sachs``, ``alarm``, ``insurance`` and others of :data:`~sirenvae.graphs.catalogue.discrete.DISCRETE`
    have tables over states, from the files that come with pgmpy; nothing is fetched.

    Arguments:
        name: One of :func:`network_names`, or ``binary-tree-D``, ``tree-tanh-D``, ``drawn-tree-D-SEED`` (a binary tree
            with coefficients and offsets drawn between .5 and 2), or the name of a generated network, such as
            ``random-dag-20-2-7``.

    Raises:
        InputError: If there is no such network, or pgmpy is missing and it is one of its.

    Example:
        >>> load_network("ecoli70")
        BayesianNetwork('ecoli70': 46 variables, 70 edges, 24 observed)
    """
    if name in _TEACHING:
        return _from_table(name, _TEACHING[name], _OBSERVED.get(name))
    if name in _SHIPPED:
        text = files("sirenvae.data").joinpath("networks", f"{name}.json").read_text(encoding="utf-8")
        return parse_json(text, name=name)
    if (num_data := mixture_size(name)) is not None:
        return gaussian_mixture_network(num_data)
    if (asked := generated_of(name)) is not None:
        return generate_network(asked.kind, asked.num_variables, asked.parents, asked.seed)
    if name in DISCRETE:
        return load_discrete(name)
    if name == "circuit":
        return circuit(name)
    if name == "ecoli70-tanh":
        return tanh_network(load_network("ecoli70"), name)
    if (depth := _tree_depth(name, "tree-tanh")) is not None:
        return tanh_network(load_network(f"binary-tree-{depth}"), name)
    if (drawn := re.fullmatch(r"drawn-tree-(\d{1,2})-(\d{1,4})", name)) and 2 <= int(drawn[1]) <= _MAX_TREE_DEPTH:
        return _from_table(name, _drawn_tree(int(drawn[1]), int(drawn[2])))
    if (depth := _tree_depth(name)) is None:
        raise InputError(f"There is no network called {name!r}; there are {', '.join(network_names())}.")
    return _from_table(name, _binary_tree(depth))


def _tree_depth(name: str, kind: str = "binary-tree") -> int | None:
    match = re.fullmatch(kind + r"-(\d{1,2})", name)
    depth = int(match[1]) if match else 0
    return depth if 2 <= depth <= _MAX_TREE_DEPTH else None


def _binary_tree(depth: int) -> dict:
    """Levels of a complete binary tree, root first; every child is its parent plus standard normal noise.

    Webb et al., Faithful Inversion (2018), section 3.2 and Figure 5a, whose depth counts levels; the numbers are ours.
    """
    size = 2**depth - 1
    return {f"v{i}": (0.0, {f"v{(i - 1) // 2}": 1.0} if i else {}, 1.0) for i in range(size)}


def _drawn_tree(depth: int, seed: int) -> dict:
    """The same tree with coefficients and offsets between .5 and 2, drawn from a seed; the root is standard normal."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(0.5, 2.0, (2**depth - 1, 2)).tolist()
    return {
        v: (offset if slopes else 0.0, dict.fromkeys(slopes, slope), variance)
        for (v, (_, slopes, variance)), (offset, slope) in zip(_binary_tree(depth).items(), drawn, strict=True)
    }


def _from_table(name: str, table: Mapping[str, tuple], observed=None) -> BayesianNetwork:
    dag = nx.DiGraph()
    dag.add_nodes_from(table)
    dag.add_edges_from((parent, v) for v, (_, slopes, _) in table.items() for parent in slopes)
    conditionals = {v: LinearGaussian(*numbers) for v, numbers in table.items()}
    return BayesianNetwork(dag, observed, conditionals, name=name)
