"""Random networks that several tests share."""

from __future__ import annotations

import networkx as nx
import numpy as np

import sirenvae as sv


def random_dag(num_variables: int, seed: int, probability: float = 0.35) -> nx.DiGraph:
    """A random DAG whose declared order is not a topological one."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(num_variables)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(num_variables))
    for i in range(num_variables):
        for j in range(i + 1, num_variables):
            if rng.random() < probability:
                dag.add_edge(int(order[i]), int(order[j]))
    if num_variables > 1 and not dag.edges:
        dag.add_edge(int(order[0]), int(order[1]))
    return dag


def random_network(num_variables: int, seed: int, observed=None) -> sv.BayesianNetwork:
    """A random DAG with random linear-Gaussian conditionals; the leaves are observed unless told otherwise."""
    dag = random_dag(num_variables, seed)
    rng = np.random.default_rng(seed + 10_000)
    conditionals = {
        v: sv.LinearGaussian(
            rng.normal(),
            {p: rng.choice([-1, 1]) * rng.uniform(0.4, 1.2) for p in dag.predecessors(v)},
            rng.uniform(0.3, 1.5),
        )
        for v in dag
    }
    return sv.BayesianNetwork(dag, observed, conditionals)
