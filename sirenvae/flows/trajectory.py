"""Where points are on their way through a flow: after each block forwards, after each sweep backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from sirenvae.flows.diagonal import log_det_from_diagonal
from sirenvae.flows.newton import Linearization, default_tolerance, solve
from sirenvae.flows.residual import GraphicalResidualFlow

_LOST = 1e6  # A residual beyond this will not come back.


@dataclass(frozen=True)
class Trajectory:
    """Points on their way forwards through T blocks.

    Attributes:
        points: Before the first block and after each, shape ``(T + 1, N, D)``.
        log_dets: The log volume change of each block at each point, shape ``(T, N)``, in nats.
    """

    points: Tensor
    log_dets: Tensor


@dataclass(frozen=True)
class Sweep:
    """The points of one sweep while a block is undone.

    Attributes:
        block: Which block of the forward direction, counted from 0.
        number: 0 where the block starts; its points are the block's outputs y.
        points: The x of this sweep, shape ``(N, D)``.
        log_det: Log volume change of the inverse of this block if x were the solution, shape ``(N)``, in nats.
        residual: The largest Euclidean norm of x + g(x) - y over all points.
    """

    block: int
    number: int
    points: Tensor
    log_det: Tensor
    residual: float


@torch.no_grad()
def trajectory(flow: GraphicalResidualFlow, x: Tensor, context: Tensor | None = None, first: int = 0) -> Trajectory:
    """Push points through the blocks one by one.

    Arguments:
        flow: A flow without replicas.
        x: Points, shape ``(N, D)``.
        context: Conditioning values, shape ``(N, C)``; ``None`` exactly when C = 0.
        first: The block to begin with, counted from 0.

    Returns:
        Where the points are and how each block changes volume there.

    Raises:
        InputError: If the shapes do not fit.

    Example:
        >>> flow = GraphicalResidualFlow(torch.tensor([[True, False], [True, True]]), num_blocks=3).eval()
        >>> way = trajectory(flow, torch.zeros(5, 2))
        >>> way.points.shape, way.log_dets.shape
        (torch.Size([4, 5, 2]), torch.Size([3, 5]))
    """
    x, context, _ = flow._to_batches(x, context)
    points, log_dets = [x[0]], [x.new_empty(0, x.shape[1])]
    for block in flow._blocks(context)[first:]:
        update, diagonal = block(x)
        x = x + update
        points.append(x[0])
        log_dets.append(log_det_from_diagonal([diagonal]))
    return Trajectory(torch.stack(points), torch.cat(log_dets))


@torch.no_grad()
def inverse_sweeps(
    flow: GraphicalResidualFlow,
    y: Tensor,
    context: Tensor | None = None,
    tolerance: float | None = None,
    max_sweeps: int = 100,
) -> Iterator[Sweep]:
    """Undo the blocks, the last one first, and hand out every sweep of :func:`~sirenvae.flows.newton.solve`.

    Arguments:
        flow: A flow without replicas.
        y: Points, shape ``(N, D)``.
        context: Conditioning values, shape ``(N, C)``; ``None`` exactly when C = 0.
        tolerance, max_sweeps: As for :meth:`~sirenvae.flows.GraphicalResidualFlow.invert`.

    Raises:
        ConvergenceError: If a block misses the tolerance.
        InputError: If the shapes do not fit.
    """
    y, context, _ = flow._to_batches(y, context)
    tolerance = default_tolerance(y.dtype) if tolerance is None else tolerance
    blocks = flow._blocks(context)
    for number in range(len(blocks) - 1, -1, -1):
        visited: list[tuple[Tensor, Linearization]] = []
        y_of_block, y = y, solve(_noting(blocks[number].linearize, visited), y, 1 + y.abs(), tolerance, max_sweeps)[0]
        for k, (x, at) in enumerate(visited):
            log_det = -log_det_from_diagonal([at.diagonal])
            yield Sweep(number, k, x[0], log_det[0], _largest(x + at.value - y_of_block))


@torch.no_grad()
def simple_sweeps(
    flow: GraphicalResidualFlow,
    block: int,
    y: Tensor,
    context: Tensor | None = None,
    *,
    by_diagonal: bool,
    tolerance: float = 1e-10,
    max_sweeps: int = 40,
) -> list[float]:
    r"""How the residual of one block falls with a simpler sweep than the one this package uses.

    .. math::
        x \leftarrow x - (x + g(x) - y) \qquad \text{or} \qquad
        x \leftarrow x - \left(1 + \tfrac{\partial g_i}{\partial x_i}\right)^{-1} (x + g(x) - y)

    The first lowers the Euclidean norm of every residual by the Lipschitz constant of g. The second divides by the
    diagonal of the Jacobian; it is mostly faster and has no such promise.

    Arguments:
        flow: A flow without replicas.
        block: Which block of the forward direction, counted from 0.
        y: Outputs of that block, shape ``(N, D)``; also where the sweeps start.
        context: Conditioning values, shape ``(N, C)``; ``None`` exactly when C = 0.
        by_diagonal: Which of the two.
        tolerance: The sweeps end at this residual, or when they are lost.
        max_sweeps: How many at most.

    Returns:
        The largest Euclidean norm of x + g(x) - y over all points, once per sweep.

    Source:
        Behrmann et al., Invertible Residual Networks (2019), for the first; Mouton & Kroon, SIReN-VAE (2022), section
        2.2, and Graphical Residual Flows (2022), after Song et al., MintNet (2019), for the second.
    """
    y, context, _ = flow._to_batches(y, context)
    linearize, x, residuals = flow._blocks(context)[block].linearize, y, []
    for _ in range(max_sweeps):
        at = linearize(x)
        residual = x + at.value - y
        residuals.append(_largest(residual))
        if not tolerance < residuals[-1] < _LOST:
            break
        x = x - (residual / (1 + at.diagonal) if by_diagonal else residual)
    return residuals


def _noting(linearize: Callable, visited: list) -> Callable:
    """The same map; every x that it is asked about is noted."""

    def noted(x: Tensor) -> Linearization:
        at = linearize(x)
        visited.append((x, at))
        return at

    return noted


def _largest(residual: Tensor) -> float:
    return torch.linalg.vector_norm(residual, dim=-1).max().item()
