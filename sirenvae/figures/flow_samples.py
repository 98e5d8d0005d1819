"""What a trained flow draws beside what the network draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sirenvae.experiments.shown.samples import Samples

TRUTH, MODEL = "#7F7F7F", "#009E73"
_DRAWN = 1000  # of the points, in the figure


def samples_table(samples: Samples) -> list[dict[str, str]]:
    """Means, standard deviations and the correlation of both, a row each."""
    rows = []
    for k, name in enumerate(samples.names):
        for what, of in (("mean", np.mean), ("standard deviation", np.std)):
            values = (of(side[:, k]) for side in (samples.truth, samples.model))
            rows.append(_row(f"{what} of {name}", *values))
    if len(samples.names) > 1:
        values = (np.corrcoef(side.T)[0, 1] for side in (samples.truth, samples.model))
        rows.append(_row(f"correlation of {' and '.join(samples.names)}", *values))
    return rows


def _row(what: str, truth: float, model: float) -> dict[str, str]:
    return {"": what, "network": f"{truth:.2f}", "flow, inverted": f"{model:.2f}"}


def samples_figure(samples: Samples) -> go.Figure:
    """Two clouds with the same axes side by side, or two histograms of a single variable."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    sides = [("network", samples.truth, TRUTH), ("flow, inverted", samples.model, MODEL)]
    figure = make_subplots(
        rows=1, cols=2, subplot_titles=[title for title, *_ in sides], shared_xaxes="all", shared_yaxes="all"
    )
    for column, (title, values, colour) in enumerate(sides, start=1):
        if values.shape[1] == 1:
            trace = go.Histogram(x=values[:, 0], nbinsx=40, marker_color=colour, histnorm="probability density")
        else:
            x, y = values[:_DRAWN].T
            trace = go.Scattergl(x=x, y=y, mode="markers", marker=dict(color=colour, size=4, opacity=0.6))
        figure.add_trace(trace.update(name=title, showlegend=False), row=1, col=column)
    figure.update_xaxes(title_text=samples.names[0])
    figure.update_yaxes(title_text="density" if len(samples.names) == 1 else samples.names[1], col=1)
    return figure.update_layout(height=380, margin=dict(l=50, r=10, t=40, b=45))
