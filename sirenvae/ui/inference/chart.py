"""The race as a chart and as a table: plain values in, ECharts options, Markdown and sentences out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.ui.shared.charts import SYMBOLS, chart_of, round_axis, round_step
from sirenvae.ui.shared.look import counted

NEAR = 0.1  # nats above its floor, where a learner counts as there
_ROOM = 1.25  # how much higher than the highest floor the axis reaches
_SPREADS = 3  # how far it reaches where there are no floors, in distances between the best curve and the worst
_LEAST_TOP = 0.5  # nats that it reaches in any case
_CLOSE = 0.06  # share of the axis: two floors nearer than that have their labels apart
_ABOVE = "insideStartTop"  # where a label stands
_BESIDE = 200  # pixels from a label to the one beside it
_FAINT = 0.35  # the opacity of a curve of an inverse that was changed since
_LEAST_FLOOR = 5e-4  # nats: below it a floor is zero to the digits shown


@dataclass(frozen=True)
class Racer:
    """An inverse in the race.

    Attributes:
        name: In the registry.
        edges: Of the inverse.
        floor: The least divergence that it allows, nats; ``None`` where it has no formula.
        curve: Pairs of step and nats so far.
        is_old: Whether the curve is that of an inverse before it was changed.
    """

    name: str
    edges: int
    floor: float | None
    curve: tuple[tuple[int, float], ...] = ()
    is_old: bool = False

    @property
    def now(self) -> float | None:
        """Its last value."""
        return self.curve[-1][1] if self.curve and not self.is_old else None

    @property
    def steps_until_near(self) -> int | None:
        """After how many steps it was within 0.1 nats of its floor and stayed there."""
        if self.floor is None or self.now is None or self.now > self.floor + NEAR:
            return None
        far = [step for step, nats in self.curve if nats > self.floor + NEAR]
        return next(step for step, _ in self.curve if not far or step > far[-1])


def curves_of(progress: Iterable[Mapping], rows: Iterable[Mapping]) -> dict[str, tuple[tuple[int, float], ...]]:
    """The curve of each inverse from the reports and the results of a run; what is not finite is left out."""
    curves: dict[str, dict[int, float]] = {}
    for record in progress:
        curves.setdefault(record["model"], {})[record["step"]] = record["nats"]
    for row in rows:
        curves.setdefault(row["inverse"], {})[row["steps"]] = row["nats"]
    return {name: tuple(one for one in curve.items() if math.isfinite(one[1])) for name, curve in curves.items()}


def race_chart(racers: Iterable[Racer], num_steps: int, is_linear: bool, dark: bool) -> dict:
    """The curves of all inverses over the steps, each floor as a dashed line of the same colour, the exact one at 0."""
    racers = list(racers)
    series = [_curve(racer) for racer in racers]
    if is_linear:
        series.append(_floors(racers, dark))
    axis = {"type": "log", "min": max(1, num_steps // 50), "max": num_steps, "name": "training steps (log scale)"}
    return chart_of(series, axis | {"minorTick": {"show": False}}, _nats_axis(racers, is_linear), "axis", dark)


def _nats_axis(racers: list[Racer], is_linear: bool) -> dict:
    """From zero to somewhat above the floors; the first steps lie far above, and nobody needs to see how far."""
    if is_linear:
        return {"min": 0, "max": _top(racers), "interval": round_step(_top(racers) / 8)}
    last = [racer.curve[-1][1] for racer in racers if racer.curve]
    if not last:
        return {"min": 0, "max": 1}
    return round_axis([min(last), min(last) + max(1.0, _SPREADS * (max(last) - min(last)))])


def _top(racers: list[Racer]) -> float:
    top = max(_LEAST_TOP, _ROOM * max(racer.floor for racer in racers))
    step = round_step(top / 8)
    return round(math.ceil(top / step - 1e-9) * step, 6)


def _curve(racer: Racer) -> dict:
    look = INVERSES[racer.name]
    data = [[step, round(nats, 4)] for step, nats in racer.curve]
    style = {"width": 3 if racer.name == OWN_INVERSE else 2.4, "color": look.colour}
    label = f"{look.label}, before the change" if racer.is_old else look.label
    opacity = _FAINT if racer.is_old else 1
    return {
        "type": "line",
        "name": label,
        "data": data,
        "color": look.colour,
        "symbol": SYMBOLS[look.symbol],
        "symbolSize": 9 if racer.name == OWN_INVERSE else 7,
        "itemStyle": {"color": look.colour, "opacity": opacity},
        "lineStyle": style | {"opacity": opacity},
        "z": 4 if racer.name == OWN_INVERSE else 3,
        "in_legend": True,
    }


def _floors(racers: list[Racer], dark: bool) -> dict:
    """Labels stand at the left, where the curves are still high above.

    Of two floors that are close the lower one has its label below, or, close to zero, they stand side by side.
    """
    black, close = "#FFFFFF" if dark else "#000000", _CLOSE * _top(racers)
    marks, last, beside = [_mark(0.0, "exact", black, black, 0)], 0.0, 0
    for racer in sorted((r for r in racers if r.floor > _LEAST_FLOOR), key=lambda racer: racer.floor):
        look = INVERSES[racer.name]
        is_close = racer.floor - last < close
        if is_close and last > close and not beside and marks[-2]["label"]["position"] == _ABOVE:
            marks[-1]["label"]["position"] = "insideStartBottom"
        else:
            beside = beside + _BESIDE if is_close else 0
        last = racer.floor
        mark = _mark(racer.floor, f"floor, {look.label}: {racer.floor:.3f}", look.colour, black, beside)
        if racer.name == OWN_INVERSE:
            mark["label"]["fontWeight"], mark["lineStyle"]["width"] = "bold", 4
        marks.append(mark)
    mark = {"silent": True, "symbol": "none", "animation": False, "data": marks}
    return {"type": "line", "name": "floors", "data": [], "markLine": mark}


def _mark(nats: float, words: str, colour: str, ink: str, indent: int) -> dict:
    label = {
        "formatter": words,
        "position": _ABOVE,
        "color": ink,
        "fontSize": 12,
        "padding": [0, 0, 0, indent],
    }
    return {"yAxis": round(nats, 5), "label": label, "lineStyle": {"color": colour, "type": "dashed", "width": 2}}


def race_table(racers: Iterable[Racer], is_linear: bool) -> str:
    """A row for each inverse, as Markdown."""
    if not is_linear:
        lines = ["| inverse | edges | −log q now, nats |", "|:--|--:|--:|"]
        return "\n".join([*lines, *(f"| {_named(r)} | {r.edges:,} | {_nats(r.now)} |" for r in racers)])
    lines = [
        f"| inverse | edges | floor | now | above it | steps until {NEAR:g} above it |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for racer in racers:
        above = None if racer.now is None else racer.now - racer.floor
        steps = "–" if racer.steps_until_near is None else f"{racer.steps_until_near:,}"
        cells = (_named(racer), f"{racer.edges:,}", _nats(racer.floor), _nats(racer.now), _nats(above), steps)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _named(racer: Racer) -> str:
    label = INVERSES[racer.name].label
    return f"**{label}**" if racer.name == OWN_INVERSE else label


def _nats(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def findings(racers: Iterable[Racer], is_linear: bool) -> list[str]:
    """What the race shows so far, in sentences; nothing before there is something to say."""
    running = [racer for racer in racers if racer.now is not None]
    if not running:
        return []
    if not is_linear:
        best = min(running, key=lambda racer: racer.now)
        return [f"Lowest so far: {INVERSES[best.name].words}, with {counted(best.edges, 'edge')}."]
    said, held = [], [racer for racer in running if racer.floor > _LEAST_FLOOR]
    if there := [racer for racer in held if racer.steps_until_near is not None]:
        each = ", ".join(f"{INVERSES[racer.name].words} ({racer.floor:.2f} nats)" for racer in there)
        which = (
            "it claims an independence that does not hold" if len(there) == 1 else "each claims a false independence"
        )
        said.append(f"At the floor: **{each}**. So much stays however long they train, for {which}.")
    near = [racer for racer in running if racer not in held and racer.steps_until_near is not None]
    near.sort(key=lambda racer: racer.steps_until_near)
    if near:
        each = [
            f"{INVERSES[racer.name].words} ({counted(racer.edges, 'edge')}) after {racer.steps_until_near:,}"
            for racer in near
        ]
        said.append(f"Within {NEAR:g} nats of the exact posterior: {', '.join(each)} steps.")
    return said
