"""Speed and memory of the inversion, beside the plain algorithm in the same run: ``python benchmarks/inversion.py``."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

import networkx as nx
import numpy as np
from plain_inversion import plain_elimination

import sirenvae as sv

MUNIN_SIZE = (1041, 1397)  # variables and edges of the network munin


def main() -> None:
    """Print the tables."""
    student = sv.load_network("student")
    print(f"student: {1e3 * median_seconds(lambda: sv.invert(student), 21):.3f} ms")
    print("\nrandom DAG of munin's size, at most 3 parents, leaves observed")
    print(f"{'order':<12}{'edges':>9}{'fill edges':>12}{'seconds':>9}{'plain':>9}{'ratio':>7}")
    for order in ("topological", "reverse"):
        compare(random_dag_of_size(*MUNIN_SIZE, seed=0), order)
    print("\nhidden Markov chains, topological: the inverse grows with the square of the length")
    print(f"{'variables':>10}{'induced edges':>15}{'seconds':>9}{'microseconds an edge':>22}")
    for length in (45, 140, 450, 1400):
        chain(length)
    print("\nforest of 2,000 random trees of 50 variables, leaves observed")
    print(f"{'order':<12}{'edges':>10}{'seconds':>9}{'peak memory (MiB)':>19}")
    for order in ("topological", "reverse"):
        forest(order)


def median_seconds(act: Callable[[], object], repeats: int = 3) -> float:
    """The median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(network: sv.BayesianNetwork, order: str) -> None:
    """Both algorithms on one network; their traces must agree."""
    steps = list(sv.eliminate(network, order))
    fast = median_seconds(lambda: list(sv.eliminate(network, order)))
    start = time.perf_counter()
    plain = list(plain_elimination(network, order))
    slow = time.perf_counter() - start
    assert [(s.eliminated, s.fill_edges, s.parents) for s in steps] == [p[1:] for p in plain]
    edges, fills = sum(len(s.parents) for s in steps), sum(len(s.fill_edges) for s in steps)
    print(f"{order:<12}{edges:>9}{fills:>12}{fast:>9.3f}{slow:>9.2f}{slow / fast:>7.0f}")


def chain(length: int) -> None:
    """A hidden Markov chain: `length` latents, each with an observed child."""
    dag = nx.DiGraph()
    nx.add_path(dag, [("z", i) for i in range(length)])
    dag.add_edges_from((("z", i), ("x", i)) for i in range(length))
    network = sv.BayesianNetwork(dag, observed=[("x", i) for i in range(length)])
    steps = list(sv.eliminate(network))
    induced = nx.moral_graph(dag).number_of_edges() + sum(len(step.fill_edges) for step in steps)
    seconds = median_seconds(lambda: list(sv.eliminate(network)))
    print(f"{2 * length:>10}{induced:>15}{seconds:>9.3f}{1e6 * seconds / induced:>22.2f}")


def forest(order: str) -> None:
    """100,000 variables in trees, inverted whole: network, steps and graph of the inverse."""
    rng = np.random.default_rng(0)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(100_000))
    dag.add_edges_from((50 * t + int(rng.integers(i)), 50 * t + i) for t in range(2000) for i in range(1, 50))
    network = sv.BayesianNetwork(dag)
    start = time.perf_counter()
    inverse = sv.invert(network, order)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{order:<12}{inverse.dag.number_of_edges():>10}{seconds:>9.1f}{peak:>19.0f}")


def random_dag_of_size(num_variables: int, num_edges: int, seed: int) -> sv.BayesianNetwork:
    """A random DAG with at most three parents a variable; the leaves are observed."""
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(num_variables))
    while dag.number_of_edges() < num_edges:
        parent, child = sorted(int(v) for v in rng.integers(0, num_variables, 2))
        if parent != child and dag.in_degree(child) < 3:
            dag.add_edge(parent, child)
    return sv.BayesianNetwork(dag)


if __name__ == "__main__":
    main()
