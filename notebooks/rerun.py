"""Execute the notebooks again and write their outputs: ``python notebooks/rerun.py [NAME ...] [--speed paper]``."""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent
_FIGURE, _IMAGE, _HEIGHT, _COLOURS = "application/vnd.plotly.v1+json", "image/png", 450, 256
_KEPT = ("kernelspec",)  # of a notebook's metadata; what an editor remembers is not committed


def names() -> list[str]:
    """The notebooks, in their order."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def read(name: str) -> NotebookNode:
    """A notebook as it is committed."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(
    notebook: NotebookNode, parameters: Mapping | None = None, folder: Path = FOLDER, first: str = ""
) -> NotebookNode:
    """Run every cell in a fresh kernel; the notebook itself is changed and returned.

    Arguments:
        notebook: What to run.
        parameters: New values for the cell with the tag `parameters`, as papermill would set them.
        folder: Where it runs.
        first: Code that runs before the first cell and leaves no trace.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    written = cell.source
    cell.source = "\n".join([first, written, *(f"{name} = {value!r}" for name, value in (parameters or {}).items())])
    client = NotebookClient(notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": folder}})
    try:
        client.execute()
    finally:
        cell.source = written
    return notebook


def clean(notebook: NotebookNode) -> None:
    """Drop what differs from run to run or tells of the machine: times, bars, and an editor's memory."""
    notebook.metadata = NotebookNode({name: notebook.metadata[name] for name in _KEPT if name in notebook.metadata})
    for cell in notebook.cells:
        cell.metadata = NotebookNode({"tags": cell.metadata.tags} if "tags" in cell.metadata else {})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def figures(notebook: NotebookNode) -> list[NotebookNode]:
    """The outputs that are plotly figures."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return [output for output in outputs if _FIGURE in output.get("data", {})]


def add_images(notebook: NotebookNode) -> bool:
    """Add a picture to every figure for viewers that run no JavaScript; False where no browser can draw them."""
    from sirenvae.figures.export import write_pngs

    outputs = figures(notebook)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{k}.png" for k in range(len(outputs))]
        layouts = [output.data[_FIGURE]["layout"] for output in outputs]
        sizes = [(layout["width"], layout.get("height", _HEIGHT)) for layout in layouts]
        if not write_pngs([output.data[_FIGURE] for output in outputs], paths, sizes):
            return False
        for output, path in zip(outputs, paths, strict=True):
            output.data[_IMAGE] = base64.b64encode(_with_few_colours(path)).decode()
    return True


def _with_few_colours(path: Path) -> bytes:
    """A picture at a third of its size, for the repository's sake; nobody sees the difference."""
    from PIL import Image

    file = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").quantize(_COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; default all")
    parser.add_argument("--speed", help="quick or paper instead of what the notebook says")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in names()]:
        parser.error(f"there is no notebook {unknown[0]}; there are {', '.join(names())}")
    for name in options.names or names():
        start = time.perf_counter()
        notebook = execute(read(name), {"speed": options.speed} if options.speed else None)
        clean(notebook)
        drawn = add_images(notebook)
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        images = "" if drawn else "; its figures have no images, which need Chromium or Chrome"
        print(f"{name}: {time.perf_counter() - start:.0f} s{images}")


if __name__ == "__main__":
    main()
