"""What the notebooks share: how they start, tables, and experiments that run here and now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_lines, as_markdown

SPEEDS = ("quick", "paper")
WIDTH = 840  # of a figure, in pixels: that of a cell in JupyterLab beside its list of files, at 1280 pixels


def start(speed: str = "quick", needs: Iterable[str] = (), folder: str | Path | None = None) -> str:
    """Prepare a notebook, say in a sentence what is missing, and return the speed it can run at.

    Figures are sent as data for the viewer to draw, without a copy of the drawing library in each. Hosted notebooks
    that draw in a way of their own keep it.

    Arguments:
        speed: One of :data:`SPEEDS`; anything else becomes ``"quick"``.
        needs: Names of the reference results that the speed ``"paper"`` reads; without them it becomes ``"quick"``.
        folder: Where they are; ``None`` for those that come with the package.

    Example:
        >>> start("fast")
        There is no speed 'fast' (there are quick, paper): going on with quick.
        'quick'
    """
    if "google.colab" not in sys.modules:
        _send_figures_as_data()
    if speed not in SPEEDS:
        print(f"There is no speed {speed!r} (there are {', '.join(SPEEDS)}): going on with quick.")
        return "quick"
    if speed == "paper" and (missing := _missing(needs, folder)):
        print(f"{missing} Going on with quick.")
        return "quick"
    return speed


def _send_figures_as_data() -> None:
    """Each on white, whatever the viewer's theme, and with a width of its own.

    JupyterLab draws a figure before it knows how wide a cell is.
    """
    import plotly.io
    from plotly.io.base_renderers import PlotlyRenderer

    class AsWideAsACell(PlotlyRenderer):
        def to_mimebundle(self, fig_dict):
            layout = {"width": WIDTH, **fig_dict["layout"], "paper_bgcolor": "#FFFFFF", "plot_bgcolor": "#FFFFFF"}
            return super().to_mimebundle(fig_dict | {"layout": layout})

    plotly.io.templates.default = "plotly_white"
    plotly.io.renderers["as_wide_as_a_cell"] = AsWideAsACell()
    plotly.io.renderers.default = "as_wide_as_a_cell"


def _missing(needs: Iterable[str], folder: str | Path | None) -> str:
    """What is wrong with the first of these results that cannot be read."""
    from sirenvae.experiments.reference_results import reference_results

    for name in needs:
        try:
            reference_results(name, folder and Path(folder))
        except (InputError, OSError) as error:
            return str(error)
    return ""


def device_in_words() -> str:
    """On what models are trained here, in a sentence."""
    from sirenvae.experiments.side_by_side import best_device

    if best_device().type == "cuda":
        return "Models are trained on the GPU; numbers may differ from those on a CPU in the last digits."
    return "There is no GPU here, and none is needed: models are trained on the CPU."


@dataclass(frozen=True)
class Table:
    """A table that a notebook shows as such, and everything else as aligned text.

    Attributes:
        texts: Rows of texts, the head first.
        right: Which columns are aligned to the right.
    """

    texts: list[list[str]]
    right: list[bool]

    def __repr__(self) -> str:
        return as_lines(self.texts, self.right)

    def _repr_markdown_(self) -> str:
        return as_markdown(self.texts, self.right)


def table(rows: Sequence[Mapping], columns: Mapping[str, str] | None = None) -> Table:
    """A table of mappings, one for each row.

    Arguments:
        rows: Their keys are the head.
        columns: How to write a column, as a format; others are written as they are.

    Raises:
        InputError: If there is no row.

    Example:
        >>> table([{"rule": "NaMI", "edges": 12, "nats": 0.5}], {"nats": ".2f"})
        rule  edges  nats
        NaMI     12  0.50
    """
    if not rows:
        raise InputError("A table has at least one row, but none came.")
    formats = columns or {}
    texts = [[_text(row[name], formats.get(name, "")) for name in rows[0]] for row in rows]
    right = [all(isinstance(row[name], (int, float)) for row in rows) for name in rows[0]]
    return Table([list(rows[0]), *texts], right)


def _text(value, form: str) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return format(value, form)


def finished(trial, num_workers: int | None = None) -> list:
    """Run a trial on this machine's cores as the command line does, with a bar, and return its points.

    Arguments:
        trial: For example a :class:`~sirenvae.experiments.table1.Table1`.
        num_workers: Processes; one for each core if not given. The numbers do not depend on it.
    """
    from sirenvae.experiments.executors import local_processes
    from sirenvae.experiments.following import follow

    with local_processes(num_workers or os.cpu_count() or 1) as (executor, line):
        return follow(trial, trial.run(executor, line), "running", leave=False)
