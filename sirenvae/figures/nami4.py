"""A relaxed Bernoulli VAE against the capacity of its encoder: negative ELBO, negative AIS, and the gap between them.

Source:
    Figure 4 of Webb et al., Faithful Inversion of Generative Models (2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

# Label, colour, symbol; Okabe-Ito, safe for colour-blind eyes.
LOOKS = {
    "mean_field": ("mean field", "#E69F00", "x"),
    "faithful": ("faithful (NaMI), by MADE", "#009E73", "circle"),
}
_PANELS = {
    "neg_elbo": "negative ELBO",
    "neg_ais": "negative AIS (solid), IWAE (dotted)",
    "gap": "gap: AIS less ELBO",
}


def nami4_figure(rows: Sequence[dict], title: str = "", dark: bool = False) -> go.Figure:
    """The three panels; points are means over runs, bars one standard deviation.

    Arguments:
        rows: As :meth:`sirenvae.experiments.nami4.Nami4.rows` gives them.
        title: Of the figure.
        dark: Whether it stands on a dark page.
    """
    figure = make_subplots(cols=3, subplot_titles=list(_PANELS.values()), horizontal_spacing=0.07)
    for name in LOOKS:
        curve = sorted((row for row in rows if row["encoder"] == name), key=lambda row: row["active_weights"])
        if not curve:
            continue
        for column, measure in enumerate(_PANELS, start=1):
            _add(figure, curve, measure, column)
        _add(figure, curve, "neg_iwae", 2, dash="dot")
    capacities = sorted({row["capacity"] for row in rows})
    ticks = dict(tickvals=capacities, ticktext=[_short(capacity) for capacity in capacities])
    figure.update_xaxes(type="log", title="active weights of the encoder", **ticks)
    figure.update_yaxes(title="nats an image", col=1)
    return figure.update_layout(
        title=title,
        template="plotly_dark" if dark else "plotly_white",
        legend=dict(orientation="h", y=-0.2),
        margin=dict(l=60, r=20, t=80, b=50),
    )


def _add(figure: go.Figure, curve: Sequence[dict], measure: str, column: int, dash: str = "solid") -> None:
    label, colour, symbol = LOOKS[curve[0]["encoder"]]
    figure.add_scatter(
        x=[row["active_weights"] for row in curve],
        y=[row[f"{measure}_mean"] for row in curve],
        error_y=dict(array=[row[f"{measure}_sd"] or 0.0 for row in curve], thickness=1),
        mode="lines+markers",
        name=label,
        legendgroup=label,
        showlegend=column == 1,
        line=dict(color=colour, width=2, dash=dash),
        marker=dict(symbol=symbol, size=8),
        hovertemplate="%{x:,} weights: %{y:.2f} nats",
        row=1,
        col=column,
    )


def _short(count: int) -> str:
    return f"{count / 1000:.3g}k" if count >= 1000 else str(count)
