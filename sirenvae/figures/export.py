"""Write plotly figures to files, without a network."""

from __future__ import annotations

import shutil
from pathlib import Path

import plotly.graph_objects as go

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """Where Chromium or Chrome is installed, or ``None``."""
    return next((path for path in map(shutil.which, _BROWSERS) if path), None)


def write_html(figure: go.Figure, path: Path) -> Path:
    """Write a page that needs no network: plotly's script is inside."""
    figure.write_html(path, include_plotlyjs=True, include_mathjax=False)
    return path


def write_png(figure: go.Figure, path: Path, width: int = 1000, height: int = 600) -> Path | None:
    """Write an image through the installed browser; ``None`` where there is none.

    Arguments:
        figure: What to draw.
        path: Where to write.
        width, height: In pixels; the image has twice as many, for sharp print.
    """
    browser = find_browser()
    if browser is None:
        return None
    import kaleido

    kaleido.write_fig_sync(
        figure,
        path=path,
        opts={"format": "png", "width": width, "height": height, "scale": 2},
        kopts={"path": browser, "mathjax": False},
    )
    return path
