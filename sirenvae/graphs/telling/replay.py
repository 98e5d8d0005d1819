"""An inversion at step k: the graphs as far as they are built, and as files."""

from __future__ import annotations

import json
from dataclasses import dataclass

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs.files.export import graph_to_graphml
from sirenvae.graphs.files.names import name_to_json
from sirenvae.graphs.inversion import Inverse, PruningStep
from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.moral import moralizing_edges
from sirenvae.graphs.network import BayesianNetwork
from sirenvae.graphs.telling.words import explain


@dataclass(frozen=True)
class StepGraphs:
    """The graphs of an inversion after some steps.

    Attributes:
        step: How many steps were made.
        induced: The moral graph and the fill edges so far; each edge has a `kind`, ``"network"``, ``"moral"`` or
            ``"fill"``.
        inverse: The inverse so far. In both graphs each variable has a `role`, ``"observed"``, ``"latent"`` or
            ``"eliminated"``.
    """

    step: int
    induced: nx.Graph
    inverse: nx.DiGraph


def graphs_at(network: BayesianNetwork, inverse: Inverse, step: int) -> StepGraphs:
    """The graphs after `step` steps of an inversion.

    Arguments:
        network, inverse: The network and its inverse.
        step: From 0 to ``len(inverse.steps)``; of a rule without steps the inverse is finished at 0.

    Returns:
        The graphs, new ones at every call.

    Raises:
        InputError: If there is no such step.

    Example:
        >>> from sirenvae.graphs import invert, load_network
        >>> net = load_network("student")
        >>> [edge for *edge, kind in graphs_at(net, invert(net), 2).induced.edges(data="kind") if kind == "fill"]
        [['G', 'S']]
    """
    if not 0 <= step <= len(inverse.steps):
        raise InputError(f"Step {step} came, but this inversion has the steps 0 to {len(inverse.steps)}.")
    done = inverse.steps[:step]
    gone = {s.eliminated for s in done if isinstance(s, EliminationStep)}
    observed = set(network.observed)
    roles = {v: "observed" if v in observed else "eliminated" if v in gone else "latent" for v in network.variables}
    induced, backward = nx.Graph(), nx.DiGraph()
    for graph in (induced, backward):
        graph.add_nodes_from((v, {"role": role}) for v, role in roles.items())
    induced.add_edges_from(network.dag.edges, kind="network")
    induced.add_edges_from(moralizing_edges(network), kind="moral")
    for s in done:
        if isinstance(s, PruningStep):
            backward.remove_edge(s.parent, s.child)
        else:
            induced.add_edges_from(s.fill_edges, kind="fill")
            backward.add_edges_from((parent, s.eliminated) for parent in s.parents)
    if not inverse.steps:
        backward.add_edges_from(inverse.dag.edges)
    return StepGraphs(step, induced, backward)


def step_to_dict(step: EliminationStep | PruningStep) -> dict:
    """A step as JSON writes it: variables as in a network's JSON; as keys, by their printed names."""
    if isinstance(step, PruningStep):
        return {
            "child": name_to_json(step.child),
            "redundant_parent": name_to_json(step.parent),
            "separating_set": [name_to_json(v) for v in step.separating_set],
        }
    return {
        "eliminated": name_to_json(step.eliminated),
        "frontier": {str(v): cost for v, cost in step.frontier.items()},
        "fill_edges": [[name_to_json(v) for v in pair] for pair in step.fill_edges],
        "parents": [name_to_json(v) for v in step.parents],
    }


def step_to_json(network: BayesianNetwork, inverse: Inverse, step: int) -> str:
    """What the pictures show after `step` steps: the last step and its words, and all edges so far."""
    graphs = graphs_at(network, inverse, step)
    last = inverse.steps[step - 1] if step else None
    content = {
        "network": network.name,
        "observed": [name_to_json(v) for v in network.observed],
        "method": inverse.method,
        "order": inverse.order,
        "step": step,
        "num_steps": len(inverse.steps),
        "last": None if last is None else step_to_dict(last) | {"words": explain(last)},
        "induced": [[name_to_json(a), name_to_json(b), kind] for a, b, kind in graphs.induced.edges(data="kind")],
        "inverse": [[name_to_json(v) for v in edge] for edge in graphs.inverse.edges],
    }
    return json.dumps(content, indent=1)


def step_to_graphml(network: BayesianNetwork, inverse: Inverse, step: int, graph: str = "inverse") -> str:
    """One of the graphs after `step` steps as GraphML, roles and kinds included, variables by their printed names.

    Arguments:
        network, inverse, step: As for :func:`graphs_at`.
        graph: ``"inverse"`` or ``"induced"``.
    """
    if graph not in ("inverse", "induced"):
        raise InputError(f"The graph {graph!r} came; a step is written as 'inverse' or 'induced'.")
    return graph_to_graphml(getattr(graphs_at(network, inverse, step), graph))
