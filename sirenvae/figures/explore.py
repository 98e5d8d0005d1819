"""A network as a page of its own, with physics: drag a variable and the others follow."""

from __future__ import annotations

import re

from sirenvae.graphs import BayesianNetwork

_COLOURS = {"latent": "#FFFFFF", "observed": "#BFC4C9", "ring": "#30363C", "edge": "#7A828A"}
_MAX_SMOOTH = 150  # up to so many variables edges have physics of their own and avoid each other


def explore_html(network: BayesianNetwork, height: int = 520) -> str:
    """A self-contained HTML page with the network as springs and charges.

    Arguments:
        network: The network to draw.
        height: Height of the picture in pixels.

    Returns:
        The page. It asks nothing of any other address, so it works offline and can be sent by mail.
    """
    from pyvis.network import Network

    page = Network(height=f"{height}px", width="100%", directed=True, cdn_resources="in_line")
    observed = set(network.observed)
    for number, v in enumerate(network.variables):
        role = "observed" if v in observed else "latent"
        colour = {"background": _COLOURS[role], "border": _COLOURS["ring"]}
        name = str(v).replace("<", "‹")  # a name from a file must not end the page's script
        page.add_node(number, label=name, title=f"{name}, {role}", color=colour, shape="ellipse")
    for parent, child in network.dag.edges:
        page.add_edge(network.position[parent], network.position[child], color=_COLOURS["edge"])
    page.barnes_hut(gravity=-6000, spring_length=90, spring_strength=0.03, damping=0.4)
    page.set_edge_smooth("dynamic" if len(network.variables) <= _MAX_SMOOTH else "continuous")
    return _without_outside(page.generate_html(notebook=False))


def _without_outside(html: str) -> str:
    """Drop the style sheets and scripts that pyvis asks of other addresses though it carries them inline."""
    html = re.sub(r"<link\b[^>]*>", "", html)
    return re.sub(r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>", "", html)
