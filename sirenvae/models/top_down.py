"""What is below a VAE that learns its structure: the prior from the top down, and gates that are given.

Source:
    He et al., Variational Autoencoders with Jointly Optimized Latent Dependency Structure (2019), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from sirenvae.errors import InputError

if TYPE_CHECKING:
    from sirenvae.models.latent_structure import LatentStructureVAE

GATES = ("learned", "open", "closed")


class TopDownPrior(Distribution):
    """p(z) of a :class:`LatentStructureVAE`, batch shape ``(*R, M)``, event shape ``(K,)``."""

    arg_constraints: ClassVar = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, model: LatentStructureVAE, x: Tensor):
        self._model, self._like = model, x
        super().__init__(x.shape[:-1], torch.Size([model.latent_features]), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density, nats."""
        return self._model.prior_log_probs(value).sum(dim=-1)

    def rsample(self, sample_shape=()) -> Tensor:
        """Draws that carry gradients, shape ``(*S, *R, M, K)``."""
        noise = torch.randn(self._extended_shape(torch.Size(sample_shape)), dtype=self._like.dtype)
        return self._model.prior_transform(noise.to(self._like.device), self._like)


def hard_gates(gates: str | Sequence[Sequence[int]], num_nodes: int) -> Tensor:
    """Gates as rows of the lower triangle one after the other, shape ``(N (N - 1) / 2,)``; open where they are learnt.

    Arguments:
        gates: One of :data:`GATES`, or N rows of N zeros and ones, rows children, columns parents.
        num_nodes: N.

    Raises:
        InputError: If there are fewer than 2 nodes, or the gates are no strictly lower triangle.
    """
    if num_nodes < 2:
        raise InputError(f"A structure has at least 2 nodes, but {num_nodes} came.")
    child, parent = torch.tril_indices(num_nodes, num_nodes, -1)
    if isinstance(gates, str):
        if gates not in GATES:
            raise InputError(f"The gates {gates!r} do not exist; they are {', '.join(GATES)}, or rows of 0 and 1.")
        return torch.full((len(child),), 0.0 if gates == "closed" else 1.0)
    rows = torch.as_tensor(gates, dtype=torch.get_default_dtype())
    if rows.shape != (num_nodes, num_nodes) or not ((rows == 0) | (rows == 1)).all():
        raise InputError(f"Gates are {num_nodes} rows of {num_nodes} zeros and ones, but {tuple(rows.shape)} came.")
    if rows.triu().any():
        raise InputError("A node depends on those before it alone; these gates have one that comes later, or itself.")
    return rows[child, parent]
