"""What a flow does to points, measured: its way forwards, block by block, and backwards, sweep by sweep.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sirenvae.errors import InputError
from sirenvae.experiments.shown.density import PairDensity, pair_density

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.experiments.shown.flows import ShownFlow

WAYS = ("forwards", "backwards")
_SHOWN = 0.995  # share of the coordinates inside the window


@dataclass(frozen=True, eq=False)
class Frame:
    """A moment on the way.

    Attributes:
        points: What is seen of the points, shape ``(N, 2)``.
        colours: The log volume change of the block at hand, shape ``(N,)``, nats; empty at the start.
        block, sweep: The block at hand, counted from 1, and backwards the sweep; 0 at the start.
        residual, before: Backwards, the largest residual after this sweep, and before the block's first one.
    """

    points: np.ndarray
    colours: np.ndarray
    block: int
    sweep: int
    residual: float | None = None
    before: float | None = None


@dataclass(frozen=True, eq=False)
class FlowWay:
    """The way of a flow's points.

    Attributes:
        way: One of :data:`WAYS`.
        pair: The latents that are seen; of a single latent the start goes up.
        weights: As in :class:`~sirenvae.experiments.shown.flows.ShownFlow`.
        num_blocks: Of the flow.
        window: Both axes go from -window to window.
        frames: Forwards one for each block, backwards one for each sweep, and the start.
        densities: Before each block and after the last; none for a single latent.
        stretch: Of :func:`block_stretch`.
        residuals: Backwards, for each block the residuals per sweep of three kinds of sweep, by their names.
    """

    way: str
    pair: tuple[str, ...]
    weights: str
    num_blocks: int
    window: float
    frames: list[Frame]
    densities: list[PairDensity]
    stretch: dict[str, Any]
    residuals: list[dict[str, list[float]]]


def flow_way(shown: ShownFlow, way: str = "forwards") -> FlowWay:
    """Push the points of a flow through its blocks, or back.

    Arguments:
        shown: The flow, its points and the pair to look at.
        way: One of :data:`WAYS`.

    Raises:
        InputError: If the way does not exist.
    """
    if way not in WAYS:
        raise InputError(f"The way {way!r} does not exist; it is one of {', '.join(WAYS)}.")
    moments = (_forwards if way == "forwards" else _backwards)(shown)
    seen = [_pairs(moment["points"], moments[0]["points"], shown.columns) for moment in moments]
    window = float(1.15 * max(np.quantile(np.abs(points), _SHOWN) for points in seen))
    return FlowWay(
        way,
        shown.pair,
        shown.weights,
        shown.flow.num_blocks,
        window,
        [Frame(**moment | {"points": points}) for moment, points in zip(moments, seen, strict=True)],
        _densities(shown, moments, shown.columns, window),
        block_stretch(shown),
        _residuals(shown, moments) if way == "backwards" else [],
    )


def block_stretch(shown: ShownFlow) -> dict[str, Any]:
    """The Lipschitz ``bounds`` of the blocks, the largest ``stretch`` measured at the points, what is ``promised``."""
    from sirenvae.flows.lipschitz import block_bounds, measured_stretch
    from sirenvae.flows.trajectory import trajectory

    before = trajectory(shown.flow, shown.start, shown.context).points[:-1]
    return {
        "bounds": [round(bound, 4) for bound in block_bounds(shown.flow).tolist()],
        "stretch": [round(value, 4) for value in measured_stretch(shown.flow, before, shown.context).tolist()],
        "promised": round(shown.flow.lipschitz ** len(shown.flow.weights), 4),
    }


def log_det_error(shown: ShownFlow, num_points: int = 8) -> float:
    """How far the sum over the diagonal is from the log-determinant of the whole Jacobian, at the worst point, in nats.

    The Jacobian is formed by automatic differentiation, its determinant by LU.
    """
    import torch

    x = shown.start[:num_points].clone().requires_grad_()
    context = None if shown.context is None else shown.context[:num_points]
    y, log_det = shown.flow.forward_and_log_det(x, context)
    rows = [torch.autograd.grad(y[:, i].sum(), x, retain_graph=True)[0] for i in range(shown.flow.features)]
    whole = torch.linalg.slogdet(torch.stack(rows, dim=1)).logabsdet
    return (whole - log_det).abs().max().item()


def _forwards(shown: ShownFlow) -> list[dict]:
    from sirenvae.flows.trajectory import trajectory

    way = trajectory(shown.flow, shown.start, shown.context)
    frames = [{"points": way.points[0], "colours": np.empty(0), "block": 0, "sweep": 0}]
    for k, log_det in enumerate(way.log_dets):
        frames.append({"points": way.points[k + 1], "colours": log_det.numpy(), "block": k + 1, "sweep": 0})
    return frames


def _backwards(shown: ShownFlow) -> list[dict]:
    """The first frame is the noise; that a block starts where the last one ended is no frame of its own."""
    from sirenvae.flows.trajectory import inverse_sweeps

    frames, started = [], []
    for sweep in inverse_sweeps(shown.flow, shown.noise, shown.context):
        if sweep.number == 0:
            started.append(sweep.residual)
        if sweep.number or not frames:
            frame = {"points": sweep.points, "colours": sweep.log_det.numpy(), "block": sweep.block + 1}
            frames.append(frame | {"sweep": sweep.number, "residual": sweep.residual, "before": started[-1]})
    return frames


def _residuals(shown: ShownFlow, frames: list[dict]) -> list[dict[str, list[float]]]:
    """For each block, in the order of the forward direction, the residuals per sweep of three kinds of sweep."""
    from sirenvae.flows.trajectory import simple_sweeps

    found = []
    for block in range(shown.flow.num_blocks):
        sweeps = [frame for frame in frames if frame["block"] == block + 1 and frame["sweep"]]
        later = [frame for frame in frames if frame["block"] > block + 1]
        y = (later or frames[:1])[-1]["points"]
        simple = {
            name: simple_sweeps(shown.flow, block, y, shown.context, by_diagonal=name == "diagonal")
            for name in ("plain", "diagonal")
        }
        newton = [simple["plain"][0], *(frame["residual"] for frame in sweeps)]
        found.append(
            {name: [float(f"{r:.3e}") for r in values] for name, values in ({"newton": newton} | simple).items()}
        )
    return found


def _pairs(points: Tensor, start: Tensor, chosen: list[int]) -> np.ndarray:
    if len(chosen) == 1:
        return np.stack([points[:, 0].numpy(), start[:, 0].numpy()], axis=1)
    return points[:, chosen].numpy()


def _densities(shown: ShownFlow, frames: list[dict], chosen: list[int], window: float) -> list[PairDensity]:
    """Before each block and after the last one; none for a single latent."""
    if len(chosen) == 1:
        return []
    last = shown.flow.num_blocks
    if "residual" in frames[0]:  # the last sweep of a block gives the points before it
        at = {last: frames[0]["points"]} | {frame["block"] - 1: frame["points"] for frame in frames if frame["sweep"]}
    else:
        at = {frame["block"]: frame["points"] for frame in frames}
    return [pair_density(shown.flow, at[k], tuple(chosen), window, shown.context, k) for k in range(last + 1)]
