"""Images in rows and columns, as one plotly heat map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

_SCALE = 3.2  # screen pixels for each of an image's, by default
_GAP = 2  # image pixels between images


def images_figure(
    rows: Mapping[str, np.ndarray], height: int, width: int, title: str = "", scale: float = _SCALE
) -> go.Figure:
    """Rows of images under each other, each with its name on the left; ink is dark, paper white.

    Arguments:
        rows: By name, images ``(N, height * width)`` with values from 0 to 1, or a tensor of them.
        height, width: Of an image.
        title: Of the figure.
        scale: Screen pixels for each pixel of an image.
    """
    tall, wide = height + _GAP, width + _GAP
    most = max(len(images) for images in rows.values())
    sheet = np.full((tall * len(rows), wide * most), np.nan)
    for i, images in enumerate(rows.values()):
        for j, image in enumerate(np.asarray(images, dtype=float).reshape(-1, height, width)):
            sheet[i * tall : i * tall + height, j * wide : j * wide + width] = image
    figure = go.Figure(go.Heatmap(z=sheet, zmin=0, zmax=1, colorscale="gray_r", showscale=False, hoverinfo="skip"))
    middles = [i * tall + (height - 1) / 2 for i in range(len(rows))]
    return figure.update_layout(
        title=title,
        template="plotly_white",
        xaxis=dict(visible=False, constrain="domain"),
        yaxis=dict(
            autorange="reversed",
            scaleanchor="x",
            tickvals=middles,
            ticktext=list(rows),
            showgrid=False,
            zeroline=False,
            constrain="domain",
        ),
        height=round(scale * sheet.shape[0]) + (90 if title else 40),
        margin=dict(l=10, r=10, t=60 if title else 10, b=10),
        plot_bgcolor="white",
    )
