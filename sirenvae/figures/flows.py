"""What a flow does to points: its picture forwards and backwards as plain JSON values.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from sirenvae.errors import InputError
from sirenvae.figures.flow_density import PairDensity, pair_density
from sirenvae.figures.flow_words import backward_words, forward_words

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.figures.flow_models import ShownFlow

WAYS = ("forwards", "backwards")
_SHOWN = 0.995  # share of the coordinates inside the window
_REACH = 2.0  # points up to this many windows away are sent, those beyond come to the rim
_LARGEST = 32767


def flow_drawing(shown: ShownFlow, way: str = "forwards") -> dict[str, Any]:
    """What the picture of a flow needs, as plain JSON values.

    Arguments:
        shown: The flow, its points and the pair to look at; of a single latent the start goes up.
        way: ``"forwards"``, a frame for each block, or ``"backwards"``, a frame for each sweep.

    Returns:
        ``axes`` (names), ``window`` (both axes go from -window to window), ``frames`` with ``points`` and the log
        volume change ``colours`` of the block at hand (16-bit numbers in base 64, in units of `reach` and
        `most_colour`), ``block``, ``sweep`` and ``words``; ``densities`` before each block and after the last (see
        :class:`~sirenvae.figures.flow_density.PairDensity`), ``bounds``, ``stretch`` and ``promised`` of
        :func:`block_stretch`, and backwards the ``residuals`` of each block.

    Raises:
        InputError: If the way does not exist.
    """
    if way not in WAYS:
        raise InputError(f"The way {way!r} does not exist; it is one of {', '.join(WAYS)}.")
    pair, chosen = shown.pair, shown.columns
    frames = (_forwards if way == "forwards" else _backwards)(shown)
    pairs = [_pairs(frame["points"], frames[0]["points"], chosen) for frame in frames]
    window = 1.15 * max(np.quantile(np.abs(points), _SHOWN) for points in pairs)
    densities = _densities(shown, frames, chosen, float(window))
    words = (forward_words if way == "forwards" else backward_words)(shown, frames, pairs, densities)
    colours = np.concatenate([frame["colours"] for frame in frames[1:]])
    most_colour = max(0.05, float(np.quantile(np.abs(colours), 0.98)))
    return {
        "way": way,
        "axes": [f"latent {name}" for name in pair] if len(pair) > 1 else [pair[0], f"{pair[0]} at the start"],
        "window": round(float(window), 4),
        "reach": round(_REACH * float(window), 4),
        "most_colour": round(most_colour, 4),
        "num_points": len(pairs[0]),
        "frames": [
            {
                "points": _packed(points / (_REACH * window)),
                "colours": _packed(frame["colours"] / most_colour) if k else None,
                "block": frame["block"],
                "sweep": frame["sweep"],
                "words": words[k],
            }
            for k, (frame, points) in enumerate(zip(frames, pairs, strict=True))
        ],
        "densities": [_grid(density) for density in densities],
        **block_stretch(shown),
        "residuals": _residuals(shown, frames) if way == "backwards" else [],
    }


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


def _grid(density: PairDensity) -> dict[str, Any]:
    values = density.values.numpy().astype("<f4")
    return {"values": base64.b64encode(values.tobytes()).decode(), "size": len(values), "lines": list(density.lines)}


def _packed(values: np.ndarray) -> str:
    """Numbers between -1 and 1 as 16-bit integers in base 64; what is outside comes to the rim."""
    return base64.b64encode((np.clip(values, -1, 1) * _LARGEST).round().astype("<i2").tobytes()).decode()
