"""What a question lights in the pictures of an inversion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sirenvae as sv
from sirenvae.ui.inversion.views import draw
from sirenvae.ui.shared.graph import graph_model

MOST_LIT = 300  # edges of one kind; more would be one blot


@dataclass(frozen=True)
class Lights:
    """Edges and variables to light, and the picture to bring to the front.

    Attributes:
        network, inverse: Edges ``(parent, child, look)`` of the two pictures. The looks are ``"path"``, ``"assumed"``
            (no edge of the inverse, but nothing denies the dependence), ``"new"``, ``"turned"`` and ``"gone"``.
        marks: Words beside variables.
        show: ``"network"`` or ``"inverse"``.
    """

    network: list[tuple] = field(default_factory=list)
    inverse: list[tuple] = field(default_factory=list)
    marks: list[tuple[Any, str]] = field(default_factory=list)
    show: str = "inverse"


def show_lights(network: sv.BayesianNetwork, lights: Lights | None, key: str = "lamp") -> None:
    """Light the pictures of the page's stepper, or nothing."""
    draw("lamp", key, {"lights": None if lights is None else _numbered(network, lights)})


def _numbered(network: sv.BayesianNetwork, lights: Lights) -> dict[str, Any]:
    number = network.position
    edges = {"network": lights.network, "inverse": lights.inverse}
    return {
        "model": graph_model(network)["id"],
        "edges": {name: [(number[a], number[b], look) for a, b, look in some] for name, some in edges.items()},
        "marks": [(number[v], words) for v, words in lights.marks],
        "show": lights.show,
    }
