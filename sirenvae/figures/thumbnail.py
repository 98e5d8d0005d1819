"""A network as a small picture without names, for a list of networks."""

from __future__ import annotations

from sirenvae.figures.layout import layered_positions
from sirenvae.graphs import BayesianNetwork

_LARGEST, _SMALLEST = 6.5, 1.0  # radius of a disc, in pixels
_DISC = 24.0  # radius of a disc in the units of the layout, in which two are at least 60 apart


def thumbnail_svg(network: BayesianNetwork, width: int = 84, height: int = 66) -> str:
    """An inline SVG of the network at the same layout as the large pictures; observed variables are shaded.

    Arguments:
        network: The network to draw.
        width, height: In pixels.

    Returns:
        The SVG's text. It holds no name, and its colours are those of the text around it.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> thumbnail_svg(load_network("collider")).count("a6.5 ")  # two arcs for each of three discs
        6
    """
    places = layered_positions(network.dag)
    xs, ys = zip(*places.values(), strict=True)
    across, down = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(width / (across + 3 * _DISC), height / (down + 3 * _DISC))
    radius = max(_SMALLEST, min(_LARGEST, _DISC * scale))

    def at(v) -> tuple[float, float]:
        x, y = places[v]
        left, top = (x - (min(xs) + max(xs)) / 2) * scale, (y - (min(ys) + max(ys)) / 2) * scale
        return round(width / 2 + left, 1), round(height / 2 + top, 1)

    lines = "".join("M{} {}L{} {}".format(*at(parent), *at(child)) for parent, child in network.dag.edges)
    latent, observed = (_discs(map(at, some), round(radius, 1)) for some in (network.latents, network.observed))
    stroke = 'stroke="currentColor"'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
        f'<path d="{lines}" fill="none" {stroke} stroke-width="0.7" opacity="0.55"/>'
        f'<path d="{latent}" fill="var(--paper, white)" {stroke} stroke-width="0.9"/>'
        f'<path d="{observed}" fill="var(--shade, silver)" {stroke} stroke-width="0.9"/></svg>'
    )


def _discs(centres, radius: float) -> str:
    arc = f"a{radius} {radius} 0 1 0 "
    return "".join(f"M{x - radius:g} {y:g}{arc}{2 * radius:g} 0{arc}{-2 * radius:g} 0" for x, y in centres)
