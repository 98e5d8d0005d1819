"""Write plotly figures to files, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
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
    return path if write_pngs([figure], [path], [(width, height)], scale=2) else None


def write_pngs(
    figures: Sequence[go.Figure | dict], paths: Sequence[Path], sizes: Sequence[tuple[int, int]], scale: int = 1
) -> bool:
    """Write several images through one start of the installed browser; ``False`` where there is none.

    Arguments:
        figures: What to draw, or its JSON values.
        paths: Where to write.
        sizes: Width and height of each, in pixels.
        scale: How many pixels of the image for each of these.
    """
    browser = find_browser()
    if browser is None:
        return False
    import kaleido

    tasks = (
        {
            "fig": figure if isinstance(figure, dict) else figure.to_plotly_json(),
            "path": path,
            "opts": {"format": "png", "width": width, "height": height, "scale": scale},
        }
        for figure, path, (width, height) in zip(figures, paths, sizes, strict=True)
    )
    kaleido.write_fig_from_object_sync(tasks, kopts={"path": browser, "mathjax": False})
    return True
