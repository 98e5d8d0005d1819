"""Table 1 at a glance: the excess NLL of every learner, with few training points and with many, as a plotly figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sirenvae.experiments.registry import LEARNERS, TRUTH

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LINEAR_BELOW = 0.003  # nats; from here on the axis is nearly logarithmic
_TICKS = (0, 0.01, 0.1, 1, 10, 100)
_ROW, _GAP, _TOP, _BOTTOM = 25, 84, 56, 50  # pixels


def squeezed(nats: float) -> float:
    """Where a number of nats lies on the axis, on which 0, 0.01 and 10 can all be read.

    >>> [round(squeezed(nats), 2) for nats in (-0.01, 0, 0.01, 0.1, 1, 10)]
    [-0.64, 0.0, 0.64, 1.54, 2.52, 3.52]
    """
    return math.copysign(math.log10(1 + abs(nats) / _LINEAR_BELOW), nats)


def learner_name(row: dict, recipes: Sequence[str] = ()) -> str:
    """A learner in a few words, with its recipe if there is more than one.

    >>> learner_name({"learner": "true", "recipe": "selected"}, ("default", "selected"))
    'true structure, selected'
    """
    name = LEARNERS[row["learner"]].short
    return f"{name}, {row['recipe']}" if row["recipe"] and len(recipes) > 1 else name


def recipes_of(rows: Sequence[dict]) -> list[str]:
    """The recipes of some rows of table 1, in their order."""
    return list(dict.fromkeys(row["recipe"] for row in rows if row["recipe"]))


def measured(rows: Sequence[dict]) -> dict[int, list[dict]]:
    """The rows with an excess NLL by their training points per variable, fewest first."""
    found = [row for row in rows if row["excess_nll_mean"] is not None]
    multiples = sorted({row["multiple"] for row in found})
    return {multiple: [row for row in found if row["multiple"] == multiple] for multiple in multiples}


def short_nats(nats: float) -> str:
    """A number of nats with as many decimals as it deserves.

    >>> [short_nats(nats) for nats in (0.0123, 0.795, 37.1, -0.0001)]
    ['0.012', '0.80', '37.1', '0.000']
    """
    digits = 3 if abs(nats) < 0.1 else 2 if abs(nats) < 10 else 1
    return f"{round(nats, digits) + 0.0:.{digits}f}"


def excess_figure(rows: Sequence[dict], network: str, dark: bool = False) -> go.Figure:
    """Excess NLL over the truth, a panel for each training-set size and a line for each learner.

    Arguments:
        rows: As :meth:`sirenvae.experiments.table1.Table1.rows` gives them, or of the reference results.
        network: Whose rows are shown.
        dark: Whether it stands on a dark page.

    Returns:
        The figure. Filled marks with whiskers are means and standard deviations over runs, hollow marks the paper's
        numbers, and the truth is the dashed line at 0.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), Table 1, for the hollow marks.
    """
    import plotly.graph_objects as go

    rows = [row for row in rows if row["network"] == network]
    panels = list(measured(rows).values())
    inner = _ROW * sum(map(len, panels)) + _GAP * (len(panels) - 1)
    error = max((row["nll_standard_error"] or 0.0 for row in rows if row["learner"] == TRUTH), default=0.0)
    truth = f"estimated ± {error:.2g}" if error else "exact"
    traces, notes, shapes, axes, top = [], [], [], {}, inner
    for number, panel in enumerate(panels, start=1):
        axis = "" if number == 1 else str(number)
        bottom = top - _ROW * len(panel)
        names = [learner_name(row, recipes_of(rows)) for row in panel]
        traces += [trace for place, row in enumerate(panel) for trace in _marks(row, names[place], -place, axis)]
        notes += _notes(panel, truth, axis)
        shapes += _truth_line(error, axis, dark)
        axes[f"xaxis{axis}"] = _across(rows, axis, "excess NLL, nats" if number == len(panels) else "")
        axes[f"yaxis{axis}"] = _names(names, [bottom / inner, top / inner], axis)
        top = bottom - _GAP
    layout = dict(height=inner + _TOP + _BOTTOM, margin=dict(l=10, r=58, t=_TOP, b=_BOTTOM), showlegend=False)
    return in_ink(go.Figure(traces, layout | axes | dict(annotations=notes, shapes=shapes)), dark)


def in_ink(figure: go.Figure, dark: bool) -> go.Figure:
    """The figure with all its words in the colour of the page's text."""
    ink = "#E8EBEE" if dark else "#1B1F24"
    figure.update_xaxes(tickfont_color=ink, title_font_color=ink)
    figure.update_yaxes(tickfont_color=ink, title_font_color=ink)
    figure.update_annotations(font_color=ink)
    return figure.update_layout(font_color=ink, legend_font_color=ink)


def _marks(row: dict, name: str, place: int, axis: str) -> list[dict]:
    """A learner's mark with its whiskers, and the paper's."""
    mean, deviation, paper = row["excess_nll_mean"], row["excess_nll_sd"] or 0.0, row.get("paper_excess_nll")
    learner = LEARNERS[row["learner"]]
    common = dict(type="scatter", mode="markers", y=[place], xaxis=f"x{axis}", yaxis=f"y{axis}")
    whiskers = dict(
        array=[squeezed(mean + deviation) - squeezed(mean)],
        arrayminus=[squeezed(mean) - squeezed(mean - deviation)],
        color=learner.colour,
        thickness=2,
        width=5,
    )
    ours = common | dict(
        x=[squeezed(mean)],
        error_x=whiskers,
        marker=dict(symbol=learner.symbol, size=11, color=learner.colour),
        hovertemplate=f"{name}: {mean:.3f} ± {deviation:.3f} nats<extra></extra>",
    )
    if paper is None:
        return [ours]
    hollow = dict(symbol=f"{learner.symbol}-open", size=11, color=learner.colour, line=dict(width=2))
    words = f"{name}, the paper: {paper:.2f} nats<extra></extra>"
    return [ours, common | dict(x=[squeezed(paper)], marker=hollow, hovertemplate=words)]


def _notes(panel: list[dict], truth: str, axis: str) -> list[dict]:
    """The title of a panel, what its dashed line is, and every mean as a number."""
    title = f"<b>{panel[0]['training_points']:,} points</b>, {panel[0]['multiple']} per variable"
    above = dict(y=1, yref=f"y{axis} domain", yanchor="bottom", xanchor="left", showarrow=False)
    beside = dict(x=1, xref=f"x{axis} domain", yref=f"y{axis}", xanchor="left", showarrow=False)
    return [
        above | dict(text=title, x=0, xref=f"x{axis} domain", yshift=17, font=dict(size=15)),
        above | dict(text=truth, x=0, xref=f"x{axis}", xshift=-4),
        *(beside | dict(text=short_nats(row["excess_nll_mean"]), y=-place) for place, row in enumerate(panel)),
    ]


def _truth_line(error: float, axis: str, dark: bool) -> list[dict]:
    """The dashed line at 0, and one standard error to either side where the truth is estimated."""
    colour = "#FFFFFF" if dark else "#000000"
    place = dict(y0=0, y1=1, xref=f"x{axis}", yref=f"y{axis} domain")
    line = place | dict(type="line", x0=0, x1=0, line=dict(color=colour, dash="dash", width=2))
    band = place | dict(type="rect", x0=squeezed(-error), x1=squeezed(error), fillcolor=colour, opacity=0.15)
    return [band | dict(line=dict(width=0)), line] if error else [line]


def _across(rows: Sequence[dict], axis: str, title: str) -> dict:
    ticks = dict(tickvals=[squeezed(nats) for nats in _TICKS], ticktext=[str(nats) for nats in _TICKS], tickangle=0)
    same = dict(zeroline=False, fixedrange=True, anchor=f"y{axis}")
    return ticks | same | dict(range=_range(rows), title=dict(text=title))


def _names(names: list[str], domain: list[float], axis: str) -> dict:
    ticks = dict(tickvals=[-place for place in range(len(names))], ticktext=names, ticksuffix="  ", automargin=True)
    same = dict(zeroline=False, fixedrange=True, anchor=f"x{axis}")
    return ticks | same | dict(range=[0.6 - len(names), 0.6], domain=domain)


def _range(rows: Sequence[dict]) -> list[float]:
    means = [
        (row["excess_nll_mean"], row["excess_nll_sd"] or 0.0) for panel in measured(rows).values() for row in panel
    ]
    papers = [row.get("paper_excess_nll") or 0.0 for row in rows]
    low = min([0.0, *(squeezed(mean - deviation) for mean, deviation in means)])
    high = max(squeezed(value) for value in (*papers, *(mean + deviation for mean, deviation in means)))
    return [low - 0.15, high + 0.3]
