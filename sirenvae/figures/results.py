"""Table 1 at a glance: the excess NLL of every learner, with few training points and with many, as a plotly figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sirenvae.figures.elbo import MODEL_LOOKS

if TYPE_CHECKING:
    import plotly.graph_objects as go

TRUTH = "truth"
CLASSICAL = {  # learners that are no VAE
    "independent_gaussians": ("independent Gaussians", "#CC79A7", "triangle-down"),
    "ledoit_wolf": ("covariance, Ledoit-Wolf", "#CC79A7", "triangle-left"),
    "factor_analysis": ("factor analysis", "#CC79A7", "triangle-right"),
    "linear_gaussian_bn": ("linear BN", "#CC79A7", "triangle-up"),
    "linear_gaussian_bn_ridge": ("linear BN, ridge", "#CC79A7", "star"),
}
_LOOKS = MODEL_LOOKS | CLASSICAL
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
    name = _LOOKS[row["learner"]][0].removeprefix("SIReN-VAE, ")
    return f"{name}, {row['recipe']}" if row["recipe"] and len(recipes) > 1 else name


def recipes_of(rows: Sequence[dict]) -> list[str]:
    """The recipes of some rows of table 1, in their order."""
    return list(dict.fromkeys(row["recipe"] for row in rows if row["recipe"]))


def measured(rows: Sequence[dict]) -> dict[int, list[dict]]:
    """The rows with an excess NLL by their training points per variable, fewest first."""
    found = [row for row in rows if row["excess_nll_mean"] is not None]
    return {multiple: [r for r in found if r["multiple"] == multiple] for multiple in sorted_multiples(found)}


def sorted_multiples(rows: Sequence[dict]) -> list[int]:
    """The training points per variable that occur."""
    return sorted({row["multiple"] for row in rows if row["multiple"]})


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
        rows: As :func:`sirenvae.experiments.table1.table` gives them, or of the reference results.
        network: Whose rows are shown.
        dark: Whether it stands on a dark page.

    Returns:
        The figure. Filled marks with whiskers are means and standard deviations over runs, hollow marks the paper's
        numbers, and the truth is the dashed line at 0.
    """
    from plotly.subplots import make_subplots

    rows = [row for row in rows if row["network"] == network]
    panels = measured(rows)
    heights = [len(panel) for panel in panels.values()]
    titles = [f"<b>{panel[0]['training_points']:,} points</b>, {k} per variable" for k, panel in panels.items()]
    inner = _ROW * sum(heights) + _GAP * (len(panels) - 1)
    figure = make_subplots(
        rows=len(panels),
        cols=1,
        shared_xaxes=True,
        row_heights=heights,
        vertical_spacing=_GAP / inner if len(panels) > 1 else 0,
        subplot_titles=titles,
    )
    figure.update_annotations(x=0, xanchor="left", yshift=17)  # above the name of the dashed line
    for number, panel in enumerate(panels.values(), start=1):
        _draw_panel(figure, number, panel, recipes_of(rows))
    _draw_truth(figure, rows, len(panels), dark)
    ticks = dict(tickvals=[squeezed(nats) for nats in _TICKS], ticktext=[str(nats) for nats in _TICKS])
    figure.update_xaxes(**ticks, range=_range(rows), zeroline=False, fixedrange=True, showticklabels=True, tickangle=0)
    figure.update_xaxes(title_text="excess NLL, nats", row=len(panels))
    figure.update_layout(height=inner + _TOP + _BOTTOM, margin=dict(l=10, r=58, t=_TOP, b=_BOTTOM), showlegend=False)
    return in_ink(figure, dark)


def in_ink(figure: go.Figure, dark: bool) -> go.Figure:
    """The figure with all its words in the colour of the page's text."""
    ink = "#E8EBEE" if dark else "#1B1F24"
    figure.update_xaxes(tickfont_color=ink, title_font_color=ink)
    figure.update_yaxes(tickfont_color=ink, title_font_color=ink)
    figure.update_annotations(font_color=ink)
    return figure.update_layout(font_color=ink, legend_font_color=ink)


def _draw_panel(figure: go.Figure, number: int, panel: list[dict], recipes: list[str]) -> None:
    places = list(range(len(panel), 0, -1))
    names = [learner_name(row, recipes) for row in panel]
    for row, name, place in zip(panel, names, places, strict=True):
        mean, deviation = row["excess_nll_mean"], row["excess_nll_sd"] or 0.0
        _, colour, symbol = _LOOKS[row["learner"]]
        figure.add_scatter(
            x=[squeezed(mean)],
            y=[place],
            error_x=dict(
                array=[squeezed(mean + deviation) - squeezed(mean)],
                arrayminus=[squeezed(mean) - squeezed(mean - deviation)],
                color=colour,
                thickness=2,
                width=5,
            ),
            mode="markers",
            marker=dict(symbol=symbol, size=11, color=colour),
            hovertemplate=f"{name}: {mean:.3f} ± {deviation:.3f} nats<extra></extra>",
            row=number,
            col=1,
        )
        if row["paper_excess_nll"] is not None:
            figure.add_scatter(
                x=[squeezed(row["paper_excess_nll"])],
                y=[place],
                mode="markers",
                marker=dict(symbol=f"{symbol}-open", size=11, color=colour, line_width=2),
                hovertemplate=f"{name}, the paper: {row['paper_excess_nll']:.2f} nats<extra></extra>",
                row=number,
                col=1,
            )
        figure.add_annotation(
            x=1, y=place, xref="x domain", text=short_nats(mean), showarrow=False, xanchor="left", row=number, col=1
        )
    limits = [0.4, len(panel) + 0.6]
    figure.update_yaxes(tickvals=places, ticktext=names, range=limits, fixedrange=True, row=number, col=1)
    figure.update_yaxes(automargin=True, ticksuffix="  ", zeroline=False)


def _draw_truth(figure: go.Figure, rows: Sequence[dict], num_panels: int, dark: bool) -> None:
    error = max((row["nll_standard_error"] or 0.0 for row in rows if row["learner"] == TRUTH), default=0.0)
    colour = "#FFFFFF" if dark else "#000000"
    for number in range(1, num_panels + 1):
        if error:
            edges = dict(x0=squeezed(-error), x1=squeezed(error))
            figure.add_vrect(**edges, fillcolor=colour, opacity=0.15, line_width=0, row=number, col=1)
        figure.add_vline(0, line=dict(color=colour, dash="dash", width=2), row=number, col=1)
        figure.add_annotation(
            x=0, y=1, yref="y domain", yanchor="bottom", xanchor="left", xshift=-4, showarrow=False,
            text=f"estimated ± {error:.2g}" if error else "exact", row=number, col=1,
        )  # fmt: skip


def _range(rows: Sequence[dict]) -> list[float]:
    means = [
        (row["excess_nll_mean"], row["excess_nll_sd"] or 0.0) for panel in measured(rows).values() for row in panel
    ]
    papers = [row["paper_excess_nll"] or 0.0 for row in rows]
    low = min([0.0, *(squeezed(mean - deviation) for mean, deviation in means)])
    high = max(squeezed(value) for value in (*papers, *(mean + deviation for mean, deviation in means)))
    return [low - 0.15, high + 0.3]
