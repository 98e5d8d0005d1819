"""Spectral norms of many matrices at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_NARROW = 128  # Up to this many columns, squaring the Gram matrix beats multiplying vectors with it.


@torch.no_grad()
def power_iteration(weight: Tensor, vector: Tensor, num_iterations: int) -> Tensor:
    """Turn `vector` towards the first right singular vector of `weight`.

    Arguments:
        weight: Matrices, shape ``(*, out, in)``.
        vector: Unit vectors to start from, shape ``(*, in)``.
        num_iterations: How many products with ``weight.mT @ weight`` to take; narrow matrices take the next power of
            two, by squaring.

    Returns:
        Unit vectors, shape ``(*, in)``. Where a matrix is zero its vector is returned as it came, so that it is of use
        once the matrix grows.
    """
    tiny = torch.finfo(weight.dtype).tiny
    turned = vector.unsqueeze(-1)
    if weight.shape[-1] <= _NARROW:
        gram, num_products = weight.mT @ weight, 1
        for _ in range(math.ceil(math.log2(num_iterations))):
            trace = gram.diagonal(dim1=-2, dim2=-1).sum(dim=-1).unsqueeze(-1).unsqueeze(-1)
            gram = gram / trace.clamp_min(tiny)
            gram = gram @ gram
    else:
        gram, num_products = None, num_iterations
    for _ in range(num_products):
        product = weight.mT @ (weight @ turned) if gram is None else gram @ turned
        length = torch.linalg.vector_norm(product, dim=-2, keepdim=True)
        turned = torch.where(length > 0, product / length.clamp_min(tiny), turned)
    return turned.squeeze(-1)


def sigma_along(weight: Tensor, vector: Tensor) -> Tensor:
    """How much `weight` stretches unit vectors, shape ``(*)``; the spectral norm for its first singular vectors."""
    return torch.linalg.vector_norm((weight @ vector.unsqueeze(-1)).squeeze(-1), dim=-1)


def exact_sigma(weight: Tensor) -> Tensor:
    """The largest singular value of each matrix, shape ``(*)``.

    It is read off the smaller Gram matrix, in half the time of a singular value decomposition.
    """
    gram = weight @ weight.mT if weight.shape[-2] < weight.shape[-1] else weight.mT @ weight
    return torch.linalg.eigvalsh(gram)[..., -1].clamp_min(0).sqrt()


def bounded(weight: Tensor, sigma: Tensor, bound: float) -> Tensor:
    """Scale down the matrices whose `sigma` exceeds `bound`; the others stay as they are."""
    scale = (bound / sigma.clamp_min(bound)).unsqueeze(-1).unsqueeze(-1)
    return weight * scale
