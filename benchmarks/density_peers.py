"""Density estimation beside masked autoregressive flows of the library zuko: a part of ``flow_peers.py``.

As a script it trains one flow and prints what came of it: so each has a process, and its peak memory, to itself.

Source:
    Rozet et al., Zuko: Normalizing flows in PyTorch (2022); Papamakarios et al., Masked Autoregressive Flow for Density
    Estimation (2017).
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import columns
from sirenvae.models.structures import density_adjacency

NETWORKS = ("ecoli70", "arth150")
DENSITY_NETWORKS = (*NETWORKS, "ecoli70-tanh")  # The last one is no linear-Gaussian network.
BATCH = 100
LEARNING_RATES = (3e-3, 1e-2, 3e-2)  # That each peer may choose from; ours has that of the default recipe.
TRAIN, HELD_OUT, FRESH = 20_000, 5_000, 10_000  # Points.
CHOOSING_SEED, SEEDS = 0, (1, 2, 3)  # Of weights and batches; what is reported are medians over the second ones.
REPLICAS = 8
OURS, OURS_REPLICATED = "ours", f"ours, {REPLICAS} replicas"

REPORTED = {
    "density: excess (nats a point)": "excess",
    "density: learning rate": "learning_rate",
    "density: CPU time (s)": "seconds",
    "density: steps a second": "steps_per_second",
    "density: parameters, masked ones included": "parameters",
    "density: parameters that had a gradient": "parameters_used",
    "density: memory that training added (MiB)": "memory_added",
    "density: peak memory of the process (MiB)": "memory",
    "density: 100 samples (ms)": "sampling_ms",
}


class Row(NamedTuple):
    """One line of the table; the ratio is that of the peer's number to ours."""

    section: str
    network: str
    what: str
    peer_name: str
    ours: float
    peer: float


def density_estimation(seconds: float = 20.0, networks: Sequence[str] = DENSITY_NETWORKS) -> list[Row]:
    """Maximum likelihood for all variables of a network, with equal CPU time for every flow.

    Ours is trained by :func:`sirenvae.fit` with the default recipe, as many steps as the time allows. Each peer is
    trained once for each of three learning rates and keeps the one of least excess on held-out points. Then all of them
    are trained anew with other seeds, in turns, each in a process of its own; medians are reported. The excess is the
    mean of log p_true(x) - log p(x) over fresh points: the negative log-likelihood less the true entropy, without the
    noise that both share.
    """
    if importlib.util.find_spec("zuko") is None:
        print('Density estimation beside zuko is left out; "pip install -e .[benchmarks]" installs it.')
        return []
    rows = []
    for name in networks:
        with tempfile.TemporaryDirectory() as folder:
            data_file = Path(folder) / "data.pt"
            torch.save(density_problem(sv.load_network(name)), data_file)
            rates = {OURS: sv.Recipe("default").learning_rate}
            rates |= {peer: best_rate(peer, data_file, seconds) for peer in PEERS}
            runs = [{flow: run(flow, data_file, rates[flow], seconds, seed) for flow in rates} for seed in SEEDS]
            together = run(OURS_REPLICATED, data_file, rates[OURS], seconds / 4, CHOOSING_SEED)
        found = {flow: median_of([turn[flow] for turn in runs]) for flow in rates}
        for peer in PEERS:
            for what, key in REPORTED.items():
                rows.append(Row("density", name, what, peer, found[OURS][key], found[peer][key]))
            what = f"density: steps of a model a second, {REPLICAS} at once"
            rows.append(Row("density", name, what, peer, together["steps_per_second"], found[peer]["steps_per_second"]))
    return rows


def median_of(runs: Sequence[dict]) -> dict:
    """The median of each number."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


class Density(NamedTuple):
    """A flow under training: its weights, a log density and a sampler of standardized points."""

    module: nn.Module
    log_prob: Callable[[Tensor], Tensor]
    sample: Callable[[int], Tensor]


def autoregressive_density(adjacency: Tensor, **settings) -> Density:
    """A masked autoregressive flow of zuko."""
    import zuko

    flow = zuko.flows.MAF(len(adjacency), adjacency=adjacency, **settings)
    return Density(flow, lambda x: flow().log_prob(x), lambda n: flow().sample((n,)))


PEERS = {
    "zuko MAF, its defaults": autoregressive_density,
    "zuko MAF, 4 x 1 layer of 2 D": lambda adjacency: autoregressive_density(
        adjacency, transforms=4, hidden_features=(2 * len(adjacency),)
    ),
}


def density_problem(network: sv.BayesianNetwork) -> dict[str, Any]:
    """Name, adjacency, standardized points, and the true log densities of those that flows are judged by."""
    points = standardized(network, {"train": TRAIN, "held_out": HELD_OUT, "fresh": FRESH})
    return {"network": network.name, "adjacency": adjacency_of(network), **points}


def standardized(network: sv.BayesianNetwork, sizes: dict[str, int]) -> dict[str, Tensor]:
    """Draws of all variables in declared order, in units of the first set, and their true log densities in these."""
    found = {}
    for seed, (name, size) in enumerate(sizes.items()):
        x, z = sv.sample_network(network, size, seed)
        points = x.new_empty(size, len(network.variables))
        points[:, columns(network, network.observed)], points[:, columns(network, network.latents)] = x, z
        if not found:
            center, scale = points.mean(dim=0), points.std(dim=0)
        found[name] = ((points - center) / scale).float()
        found[f"{name}_truth"] = log_joint(network, points) + scale.log().sum()
    return found


def log_joint(network: sv.BayesianNetwork, points: Tensor) -> Tensor:
    """log p of all variables, in declared order, by the network's own conditionals; raw units, float64."""
    values = dict(zip(network.variables, points.T.numpy(), strict=True))
    total = torch.zeros(len(points), dtype=torch.float64)
    for v, conditional in network.conditionals.items():
        mean, variance = torch.as_tensor(conditional.mean(values)), torch.as_tensor(conditional.variance)
        total += torch.distributions.Normal(mean, variance.sqrt()).log_prob(torch.as_tensor(values[v]))
    return total


def best_rate(peer: str, data_file: Path, seconds: float) -> float:
    """The learning rate that is best on held-out points."""

    def held_out(rate: float) -> float:
        excess = run(peer, data_file, rate, seconds, CHOOSING_SEED)["held_out_excess"]
        return excess if math.isfinite(excess) else math.inf

    return min(LEARNING_RATES, key=held_out)


def run(flow: str, data_file: Path, rate: float, seconds: float, seed: int) -> dict:
    """:func:`train` in a process of its own."""
    command = [sys.executable, __file__, flow, str(data_file), str(rate), str(seconds), str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"learning_rate": rate, **json.loads(output)}


def train(flow: str, data: dict[str, Any], rate: float, seconds: float, seed: int) -> dict:
    """Train for some CPU time, and judge."""
    torch.manual_seed(seed)
    warm_up()
    memory_before = peak_memory()
    way = train_peer if flow in PEERS else train_ours
    density, result = way(flow, data, rate, seconds, seed)
    result |= {"memory_added": peak_memory() - memory_before, "memory": peak_memory()}
    return result if flow == OURS_REPLICATED else result | judge(density, data)


def train_ours(flow: str, data: dict[str, Any], rate: float, seconds: float, seed: int) -> tuple[Density, dict]:
    """By the package's own loop; how many steps the time allows is found on a model that is then thrown away."""
    network = sv.load_network(data["network"])
    replicas = (REPLICAS,) if flow == OURS_REPLICATED else ()

    def steps_taken(model: sv.FlowDensity, num_steps: int) -> float:
        start, recipe = time.process_time(), sv.Recipe("default", learning_rate=rate, num_steps=num_steps)
        for _ in sv.fit(model, data["train"], recipe, seed=seed):
            pass  # its records are for charts
        return time.process_time() - start

    trial = TRAIN // BATCH
    each = steps_taken(sv.FlowDensity.of_network(network, replicas=replicas), trial) / trial
    model = sv.FlowDensity.of_network(network, replicas=replicas)
    num_steps = max(1, round(seconds / each))
    spent = steps_taken(model, num_steps)
    (-model.log_prob(data["train"][:BATCH], graph=True).sum()).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    count = len(model.log_prob(data["train"][:BATCH]).reshape(-1, BATCH))
    return Density(model, model.log_prob, model.sample), {
        "seconds": spent,
        "steps_per_second": num_steps * count / spent,
        "parameters": sum(gradient.numel() for gradient in gradients),
        "parameters_used": sum(int((gradient != 0).sum()) for gradient in gradients),
    }


def train_peer(flow: str, data: dict[str, Any], rate: float, seconds: float, seed: int) -> tuple[Density, dict]:
    """With Adam, whose learning rate falls to zero in a line."""
    density = PEERS[flow](data["adjacency"])
    optimizer = torch.optim.Adam(density.module.parameters())
    steps, start, spent = 0, time.process_time(), 0.0
    while spent < seconds:
        optimizer.param_groups[0]["lr"] = rate * (1 - spent / seconds)
        take_step(density.log_prob, optimizer, data["train"][torch.randint(TRAIN, (BATCH,))])
        steps, spent = steps + 1, time.process_time() - start
    density.module.eval()
    squares = [state["exp_avg_sq"] for state in optimizer.state.values()]
    return density, {
        "seconds": spent,
        "steps_per_second": steps / spent,
        "parameters": sum(square.numel() for square in squares),
        "parameters_used": sum(int((square > 0).sum()) for square in squares),
    }


@torch.no_grad()
def judge(density: Density, data: dict[str, Tensor]) -> dict:
    """Excess on held-out and on fresh points, and the time of a hundred samples."""

    def excess(name: str) -> float:
        return (data[f"{name}_truth"] - density.log_prob(data[name])).mean().item()

    (sampling_ms,) = medians(lambda: density.sample(100), repeats=11)
    return {"held_out_excess": excess("held_out"), "excess": excess("fresh"), "sampling_ms": sampling_ms}


def take_step(log_prob: Callable[[Tensor], Tensor], optimizer: torch.optim.Optimizer, batch: Tensor) -> None:
    """One step of maximum likelihood."""
    optimizer.zero_grad()
    (-log_prob(batch).mean()).backward()
    optimizer.step()


def warm_up() -> None:
    """Import what a first step imports, so that it counts neither as time nor as memory of a flow."""
    importlib.import_module("zuko")
    weight = nn.Parameter(torch.zeros(1))
    take_step(lambda x: weight * x, torch.optim.Adam([weight]), torch.ones(1))


def peak_memory() -> float:
    """Of this process, in MiB. A process inherits `ru_maxrss` from the one that started it, but not this."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def adjacency_of(network: sv.BayesianNetwork) -> Tensor:
    """Parents and the diagonal, rows and columns in declared order."""
    return density_adjacency(network, network.variables)


def medians(*acts: Callable[[], object], repeats: int) -> list[float]:
    """The median time of each call, in milliseconds; the calls take turns."""
    times = [[] for _ in acts]
    for _ in range(repeats):
        for act, taken in zip(acts, times, strict=True):
            start = time.perf_counter()
            act()
            taken.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    torch.set_num_threads(1)
    flow, data_file, rate, seconds, seed = sys.argv[1:]
    print(json.dumps(train(flow, torch.load(data_file), float(rate), float(seconds), int(seed))))
