"""Flows beside their peers, in the same run: ``python benchmarks/flow_peers.py``.

The peers are the log-determinant of the whole Jacobian, the plain fixed-point inversion, and the masked autoregressive
flow of the library zuko with the same adjacency (``density_peers.py``). One thread, float32 unless it says otherwise,
batches of 100 points, true structure. Linux only.

Source:
    Behrmann et al., Invertible Residual Networks (2019), for the plain inversion.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence

import torch
from density_peers import BATCH, NETWORKS, Row, adjacency_of, density_estimation, medians, standardized
from torch import Tensor

import sirenvae as sv
from sirenvae.flows.activations import MAX_SLOPE_OF_SWISH
from sirenvae.flows.newton import invert_block

PLAIN = "x <- y - g(x)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU time of each of 46 training runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print_rows(log_determinants(), header=True)
    print_rows(inversions())
    print_rows(density_estimation(arguments.seconds))


def print_rows(rows: Sequence[Row], header: bool = False) -> None:
    """Print rows of the table."""
    if header:
        print(f"{'network':<9}{'what':<56}{'peer':<31}{'ours':>10}{'peer':>10}{'peer / ours':>13}")
    for row in rows:
        numbers = "".join(f"{number:>10.4g}" for number in (row.ours, row.peer))
        ratio = row.peer / row.ours if row.ours else math.nan
        print(f"{row.network:<9}{row.what:<56}{row.peer_name:<31}{numbers}{ratio:>13.3g}", flush=True)


# --- Log-determinants


def log_determinants(repeats: int = 21) -> list[Row]:
    """The log-determinant of a 4-block flow: by the diagonal, and by slogdet of whole Jacobians; in milliseconds.

    Normalizing the weights, with power iteration, belongs to all of them.
    """
    peers = {"slogdet of W2 diag(h') W1": by_products, "slogdet of vmap(jacrev)": by_jacrev}
    rows = []
    for name in NETWORKS:
        torch.manual_seed(0)
        flow = sv.GraphicalResidualFlow(adjacency_of(sv.load_network(name)))
        x = torch.randn(BATCH, flow.features)
        flow.eval()  # In training the norms that power iteration finds change from call to call.
        for peer in peers.values():
            torch.testing.assert_close(peer(flow, x), by_diagonal(flow, x), atol=1e-3, rtol=1e-3)
        flow.train()
        for what, wrap in (("forward", without_backward), ("forward and backward", with_backward)):
            ours, *others = medians(*(wrap(act, flow, x) for act in (by_diagonal, *peers.values())), repeats=repeats)
            what = f"log-determinant, {what} (ms)"
            rows += [Row("log_det", name, what, *pair) for pair in zip(peers, [ours] * len(peers), others, strict=True)]
    return rows


def without_backward(log_det: Callable, flow: sv.GraphicalResidualFlow, x: Tensor) -> Callable[[], object]:
    """A call that makes no graph."""
    return torch.no_grad()(lambda: log_det(flow, x))


def with_backward(log_det: Callable, flow: sv.GraphicalResidualFlow, x: Tensor) -> Callable[[], object]:
    """A call that also takes the gradient of the mean log-determinant."""

    def act() -> None:
        flow.zero_grad()
        log_det(flow, x).mean().backward()

    return act


def by_diagonal(flow: sv.GraphicalResidualFlow, x: Tensor) -> Tensor:
    """What the flow itself does."""
    return flow.forward_and_log_det(x)[1]


def by_products(flow: sv.GraphicalResidualFlow, x: Tensor) -> Tensor:
    """The Jacobian of each block as a product of matrices."""
    log_det = 0.0
    for block in flow._blocks(None):
        first, second, hidden_bias, bias, sharpness = plain_parts(block)
        value, slope = block.activation.function(x @ first + hidden_bias, sharpness)
        jacobian = (first * slope.unsqueeze(-2)) @ second + torch.eye(flow.features)
        log_det = log_det + torch.linalg.slogdet(jacobian).logabsdet
        x = x + value @ second + bias
    return log_det


def by_jacrev(flow: sv.GraphicalResidualFlow, x: Tensor) -> Tensor:
    """The Jacobian of the whole flow by automatic differentiation."""
    blocks = flow._blocks(None)

    def push(point: Tensor) -> Tensor:
        points = point.unsqueeze(0)
        for block in blocks:
            points = points + plain_update(block, points)
        return points[0]

    return torch.linalg.slogdet(torch.func.vmap(torch.func.jacrev(push))(x)).logabsdet


def plain_parts(block) -> list[Tensor]:
    """Both matrices, both biases and the sharpness of a block, without its axis of replicas."""
    return [part[0] for part in (*block.weights, *block.biases, *block.sharpness)]


def plain_update(block, x: Tensor) -> Tensor:
    """g(x) without its derivatives; LipSwish is written out, because vmap does not go through the flow's own."""
    first, second, hidden_bias, bias, sharpness = plain_parts(block)
    units = x @ first + hidden_bias
    return (units * torch.sigmoid(sharpness * units) / MAX_SLOPE_OF_SWISH) @ second + bias


# --- Inversion


def inversions(repeats: int = 11) -> list[Row]:
    """Inversion of 4-block flows by Newton sweeps and by x <- y - g(x): evaluations of a block, and milliseconds.

    Both take the same blocks, whose weights are already normalized, to the same residual, and end with the
    log-determinant. A trained flow took 300 steps of density estimation; a saturated one has random weights, with all
    spectral norms at their bound.
    """
    rows = []
    for name in NETWORKS:
        for state, prepare in (("trained", train_shortly), ("saturated", saturate)):
            torch.manual_seed(0)
            flow = sv.GraphicalResidualFlow(adjacency_of(sv.load_network(name)))
            prepare(flow, name)
            for dtype, tolerance in ((torch.float64, 1e-6), (torch.float32, 1e-5)):
                what = f"inversion, {state}, {str(dtype)[6:]} to {tolerance:g}"
                evaluations, times = both_inversions(flow.to(dtype).eval(), tolerance, repeats)
                rows.append(Row("inversion", name, f"{what}: sweeps a block", PLAIN, *evaluations))
                rows.append(Row("inversion", name, f"{what} (ms)", PLAIN, *times))
    return rows


def train_shortly(flow: sv.GraphicalResidualFlow, name: str) -> None:
    """Some steps of density estimation."""
    data = standardized(sv.load_network(name), {"train": 2000})["train"]
    for _ in sv.fit(sv.FlowDensity(flow), data, sv.Recipe("short", num_steps=300, learning_rate=1e-2)):
        pass  # its records are for charts


@torch.no_grad()
def saturate(flow: sv.GraphicalResidualFlow, name: str) -> None:
    """Move the weights far above the bound that they are then normalized to."""
    for weight in flow.weights:
        weight.mul_(100.0)


@torch.no_grad()
def both_inversions(flow: sv.GraphicalResidualFlow, tolerance: float, repeats: int) -> tuple[list[float], list[float]]:
    """Evaluations a block and milliseconds of both algorithms, which must agree."""
    blocks = flow._blocks(None)
    y = torch.randn(BATCH, flow.features, dtype=flow.weights[0].dtype)
    ours, plain = newton(blocks, y, tolerance), plain_inversion(blocks, y, tolerance)
    torch.testing.assert_close(ours[:2], plain[:2], atol=100 * tolerance, rtol=100 * tolerance)
    acts = (lambda: newton(blocks, y, tolerance), lambda: plain_inversion(blocks, y, tolerance))
    return [ours[2], plain[2]], medians(*acts, repeats=repeats)


def newton(blocks: list, y: Tensor, tolerance: float) -> tuple[Tensor, Tensor, float]:
    """Points, log-determinant, and evaluations a block by the flow's own solver."""
    x, log_det, sweeps = y.unsqueeze(0), 0.0, 0
    for block in reversed(blocks):
        x, diagonal, residuals = invert_block(block.linearize, x, tolerance, max_sweeps=100)
        log_det, sweeps = log_det - diagonal.log1p().sum(dim=-1), sweeps + len(residuals)
    return x[0], log_det[0], sweeps / len(blocks)


def plain_inversion(blocks: list, y: Tensor, tolerance: float) -> tuple[Tensor, Tensor, float]:
    """The same by x <- y - g(x)."""
    x, log_det, sweeps = y, 0.0, 0
    for block in reversed(blocks):
        y, scale = x, 1 + x.abs()
        residual = plain_update(block, x)
        sweeps += 1
        while (residual.abs() / scale).max() > tolerance:
            x = x - residual
            residual = x + plain_update(block, x) - y
            sweeps += 1
        log_det = log_det - block(x.unsqueeze(0))[1].log1p().sum(dim=-1)
    return x, log_det[0], sweeps / len(blocks)


if __name__ == "__main__":
    main()
