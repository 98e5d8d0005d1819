"""Speed of the training engine, beside a plain loop over plain modules in the same run.

    python benchmarks/engine.py [--quick]

A step is a full one: noise, forward, backward, norms, AdamW; 100 points, float32, one thread per process. Medians of
several repetitions. About twelve minutes; ``--quick`` is the first table for one network.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from collections import defaultdict
from itertools import count

import networkx as nx
import numpy as np
import torch
from flow_peers import density_estimation, inversions, log_determinants, print_rows

import sirenvae as sv
from sirenvae.training.group import Group
from sirenvae.training.recipes import Recipe
from sirenvae.training.schedule import Schedule
from sirenvae.training.streams import Streams

NUM_POINTS = 100
RECIPE = Recipe("benchmark", num_steps=1_000_000, batch_size=NUM_POINTS)


def build(network: sv.BayesianNetwork, structure: str, replicas: tuple[int, ...] = ()):
    """A fresh model, standardized on data of the network or on noise where it has no numbers."""
    torch.manual_seed(0)
    x = torch.randn(NUM_POINTS, len(network.observed))
    if network.conditionals is not None:
        x, _ = sv.sample_network(network, NUM_POINTS)
    model = sv.SIReNVAE(network, structure, replicas=replicas)
    model.standardize(x)
    return model, model.standardized(x)


def make_group(network: sv.BayesianNetwork, structure: str, num_replicas: int) -> Group:
    """E replicas ready to be trained by the engine."""
    model, x = build(network, structure, (num_replicas,))
    schedule = Schedule(
        [RECIPE] * num_replicas, [NUM_POINTS] * num_replicas, [len(network.variables)] * num_replicas, model.location
    )
    streams = Streams([x[0]] * num_replicas, range(num_replicas), [NUM_POINTS] * num_replicas, model.noise, x[0])
    return Group(model, range(num_replicas), schedule, streams, torch.ones(num_replicas))


def engine_step(network: sv.BayesianNetwork, structure: str, num_replicas: int):
    """One step of the engine for E replicas, as a function to call again and again."""
    group, steps = make_group(network, structure, num_replicas), count()
    return lambda: group.take_step(next(steps))


def plain_step(network: sv.BayesianNetwork, structure: str):
    """One step of one model as a plain module, with torch's own AdamW."""
    model, x = build(network, structure)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1.0)
    noise_shape = (NUM_POINTS, model.latent_features)

    def step():
        optimizer.zero_grad()
        (-model.standard_elbo(x, torch.randn(noise_shape)).mean()).backward()
        optimizer.step()

    return step


def seconds_per_call(step, budget: float = 1.5, repetitions: int = 5) -> float:
    """Median time of a call: repetitions of as many calls as fit their share of the budget."""
    for _ in range(3):
        step()
    start = time.perf_counter()
    step()
    calls = max(1, int(budget / repetitions / (time.perf_counter() - start)))
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        for _ in range(calls):
            step()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def _measured(barrier, results, make_step, arguments, scale, budget):
    torch.set_num_threads(1)
    step = make_step(*arguments)
    step()
    barrier.wait()
    results.put((scale / seconds_per_call(step, budget), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def rate(make_step, arguments: tuple, scale: int, processes: int = 1, budget: float = 1.5) -> tuple[float, float]:
    """Replica-steps per second of all processes together, and the memory of one in MiB."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_measured, args=(barrier, results, make_step, arguments, scale, budget))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return sum(speed for speed, _ in found), max(memory for _, memory in found)


def replicas_table(names: list[tuple[str, str]], sizes: list[int], cores: int) -> None:
    """Replica-steps per second by E beside the plain loop: of one process, then of one process per core."""
    print(f"\nReplica-steps per second (batch {NUM_POINTS}, float32, full step), and how many times the plain loop's")
    header = f"{'':28}{'processes':>10}{'plain loop':>12}" + "".join(f"{f'E={e}':>9}" for e in sizes)
    print(f"{header}{'best':>8}{'memory':>10}")
    for name, structure in names:
        network = sv.load_network(name)
        for processes in sorted({1, cores}):
            plain, _ = rate(plain_step, (network, structure), 1, processes)
            found = [rate(engine_step, (network, structure, e), e, processes) for e in sizes]
            speeds = [speed for speed, _ in found]
            best = speeds.index(max(speeds))
            cells = "".join(f"{speed:9.0f}" for speed in speeds)
            ratio, memory = f"{speeds[best] / plain:.1f}x", f"{found[best][1]:.0f} MiB"
            print(f"{name + ' ' + structure:28}{processes:10}{plain:12.0f}{cells}{ratio:>8}{memory:>10}")


def profile(name: str, num_replicas: int) -> None:
    """Where the time of a step goes, in microseconds per replica."""
    torch.set_num_threads(1)
    group = make_group(sv.load_network(name), "true", num_replicas)
    program, spent = group._program, defaultdict(float)

    def timed(holder, method: str, label: str) -> None:
        function = getattr(holder, method)

        def call(*arguments):
            start = time.perf_counter()
            result = function(*arguments)
            spent[label] += time.perf_counter() - start
            return result

        setattr(holder, method, call)

    for flow, label in ((program._encoder, "posterior"), (program._prior, "prior")):
        for method in ("normalize", "forward", "backward", "write_gradient"):
            timed(flow, method, f"{label}: {method.replace('_', ' ')}")
    timed(program._decoder, "loss", "decoder: both passes")
    timed(program._decoder, "write_gradient", "decoder: write gradient")
    timed(program, "_norms", "spectral norms")
    timed(group._optimizer, "step", "AdamW")
    timed(group.streams, "noise", "noise")
    for step in range(5):
        group.take_step(step)
    spent.clear()
    start, num_steps = time.perf_counter(), 64
    for step in range(5, 5 + num_steps):
        group.take_step(step)
    whole = time.perf_counter() - start
    print(f"\n{name} true, E={num_replicas}, one process: microseconds per replica and step")
    for label, seconds in [*sorted(spent.items(), key=lambda item: -item[1]), ("the whole step", whole)]:
        print(f"{label:28}{1e6 * seconds / num_steps / num_replicas:8.0f}")


def sparse_network(num_variables: int, seed: int = 0) -> sv.BayesianNetwork:
    """A random DAG of average degree 2 (as many edges as variables), its leaves observed."""
    random = np.random.default_rng(seed)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(num_variables))
    while dag.number_of_edges() < num_variables:
        a, b = sorted(random.choice(num_variables, 2, replace=False).tolist())
        if abs(a - b) < 20:
            dag.add_edge(a, b)
    return sv.BayesianNetwork(dag)


def scaling_table(sizes: list[int], num_replicas: int = 4) -> None:
    """Step time on sparse networks against the mask entries that are kept."""
    print(f"\nSparse random networks of average degree 2, E={num_replicas}")
    print(f"{'variables':>10}{'entries kept':>14}{'ms/step':>10}{'ns per entry':>14}{'plain ms':>10}")
    for size in sizes:
        network = sparse_network(size)
        model, _ = build(network, "true")
        flows = (model.prior, model.encoder)
        kept = sum(flow.num_blocks * sum(int(m.sum()) for m in flow.layers.masks) for flow in flows)
        decoder = model.decoder
        kept += sum(int(layer.mask.sum()) for layer in (decoder.hidden, decoder.output, decoder.linear))
        kept *= num_replicas
        speed, _ = rate(engine_step, (network, "true", num_replicas), 1)
        plain, _ = rate(plain_step, (network, "true"), 1)
        print(f"{size:10}{kept:14}{1e3 / speed:10.2f}{1e9 / speed / kept:14.1f}{1e3 / plain:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ecoli70 true alone")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU time of each density estimate")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="processes of the last column")
    options = parser.parse_args()
    if options.quick:
        replicas_table([("ecoli70", "true")], [1, 15, 30, 60], options.cores)
        profile("ecoli70", 60)
        return
    names = [("ecoli70", "true"), ("ecoli70", "fully_connected"), ("arth150", "true"), ("arth150", "fully_connected")]
    replicas_table(names, [1, 5, 15, 60, 240], options.cores)
    profile("ecoli70", 60)
    profile("arth150", 15)
    scaling_table([50, 100, 200, 400, 800])
    print("\nFlows beside their peers (single models; ms, nats, steps per second)")
    torch.set_num_threads(1)
    print_rows(log_determinants(), header=True)
    print_rows(inversions())
    print_rows(density_estimation(options.seconds))


if __name__ == "__main__":
    main()
