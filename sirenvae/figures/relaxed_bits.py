"""Densities of a relaxed bit at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00")


def relaxed_bit_figure(temperatures: Sequence[float], logit: float = 0.0, title: str = "") -> go.Figure:
    """The density of a relaxed bit between 0 and 1: the lower the temperature, the more it is a bit.

    Arguments:
        temperatures: At most five.
        logit: Log odds of 1 against 0.
        title: Of the figure.

    Source:
        Maddison, Mnih & Teh, The Concrete Distribution (2017), appendix B.
    """
    figure = go.Figure()
    s = np.linspace(0.002, 0.998, 499)
    for temperature, colour in zip(temperatures, _COLOURS, strict=False):
        away = logit - temperature * np.log(s / (1 - s))
        density = temperature * np.exp(away - 2 * np.logaddexp(0, away)) / (s * (1 - s))
        figure.add_scatter(
            x=s,
            y=density,
            mode="lines",
            name=f"temperature {temperature:.2g}",
            line=dict(color=colour, width=2),
            hovertemplate="%{x:.2f}: %{y:.2f}",
        )
    return figure.update_layout(
        title=title,
        template="plotly_white",
        xaxis_title="value of the relaxed bit",
        yaxis=dict(title="density", range=[0, 4]),
        height=320,
        margin=dict(l=60, r=20, t=60 if title else 20, b=50),
    )
