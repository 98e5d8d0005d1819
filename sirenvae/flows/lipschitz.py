"""How far a residual block can stretch: the bound that makes it invertible, and what is measured at points."""

from __future__ import annotations

import torch
from torch import Tensor

from sirenvae.flows.residual import GraphicalResidualFlow
from sirenvae.flows.spectral import leading_vectors

_ITERATIONS = 30


@torch.no_grad()
def block_bounds(flow: GraphicalResidualFlow) -> Tensor:
    r"""An upper bound on the Lipschitz constant of g in each block, shape ``(*R, T)``.

    No activation has a slope above 1, so

    .. math::
        \mathrm{Lip}(g) \le \prod_{l} \sigma(W_l) < 1,

    with the spectral norms of the masked weights as used; the context's weights do not count.

    Example:
        >>> flow = GraphicalResidualFlow(torch.tensor([[True]]), num_blocks=3).eval()
        >>> bool((block_bounds(flow) <= flow.lipschitz**2).all())
        True
    """
    bounds = flow.spectral_norms()
    return torch.stack(bounds).prod(dim=0)


@torch.no_grad()
def measured_stretch(flow: GraphicalResidualFlow, points: Tensor, context: Tensor | None = None) -> Tensor:
    """The largest spectral norm of dg/dx over points, for each block, shape ``(T,)``.

    By power iteration at each point, which comes from below: no entry exceeds :func:`block_bounds`.

    Arguments:
        flow: A flow without replicas.
        points: What each block is given, shape ``(T, N, D)``, such as all but the last of a trajectory's points.
        context: Conditioning values, shape ``(N, C)``; ``None`` exactly when C = 0.
    """
    _, context, _ = flow._to_batches(points[0], context)
    largest = []
    for block, x in zip(flow._blocks(context), points, strict=True):
        at = block.linearize(x.unsqueeze(0))
        start = torch.nn.functional.normalize(torch.ones_like(x).unsqueeze(0), dim=-1)
        _, image = leading_vectors(at.times, at.times_transposed, start, _ITERATIONS)
        largest.append(torch.linalg.vector_norm(image, dim=-1).max())
    return torch.stack(largest)
