"""The table of the SIReN-VAE paper as a picture: the excess over the truth, and the paper's beside it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sirenvae.figures.elbo import MODEL_LOOKS

_REFERENCES = {
    "independent_gaussians": "independent Gaussians",
    "ledoit_wolf": "covariance, Ledoit-Wolf",
    "factor_analysis": "factor analysis",
    "linear_gaussian_bn": "linear BN, known structure",
    "linear_gaussian_bn_ridge": "linear BN, with ridge",
}
_TICKS = [digit * 10.0**power for power in range(-4, 3) for digit in (1, 3)]
_REFERENCE_LOOK = ("#CC79A7", "triangle-up")


def excess_figure(rows: Sequence[dict], network: str) -> go.Figure:
    """Excess NLL of each learner on a log axis, a column for each size of the training set.

    Arguments:
        rows: Of :func:`sirenvae.experiments.table1.table` or of the reference results, the truth among them or not.
        network: Whose rows are shown.

    Returns:
        The figure: a mark for the mean with its standard deviation over runs, and a hollow one for the paper's number.
    """
    rows = [row for row in rows if row["network"] == network and row["excess_nll_mean"] is not None]
    multiples = sorted({row["multiple"] for row in rows})
    names = list(dict.fromkeys(_name(row) for row in rows))
    titles = [f"{m} point{'s' * (m > 1)} per variable" for m in multiples]
    figure = make_subplots(rows=1, cols=len(multiples), subplot_titles=titles, shared_yaxes=True)
    shown: set[str] = set()
    for column, multiple in enumerate(multiples, start=1):
        mine = [row for row in rows if row["multiple"] == multiple]
        for row in mine:
            colour, symbol = _look(row)
            figure.add_trace(
                go.Scatter(
                    x=[row["excess_nll_mean"]],
                    y=[_name(row)],
                    error_x=dict(array=[row["excess_nll_sd"] or 0.0], color=colour),
                    mode="markers",
                    marker=dict(color=colour, symbol=symbol, size=10),
                    name=_name(row),
                    showlegend=False,
                    hovertemplate="%{x:.3f} nats",
                ),
                row=1,
                col=column,
            )
        printed = [row for row in mine if row["paper_excess_nll"] is not None]
        if printed:
            figure.add_trace(
                go.Scatter(
                    x=[row["paper_excess_nll"] for row in printed],
                    y=[_name(row) for row in printed],
                    mode="markers",
                    marker=dict(color="#000000", symbol="square-open", size=11, line_width=2),
                    name="the paper",
                    showlegend="paper" not in shown,
                ),
                row=1,
                col=column,
            )
            shown.add("paper")
    figure.update_xaxes(type="log", title="excess NLL (nats)", tickvals=_TICKS, minor_showgrid=False)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    return figure.update_layout(
        template="plotly_white",
        title=network,
        height=140 + 26 * len(names),
        margin=dict(l=10, r=20, t=70, b=50),
        legend=dict(orientation="h", x=0, y=-0.16, yanchor="top"),
    )


def _name(row: dict) -> str:
    name = MODEL_LOOKS[row["learner"]][0] if row["learner"] in MODEL_LOOKS else _REFERENCES[row["learner"]]
    return name if row["recipe"] is None else f"{name} ({row['recipe']})"


def _look(row: dict) -> tuple[str, str]:
    return MODEL_LOOKS[row["learner"]][1:] if row["learner"] in MODEL_LOOKS else _REFERENCE_LOOK
