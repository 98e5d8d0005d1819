"""What live charts share, as ECharts options: plain values in, plain values out."""

from __future__ import annotations

import math

_CROSS = "path://M2,0 L5,3 L8,0 L10,2 L7,5 L10,8 L8,10 L5,7 L2,10 L0,8 L3,5 L0,2 Z"
_STAR = "path://M5,0 L6.5,3.5 L10,4 L7.4,6.4 L8.1,10 L5,8.2 L1.9,10 L2.6,6.4 L0,4 L3.5,3.5 Z"
# As ECharts has them, by the names of plotly.
SYMBOLS = {"circle": "circle", "square": "rect", "diamond": "diamond", "triangle-up": "triangle"}
SYMBOLS |= {"x": _CROSS, "star": _STAR}


def chart_of(series: list[dict], x_axis: dict, y_axis: dict, trigger: str, dark: bool) -> dict:
    """A chart with a legend of the series that are ``in_legend``, its y axis in nats.

    Arguments:
        series: As ECharts has them.
        x_axis, y_axis: What is special about the axes.
        trigger: What the tooltip is about, ``"axis"`` or ``"item"``.
        dark: Whether the page is dark.
    """
    names = [one["name"] for one in series if one.pop("in_legend", False)]
    below = 76 if len(names) > 2 else 58 if names else 38  # the axis' name and the legend
    ink, grid = ("#D5DADF", "#3A424B") if dark else ("#3B424A", "#E3E7EB")
    words = {"color": ink}
    label = {"axisLabel": words | x_axis.pop("axisLabel", {}), "nameTextStyle": words}
    lines = {"axisLine": {"lineStyle": words}, "splitLine": {"lineStyle": {"color": grid}}}
    return {
        "animation": False,
        "textStyle": words,
        "grid": {"left": 8, "right": 16, "top": 26, "bottom": below, "containLabel": True},
        "legend": {"data": names, "bottom": 0, "left": "center", "itemWidth": 30, "textStyle": words},
        "tooltip": {"trigger": trigger, "valueFormatter": "%.2f", "confine": True},
        "xAxis": {"nameLocation": "middle", "nameGap": 28, **lines, **label, **x_axis},
        "yAxis": {"type": "value", "name": "nats", "nameLocation": "end", **lines, "axisLabel": words, **y_axis}
        | {"nameTextStyle": words},
        "series": series,
    }


def round_axis(values: list[float]) -> dict:
    """Limits at round numbers with some air around the values, so that the axis seldom jumps."""
    low, high = min(values), max(values)
    air = max(0.08 * (high - low), 0.1)
    step = round_step((high - low + 2 * air) / 8)
    return {
        "min": round(math.floor((low - air) / step) * step, 6),
        "max": round(math.ceil((high + air) / step) * step, 6),
        "interval": step,
    }


def round_step(about: float) -> float:
    """A step between ticks: the least of 1, 2, 5, 10 times a power of ten that is about so large or larger."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(multiple * power for multiple in (1, 2, 5, 10) if multiple * power >= about * 0.999)
