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
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import columns, joint_moments

NETWORKS = ("ecoli70", "arth150")
BATCH = 100
LEARNING_RATES = (3e-3, 1e-2, 3e-2)
TRAIN, HELD_OUT, FRESH = 20_000, 5_000, 10_000  # Points.
REPLICAS = 8
OURS_REPLICATED = f"ours, {REPLICAS} replicas"

REPORTED = {
    "density: excess (nats a point)": "excess",
    "density: learning rate that was chosen": "learning_rate",
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


def density_estimation(seconds: float = 20.0) -> list[Row]:
    """Maximum likelihood for all variables of a network, with equal CPU time for every flow.

    Every flow is trained once for each of three learning rates, in a process of its own; what is reported is the run
    with the least excess on held-out points. The excess is the mean of log p_true(x) - log p(x) over fresh points: the
    negative log-likelihood less the true entropy, without the noise that both share.
    """
    if importlib.util.find_spec("zuko") is None:
        print('Density estimation beside zuko is left out; "pip install -e .[benchmarks]" installs it.')
        return []
    rows = []
    for name in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            data_file = Path(folder) / "data.pt"
            torch.save(density_problem(sv.load_network(name)), data_file)
            ours, *peers = (best_run(flow, data_file, seconds) for flow in DENSITIES if flow != OURS_REPLICATED)
            together = run(OURS_REPLICATED, data_file, ours["learning_rate"], seconds / 4)
        for peer in peers:
            for what, key in REPORTED.items():
                rows.append(Row("density", name, what, peer["flow"], ours[key], peer[key]))
            what = f"density: steps of a model a second, {REPLICAS} at once"
            rows.append(
                Row("density", name, what, peer["flow"], together["steps_per_second"], peer["steps_per_second"])
            )
    return rows


class Density(NamedTuple):
    """A flow under training: its weights, a log density and a sampler of standardized points."""

    module: nn.Module
    log_prob: Callable[[Tensor], Tensor]
    sample: Callable[[int], Tensor]


def residual_density(adjacency: Tensor, replicas: tuple[int, ...] = ()) -> Density:
    """A graphical residual flow of four blocks, as it comes."""
    flow = sv.GraphicalResidualFlow(adjacency, replicas=replicas)
    return Density(flow, flow.log_prob, lambda n: flow.inverse_and_log_det(torch.randn(n, flow.features))[0])


def autoregressive_density(adjacency: Tensor, **settings) -> Density:
    """A masked autoregressive flow of zuko."""
    import zuko

    flow = zuko.flows.MAF(len(adjacency), adjacency=adjacency, **settings)
    return Density(flow, lambda x: flow().log_prob(x), lambda n: flow().sample((n,)))


DENSITIES = {
    "ours": residual_density,
    OURS_REPLICATED: lambda adjacency: residual_density(adjacency, (REPLICAS,)),
    "zuko MAF, its defaults": autoregressive_density,
    "zuko MAF, 4 x 1 layer of 2 D": lambda adjacency: autoregressive_density(
        adjacency, transforms=4, hidden_features=(2 * len(adjacency),)
    ),
}


def density_problem(network: sv.BayesianNetwork) -> dict[str, Tensor]:
    """Adjacency, standardized points, and the true log densities of those that flows are judged by."""
    points = standardized(network, {"train": TRAIN, "held_out": HELD_OUT, "fresh": FRESH})
    return {"adjacency": adjacency_of(network), **points}


def standardized(network: sv.BayesianNetwork, sizes: dict[str, int]) -> dict[str, Tensor]:
    """Draws of all variables in declared order, in units of the first set, and their true log densities in these."""
    mean, covariance, _ = (torch.from_numpy(moment) for moment in joint_moments(network))
    truth = torch.distributions.MultivariateNormal(mean, covariance)
    found = {}
    for seed, (name, size) in enumerate(sizes.items()):
        x, z = sv.sample_network(network, size, seed)
        points = x.new_empty(size, len(network.variables))
        points[:, columns(network, network.observed)], points[:, columns(network, network.latents)] = x, z
        if not found:
            center, scale = points.mean(dim=0), points.std(dim=0)
        found[name] = ((points - center) / scale).float()
        found[f"{name}_truth"] = truth.log_prob(points) + scale.log().sum()
    return found


def best_run(flow: str, data_file: Path, seconds: float) -> dict:
    """The run whose learning rate is best on held-out points."""
    runs = [run(flow, data_file, rate, seconds) for rate in LEARNING_RATES]
    return min(runs, key=lambda r: r["held_out_excess"] if math.isfinite(r["held_out_excess"]) else math.inf)


def run(flow: str, data_file: Path, rate: float, seconds: float) -> dict:
    """:func:`train` in a process of its own."""
    command = [sys.executable, __file__, flow, str(data_file), str(rate), str(seconds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"flow": flow, "learning_rate": rate, **json.loads(output)}


def train(flow: str, data: dict[str, Tensor], rate: float, seconds: float) -> dict:
    """Train with Adam for some CPU time, over which the learning rate falls to zero in a line."""
    torch.manual_seed(0)
    warm_up()
    memory_before = peak_memory()
    density = DENSITIES[flow](data["adjacency"])
    lead = (REPLICAS,) if flow == OURS_REPLICATED else ()
    optimizer = torch.optim.Adam(density.module.parameters())
    steps, start, spent = 0, time.process_time(), 0.0
    while spent < seconds:
        optimizer.param_groups[0]["lr"] = rate * (1 - spent / seconds)
        take_step(density.log_prob, optimizer, data["train"][torch.randint(TRAIN, (*lead, BATCH))])
        steps, spent = steps + 1, time.process_time() - start
    memory = peak_memory()
    squares = [state["exp_avg_sq"] for state in optimizer.state.values()]
    result = {
        "steps_per_second": steps * math.prod(lead) / spent,
        "parameters": sum(square.numel() for square in squares),
        "parameters_used": sum(int((square > 0).sum()) for square in squares),
        "memory_added": memory - memory_before,
        "memory": memory,
    }
    if not lead:
        result.update(judge(density, data))
    return result


@torch.no_grad()
def judge(density: Density, data: dict[str, Tensor]) -> dict:
    """Excess on held-out and on fresh points, and the time of a hundred samples."""
    density.module.eval()

    def excess(name: str) -> float:
        return (data[f"{name}_truth"] - density.log_prob(data[name])).mean().item()

    (sampling_ms,) = medians(lambda: density.sample(100), repeats=11)
    return {"held_out_excess": excess("held_out"), "excess": excess("fresh"), "sampling_ms": sampling_ms}


def take_step(log_prob: Callable[[Tensor], Tensor], optimizer: torch.optim.Optimizer, batch: Tensor) -> None:
    """One step of maximum likelihood; replicas do not see each other's loss."""
    optimizer.zero_grad()
    (-log_prob(batch).mean(dim=-1).sum()).backward()
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
    adjacency = torch.eye(len(network.variables), dtype=torch.bool)
    for parent, child in network.dag.edges:
        adjacency[network.position[child], network.position[parent]] = True
    return adjacency


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
    name, data_file, *numbers = sys.argv[1:]
    print(json.dumps(train(name, torch.load(data_file), *map(float, numbers))))
