"""What happened in one step of a flow's picture, in words made from its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sirenvae.experiments.shown.density import PairDensity
    from sirenvae.experiments.shown.ways import FlowWay

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def forward_words(way: FlowWay) -> list[str]:
    """One text for each frame of the forward way."""
    last, words = len(way.frames) - 1, []
    for k, frame in enumerate(way.frames):
        told = [_start(way, len(frame.points))]
        if k:
            told = [_block(k, last, frame.colours, way.frames[k - 1].points, frame.points)]
        told.append(_spread(way.pair, frame.points, "is now" if k else "is"))
        if k == last:
            told.append(_end(way))
        words.append(" ".join([*told, *_inside(way.densities, k)]))
    return words


def backward_words(way: FlowWay) -> list[str]:
    """One text for each frame of the way back, a sweep each."""
    start, last = way.frames[0], len(way.frames) - 1
    words = [
        f"{len(start.points):,} draws of standard normal noise. To sample from the prior, the blocks are undone, the "
        f"last one first. No formula undoes a block; sweeps do, and each lowers the residual |x + g(x) − y|, "
        f"which starts at {short_number(start.before)}."
    ]
    for k, frame in list(enumerate(way.frames))[1:]:
        earlier = way.frames[k - 1]
        previous = earlier.residual if frame.sweep > 1 else frame.before
        told = [
            f"Block {frame.block} of {way.num_blocks} is being undone, sweep {frame.sweep}: the largest residual "
            f"falls from {short_number(previous)} to {short_number(frame.residual)}; "
            f"{_moved(earlier.points, frame.points)}."
        ]
        if k == last or way.frames[k + 1].block != frame.block:
            told.append(f"That is within the tolerance, 10⁻¹⁰ relative to 1 + |y|, so block {frame.block} is undone.")
        if k == last:
            told.append(f"All blocks are: these are samples of the prior. {_spread(way.pair, frame.points, 'is')}")
            told += _inside(way.densities, 0)
        words.append(" ".join(told))
    return words


def _start(way: FlowWay, count: int) -> str:
    if way.weights == "fitted":
        return f"{count:,} draws of the network's latents that the flow has not seen, in standard deviations."
    if way.weights == "VAE":
        return f"{count:,} latents as the trained encoder sees fresh data."
    return f"{count:,} standard normal points: random weights have no data of their own."


def _end(way: FlowWay) -> str:
    if way.weights not in ("fitted", "VAE"):
        return "A flow that was trained would end in standard normal noise; this one does not."
    words = "What is left should be standard normal noise: uncorrelated, each standard deviation 1."
    if way.weights == "VAE":
        words += " As far as it is not, encoder and prior do not agree yet: the training took a few seconds."
    return words


def _block(k: int, last: int, log_dets: np.ndarray, before: np.ndarray, after: np.ndarray) -> str:
    share = float((log_dets < 0).mean())
    volume = f"It shrinks volume at {share:.0%} of the points" if share else "It expands volume everywhere"
    low, high = np.quantile(log_dets, [0.05, 0.95])
    return (
        f"Block {k} of {last}: {_moved(before, after)}. {volume}: the log-determinant is {_signed(log_dets.mean())} "
        f"nats on average, {_signed(low)} to {_signed(high)} at nine points in ten."
    )


def _moved(before: np.ndarray, after: np.ndarray) -> str:
    distance = float(np.median(np.linalg.norm(after - before, axis=1)))
    return f"half of the points move by more than {short_number(distance)}"


def _spread(pair: tuple[str, ...], points: np.ndarray, verb: str) -> str:
    deviations = points.std(axis=0)
    if len(pair) == 1:
        return f"The standard deviation of {pair[0]} {verb} {deviations[0]:.2f}."
    correlation = np.corrcoef(points.T)[0, 1]
    return (
        f"The correlation of {pair[0]} and {pair[1]} {verb} {_signed(correlation)}, their standard deviations are "
        f"{deviations[0]:.2f} and {deviations[1]:.2f}."
    )


def _inside(densities: list[PairDensity], k: int) -> list[str]:
    """How many points lie inside the lines, where the lines are those of all points."""
    if not densities or not densities[k].is_marginal:
        return []
    shares = densities[k].shares
    inside = " and ".join(f"{share:.0%}" for share in shares)
    promised = " and ".join(f"{level:.0%}" for level in densities[k].levels)
    return [f"{inside} of the points lie inside the two lines, where the flow's density says {promised}."]


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def short_number(value: float) -> str:
    """Two digits, and a power of ten where it is tiny.

    >>> short_number(0.531), short_number(0.00012)
    ('0.53', '1.2 · 10⁻⁴')
    """
    if value == 0 or value >= 0.01:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} · 10{str(int(exponent)).translate(_RAISED)}"
