"""Images in rows, as the view takes them: plain values."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Row:
    """A row of images.

    Attributes:
        name: For tests and styles.
        label: Beside them.
        values: From 0 to 1, shape ``(N, D)``.
        colour: Of the mark beside the label.
    """

    name: str
    label: str
    values: np.ndarray
    colour: str = ""


def sheet_data(rows: Sequence[Row], height: int, width: int, chosen: int | None) -> dict:
    """What the view draws; a byte for each pixel.

    Arguments:
        rows: Images of the first one can be chosen.
        height, width: Of an image.
        chosen: Which one is; ``None`` where there is nothing to choose.
    """
    return {
        "rows": [
            {"name": row.name, "label": row.label, "colour": row.colour, "images": _as_text(row.values)} for row in rows
        ],
        "height": height,
        "width": width,
        "chosen": chosen,
    }


def _as_text(values: np.ndarray) -> str:
    levels = np.rint(255 * np.clip(np.asarray(values, dtype=float), 0, 1)).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode()
