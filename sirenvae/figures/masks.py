"""What the masks of a flow look like: the masks of one block, and what a stack of blocks reaches."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sirenvae.experiments.shown.masks import FlowGraph
    from sirenvae.nets.set_rule import LayerMasks

_MOST_LABELS = 24  # units of a layer in a figure of masks


def mask_product(layers: LayerMasks) -> np.ndarray:
    """How many paths of kept weights lead from input j to output i, shape ``(D, D + C)``: the product of the masks."""
    product = np.asarray(layers.masks[0], dtype=float)
    for mask in layers.masks[1:]:
        product = np.asarray(mask, dtype=float) @ product  # in floats, exact up to 2 ** 53, since integers are slow
    return product.astype(np.int64)


def block_drawing(graph: FlowGraph, layers: LayerMasks) -> dict[str, Any]:
    """The masks of one block as the picture wants them: plain JSON values, units grouped by their owners.

    Arguments:
        graph: The flow's dependencies.
        layers: Its masks, from :func:`~sirenvae.experiments.shown.masks.block_layers`.

    Returns:
        ``names`` of the inputs, ``outputs`` (their number D), ``edges`` [from, to] without loops, ``layers`` (for each
        layer of units, the ``owners`` and the ``sets`` as lists of inputs), ``masks`` (rows x columns as bits in base
        64), the counts ``kept`` and ``dense``, and whether the product of the masks ``equals_adjacency``.

    Source:
        The poster of Mouton & Kroon, SIReN-VAE (2022), Figure 1.
    """
    order = [_grouped(owners, sets) for owners, sets in zip(layers.owners, layers.sets, strict=True)]
    masks = [
        np.asarray(mask)[np.ix_(later, earlier)]
        for mask, earlier, later in zip(layers.masks, order, order[1:], strict=False)
    ]
    return {
        "flow": graph.flow,
        "names": graph.names,
        "outputs": graph.num_outputs,
        "edges": [[j, i] for i, j in np.argwhere(np.asarray(graph.adjacency)).tolist() if i != j],
        "layers": [
            {
                "owners": [int(owners[u]) for u in units],
                "sets": [np.flatnonzero(np.asarray(sets[u])).tolist() for u in units],
            }
            for units, owners, sets in zip(order, layers.owners, layers.sets, strict=True)
        ],
        "masks": [base64.b64encode(np.packbits(mask).tobytes()).decode() for mask in masks],
        "kept": sum(int(mask.sum()) for mask in masks),
        "dense": sum(mask.size for mask in masks),
        "equals_adjacency": bool(((mask_product(layers) > 0) == np.asarray(graph.adjacency)).all()),
    }


def _members(row) -> list[int]:
    """The columns of a set."""
    return np.flatnonzero(np.asarray(row)).tolist()


def _grouped(owners, sets) -> list[int]:
    """The units of a layer by owner, those with the larger set first."""
    sizes = np.asarray(sets).sum(axis=1).tolist()
    return sorted(range(len(sizes)), key=lambda unit: (int(owners[unit]), -sizes[unit], unit))


def blocks_needed(graph: FlowGraph) -> np.ndarray:
    """The least number of blocks with which input j reaches output i, shape ``(D, D + C)``; 0 where none does."""
    reached = np.asarray(graph.adjacency)
    step = reached[:, : graph.num_outputs].astype(float)
    needed = reached.astype(int)
    for num_blocks in range(2, graph.num_outputs + 1):
        newly = (step @ reached > 0) & ~reached
        if not newly.any():
            break
        needed[newly] = num_blocks
        reached = reached | newly
    return needed


def stack_drawing(graph: FlowGraph, num_blocks: int, measured: np.ndarray) -> dict[str, Any]:
    """What a stack of blocks reaches, promised and measured, as plain JSON values.

    Arguments:
        graph: The flow's dependencies.
        num_blocks: How many blocks are stacked.
        measured: The mean |Jacobian| of such a flow, from
            :func:`~sirenvae.experiments.shown.masks.measured_jacobian`.

    Returns:
        ``needed`` (:func:`blocks_needed`), ``measured`` (mean |Jacobian| of a randomly initialised flow, three digits),
        ``deepest`` (the largest of `needed`), and the number of entries that are ``reached``, ``forbidden``, and
        ``violated`` (forbidden, yet not exactly zero).
    """
    needed = blocks_needed(graph)
    reached = (needed > 0) & (needed <= num_blocks)
    return {
        "blocks": num_blocks,
        "needed": needed.tolist(),
        "measured": [[float(f"{value:.2e}") for value in row] for row in measured],
        "deepest": int(needed.max()),
        "reached": int(reached.sum()),
        "forbidden": int((~reached).sum()),
        "violated": int((measured[~reached] != 0).sum()),
    }


def describe_reach(graph: FlowGraph, num_blocks: int) -> str:
    """What `num_blocks` blocks reach, and what the last of them added, in words."""
    needed = blocks_needed(graph)
    pairs = int((needed > 0).sum()) - graph.num_outputs
    if not pairs:
        return "No variable has a parent here: each output depends on its own input alone, for any number of blocks."
    blocks = "One block reaches" if num_blocks == 1 else f"{num_blocks} blocks reach"
    reached = int(((needed > 0) & (needed <= num_blocks)).sum()) - graph.num_outputs
    words = [f"{blocks} {_hops(num_blocks)}: {reached:,} of {pairs:,} pairs of a variable and one of its ancestors."]
    if num_blocks > 1:
        newly = np.argwhere(needed == num_blocks)
        if len(newly):
            child, ancestor = (graph.names[k] for k in newly[0])
            count = "1 pair" if len(newly) == 1 else f"{len(newly):,} pairs"
            words.append(f"The last block added {count}, such as {ancestor} to {child}.")
    if num_blocks >= needed.max():
        enough = "1 block" if needed.max() == 1 else f"{needed.max()} blocks"
        words.append(f"From {enough} on every ancestor is reached and nothing more is added.")
    return " ".join(words)


def _hops(num_blocks: int) -> str:
    names = {1: "parents", 2: "grandparents", 3: "great-grandparents"}
    return names.get(num_blocks, f"ancestors up to {num_blocks} edges away")


def mask_heatmap(graph: FlowGraph, layers: LayerMasks) -> go.Figure:
    """The masks of one block and their product side by side, for notebooks; hover names the units and their sets.

    Arguments:
        graph: The flow's dependencies, for the names.
        layers: Its masks, from :func:`~sirenvae.flows.layer_masks`.

    Returns:
        A plotly figure; the product counts paths.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    labels = [
        [f"{graph.names[owner]} {{{', '.join(graph.names[j] for j in _members(row))}}}" for owner, row in units]
        for units in (zip(owners, sets, strict=True) for owners, sets in zip(layers.owners, layers.sets, strict=True))
    ]
    panels = [
        (f"mask {k + 1}", np.asarray(mask, dtype=int), labels[k + 1], labels[k])
        for k, mask in reversed(list(enumerate(layers.masks)))
    ]
    panels.append(("product: number of paths", mask_product(layers), labels[-1], labels[0]))
    titles, most = [title for title, *_ in panels], max(map(len, labels))
    figure = make_subplots(rows=1, cols=len(panels), subplot_titles=titles, horizontal_spacing=0.11)
    for column, (_, values, rows, columns) in enumerate(panels, start=1):
        figure.add_trace(
            go.Heatmap(
                z=values,
                customdata=[[(row, name) for name in columns] for row in rows],
                hovertemplate="%{customdata[1]} → %{customdata[0]}: %{z}<extra></extra>",
                colorscale=[[0, "#F4F6F8"], [1, "#009E73"]],
                showscale=False,
                xgap=1,
                ygap=1,
            ),
            row=1,
            col=column,
        )
    for column, (_, _, rows, columns) in enumerate(panels, start=1):
        for update, names in ((figure.update_xaxes, columns), (figure.update_yaxes, rows)):
            update(tickvals=list(range(len(names))), ticktext=names, tickfont={"size": 10}, col=column)
    figure.update_xaxes(showticklabels=most <= _MOST_LABELS, tickangle=90, showgrid=False)
    figure.update_yaxes(showticklabels=most <= _MOST_LABELS, autorange="reversed", showgrid=False)
    return figure.update_layout(height=420, margin={"l": 80, "r": 20, "t": 40, "b": 90})
