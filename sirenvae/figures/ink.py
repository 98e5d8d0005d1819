"""Words of a plotly figure that can be read on a light and on a dark page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go


def readable(figure: go.Figure, dark: bool) -> go.Figure:
    """Give words and lines of a figure colours that stand out from the page, which shows through."""
    ink, grid = ("#D5DADF", "#3A424B") if dark else ("#3B424A", "#E3E7EB")
    axis = dict(tickfont_color=ink, title_font=dict(color=ink, size=13), gridcolor=grid, zerolinecolor=grid)
    figure.update_xaxes(**axis, automargin=True).update_yaxes(**axis, automargin=True)
    figure.update_annotations(font=dict(color=ink, size=13))
    clear = dict(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    return figure.update_layout(font_color=ink, legend_font_color=ink, **clear)
