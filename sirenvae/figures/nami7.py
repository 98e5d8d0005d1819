"""How fast inverses of a Bayesian mixture learn, as a plotly figure."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

# Name, colour and dash; Okabe-Ito, safe for colour-blind eyes.
LOOKS = {
    "reverse": ("reverse NaMI", "#009E73", "solid"),
    "topological": ("topological NaMI", "#E69F00", "dash"),
    "fully_connected": ("fully connected", "#0072B2", "dot"),
}


def nami7_figure(rows: Sequence[dict], title: str = "", dark: bool = False) -> go.Figure:
    """KL divergence on test sets against training steps, with a band of one standard error over runs.

    Arguments:
        rows: As :meth:`sirenvae.experiments.nami7.Nami7.rows` gives them.
        title: Of the figure.
        dark: Whether it stands on a dark page.

    Source:
        Webb et al., Faithful Inversion (2018), Figure 7.
    """
    figure = go.Figure()
    for name, (label, colour, dash) in LOOKS.items():
        mine = [row for row in rows if row["inverse"] == name]
        if not mine:
            continue
        steps, centre = [row["step"] for row in mine], [row["kl_mean"] for row in mine]
        spread = [row["kl_error"] or 0.0 for row in mine]
        upper = [c + s for c, s in zip(centre, spread, strict=True)]
        lower = [max(c - s, 1e-3) for c, s in zip(centre, spread, strict=True)]
        band = dict(x=steps + steps[::-1], y=upper + lower[::-1], fill="toself", fillcolor=colour, opacity=0.18)
        figure.add_scatter(**band, mode="lines", line_width=0, hoverinfo="skip", showlegend=False, legendgroup=name)
        figure.add_scatter(
            x=steps,
            y=centre,
            name=f"{label}, {mine[0]['edges']:,} edges",
            legendgroup=name,
            mode="lines",
            line=dict(color=colour, width=2.5, dash=dash),
            customdata=spread,
            hovertemplate="step %{x}: %{y:.2f} ± %{customdata:.2f} nats",
        )
    return figure.update_layout(
        title=title,
        template="plotly_dark" if dark else "plotly_white",
        xaxis=dict(title="training steps"),
        yaxis=dict(title="KL(p(z | x) || q(z | x)) on test sets (nats, log scale)", type="log", dtick="D2"),
        legend=dict(x=0.98, y=0.98, xanchor="right", yanchor="top"),
        margin=dict(l=60, r=20, t=60, b=50),
    )
