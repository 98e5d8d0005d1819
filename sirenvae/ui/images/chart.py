"""The charts of the page, as ECharts options: plain values in, plain values out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sirenvae.figures.nami4 import LOOKS
from sirenvae.ui.shared.charts import SYMBOLS, chart_of, round_axis

MEASURES = {"neg_elbo": "negative ELBO", "neg_ais": "negative evidence (AIS)", "gap": "gap: evidence less ELBO"}
_SPREADS = 3  # how far above the best an axis reaches, in distances between the ends of the curves
_LEAST = 1.5  # nats that it reaches in any case
_BACK = "#CC79A7"


def curves_of(progress: Iterable[Mapping], rows: Iterable[Mapping], measure: str) -> dict[str, list[list[float]]]:
    """Pairs of step and nats for each encoder, from the reports and the results of a run."""
    curves: dict[str, list[list[float]]] = {}
    found = [(record["model"], record["step"], record) for record in progress]
    found += [(row["encoder"], row["steps"], row) for row in rows]
    for encoder, step, values in found:
        if math.isfinite(values.get(measure, math.nan)):
            curves.setdefault(encoder, []).append([step, round(values[measure], 4)])
    return curves


def measure_chart(curves: Mapping[str, list], num_steps: int, dark: bool) -> dict:
    """One measure of every encoder over the steps."""
    series = [
        {
            "type": "line",
            "name": LOOKS[encoder][0],
            "data": curve,
            "color": LOOKS[encoder][1],
            "symbol": SYMBOLS[LOOKS[encoder][2]],
            "symbolSize": 7,
            "lineStyle": {"width": 2.4, "color": LOOKS[encoder][1]},
            "in_legend": True,
        }
        for encoder, curve in curves.items()
    ]
    x_axis = {"type": "log", "min": max(1, num_steps // 50), "max": num_steps, "name": "training steps"}
    y_axis = {"min": 0, "max": 1}
    if begun := [curve for curve in curves.values() if curve]:
        last = [curve[-1][1] for curve in begun]
        top = min(last) + max(_LEAST, _SPREADS * (max(last) - min(last)))
        y_axis = round_axis([min(value for curve in begun for _, value in curve), top])
    return chart_of(series, x_axis | {"minorTick": {"show": False}}, y_axis, "axis", dark)


def relaxation_chart(temperature: float, dark: bool) -> dict:
    """The density of a relaxed bit that is as likely 1 as 0."""
    s = np.linspace(0.004, 0.996, 249)
    away = -temperature * np.log(s / (1 - s))
    density = temperature * np.exp(away - 2 * np.logaddexp(0, away)) / (s * (1 - s))
    curve = {
        "type": "line",
        "name": "density",
        "data": [[round(float(a), 3), round(float(min(b, 6)), 3)] for a, b in zip(s, density, strict=True)],
        "showSymbol": False,
        "areaStyle": {"opacity": 0.25},
        "color": "#0072B2",
        "lineStyle": {"width": 2, "color": "#0072B2"},
    }
    chart = chart_of([curve], {"type": "value", "min": 0, "max": 1, "name": "value of the bit"}, {}, "axis", dark)
    chart["yAxis"] |= {"name": "density", "min": 0, "max": 4}
    return chart


def evidence_chart(found: Sequence[Mapping], colour: str, dark: bool) -> dict:
    """What chains say of one image's log evidence, against how many temperatures they take.

    Arguments:
        found: For each number of ``temperatures`` what the chains ``there`` say, one number each, and their ``lower``
            bound; where the model drew the image, what those ``back`` say and their ``upper`` bound.
        colour: Of the chains there.
        dark: Whether the page is dark.
    """
    series = [*_side(found, "there", "lower", "chains from q", colour), *_side(found, "back", "upper", "back", _BACK)]
    x_axis = {"type": "log", "min": 1, "max": 300, "name": "temperatures", "minorTick": {"show": False}}
    y_axis = {"min": -1, "max": 0}
    bounds = [one[name] for one in found for name in ("lower", "upper") if one.get(name) is not None]
    if bounds:
        close = [value for one in found[1:] for name in ("there", "back") for value in one.get(name) or ()]
        y_axis = round_axis([min(bounds + close), max(bounds + close)])
    return chart_of(series, x_axis, y_axis, "item", dark)


def _side(found: Sequence[Mapping], chains: str, bound: str, name: str, colour: str) -> list[dict]:
    dots = [[one["temperatures"], round(value, 3)] for one in found for value in one.get(chains) or ()]
    line = [[one["temperatures"], round(one[bound], 3)] for one in found if one.get(bound) is not None]
    if not line:
        return []
    style = {"color": colour, "symbol": "circle"}
    return [
        {"type": "scatter", "name": f"{name}, each", "data": dots, "symbolSize": 6, "itemStyle": {"opacity": 0.45}}
        | style,
        {
            "type": "line",
            "name": f"{name}: {bound} bound",
            "data": line,
            "symbolSize": 9,
            "lineStyle": {"width": 2.6, "color": colour},
            "in_legend": True,
        }
        | style,
    ]
