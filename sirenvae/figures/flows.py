"""The picture of what a flow does to points, as plain JSON values."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from sirenvae.figures.flow_words import backward_words, forward_words

if TYPE_CHECKING:
    from sirenvae.experiments.shown.density import PairDensity
    from sirenvae.experiments.shown.ways import FlowWay

_REACH = 2.0  # points up to this many windows away are sent, those beyond come to the rim
_LARGEST = 32767


def flow_drawing(way: FlowWay) -> dict[str, Any]:
    """What the picture of a flow needs, as plain JSON values.

    Arguments:
        way: The points of each step, as :func:`~sirenvae.experiments.shown.ways.flow_way` measures them.

    Returns:
        ``axes`` (names), ``window`` (both axes go from -window to window), ``frames`` with ``points`` and the log
        volume change ``colours`` of the block at hand (16-bit numbers in base 64, in units of `reach` and
        `most_colour`), ``block``, ``sweep`` and ``words``; ``densities`` before each block and after the last (see
        :class:`~sirenvae.experiments.shown.density.PairDensity`), ``bounds``, ``stretch`` and ``promised`` of
        :func:`~sirenvae.experiments.shown.ways.block_stretch`, and backwards the ``residuals`` of each block.
    """
    words = (forward_words if way.way == "forwards" else backward_words)(way)
    colours = np.concatenate([frame.colours for frame in way.frames[1:]])
    most_colour = max(0.05, float(np.quantile(np.abs(colours), 0.98)))
    return {
        "way": way.way,
        "axes": [f"latent {name}" for name in way.pair] if len(way.pair) > 1 else _alone(*way.pair),
        "window": round(way.window, 4),
        "reach": round(_REACH * way.window, 4),
        "most_colour": round(most_colour, 4),
        "num_points": len(way.frames[0].points),
        "frames": [
            {
                "points": _packed(frame.points / (_REACH * way.window)),
                "colours": _packed(frame.colours / most_colour) if k else None,
                "block": frame.block,
                "sweep": frame.sweep,
                "words": words[k],
            }
            for k, frame in enumerate(way.frames)
        ],
        "densities": [_grid(density) for density in way.densities],
        **way.stretch,
        "residuals": way.residuals,
    }


def _alone(name: str) -> list[str]:
    return [name, f"{name} at the start"]


def _grid(density: PairDensity) -> dict[str, Any]:
    values = density.values.astype("<f4")
    return {"values": base64.b64encode(values.tobytes()).decode(), "size": len(values), "lines": list(density.lines)}


def _packed(values: np.ndarray) -> str:
    """Numbers between -1 and 1 as 16-bit integers in base 64; what is outside comes to the rim."""
    return base64.b64encode((np.clip(values, -1, 1) * _LARGEST).round().astype("<i2").tobytes()).decode()
