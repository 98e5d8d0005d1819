"""What happened in one step of a flow's picture, in words made from its numbers."""

from __future__ import annotations

import numpy as np

from sirenvae.figures.flow_density import LEVELS

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def forward_words(shown, frames, pairs, densities) -> list[str]:
    """One text for each frame of the forward way.

    Arguments:
        shown: The :class:`~sirenvae.figures.flows.ShownFlow`.
        frames: With ``block`` and ``colours``, one before the first block and one after each.
        pairs: The points that are seen, shape ``(N, 2)``, one for each frame.
        densities: One for each frame, or none.
    """
    last, words = len(frames) - 1, []
    for k, (frame, points) in enumerate(zip(frames, pairs, strict=True)):
        told = [_start(shown, len(points))] if k == 0 else [_block(k, last, frame["colours"], pairs[k - 1], points)]
        told.append(_spread(shown.pair, points, "is" if k == 0 else "is now"))
        if k == last:
            told.append(_end(shown))
        words.append(" ".join([*told, *_inside(densities, k)]))
    return words


def backward_words(shown, frames, pairs, densities) -> list[str]:
    """One text for each frame of the way back, a sweep each; the arguments are those of :func:`forward_words`."""
    num_blocks, words = shown.flow.num_blocks, []
    for k, (frame, points) in enumerate(zip(frames, pairs, strict=True)):
        if k == 0:
            words.append(
                f"{len(points):,} draws of standard normal noise. To sample from the prior, the blocks are undone, the "
                f"last one first. No formula undoes a block; sweeps do, and each lowers the residual |x + g(x) − y|, "
                f"which starts at {short_number(frame['before'])}."
            )
            continue
        previous = frames[k - 1]["residual"] if frame["sweep"] > 1 else frame["before"]
        told = [
            f"Block {frame['block']} of {num_blocks} is being undone, sweep {frame['sweep']}: the largest residual "
            f"falls from {short_number(previous)} to {short_number(frame['residual'])}; {_moved(pairs[k - 1], points)}."
        ]
        if k == len(frames) - 1 or frames[k + 1]["block"] != frame["block"]:
            told.append(
                f"That is within the tolerance, 10⁻¹⁰ relative to 1 + |y|, so block {frame['block']} is undone."
            )
        if k == len(frames) - 1:
            told.append(f"All blocks are: these are samples of the prior. {_spread(shown.pair, points, 'is')}")
            told += _inside(densities, 0)
        words.append(" ".join(told))
    return words


def _start(shown, count: int) -> str:
    if shown.weights == "fitted":
        return f"{count:,} draws of the network's latents that the flow has not seen, in standard deviations."
    if shown.weights == "VAE":
        return f"{count:,} latents as the trained encoder sees fresh data."
    return f"{count:,} standard normal points: random weights have no data of their own."


def _end(shown) -> str:
    if shown.model is None and shown.weights != "fitted":
        return "A flow that was trained would end in standard normal noise; this one does not."
    words = "What is left should be standard normal noise: uncorrelated, each standard deviation 1."
    if shown.model is not None:
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


def _inside(densities, k: int) -> list[str]:
    """How many points lie inside the lines, where the lines are those of all points."""
    if not densities or not densities[k].is_marginal:
        return []
    shares = densities[k].shares
    inside = " and ".join(f"{share:.0%}" for share in shares)
    promised = " and ".join(f"{level:.0%}" for level in LEVELS)
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
