"""A trial as it goes, on a screen."""

from __future__ import annotations

from collections.abc import Iterable

from tqdm import tqdm

from sirenvae.experiments.trial import Point, Progress, Trial

# It counts costs, which say nothing to the reader.
_BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


def follow(trial: Trial, events: Iterable[Progress | Point], title: str, **bar_settings) -> list[Point]:
    """Show a bar with the time left; return the points.

    Arguments:
        trial: What is run; a cell's share of the bar is its cost.
        events: Of it.
        title: Before the bar.
        bar_settings: As tqdm takes them.
    """
    lengths, points = {cell: trial.cost(cell) for cell in trial.cells()}, []
    reached, total = dict.fromkeys(lengths, 0), sum(lengths.values())
    with tqdm(total=total, desc=title, dynamic_ncols=True, bar_format=_BAR, **bar_settings) as bar:
        for event in events:
            length, is_point = lengths[event.cell], isinstance(event, Point)
            if is_point:
                points.append(event)
                bar.set_postfix_str(f"{len(points)} of {len(lengths)} cells", refresh=False)
            if is_point and event.was_stored:  # It took no time, so it must not make the time left look shorter.
                bar.total -= length
                bar.refresh()
                continue
            now = length if is_point else min(length, round(trial.done(event)))
            bar.update(max(0, now - reached[event.cell]))
            reached[event.cell] = max(now, reached[event.cell])
    return points
