"""Products with replicated sparse matrices whose cost grows with their edges.

A *table* holds the values of units for a batch of B points, units first: shape ``(*S, units, B)`` for a stack S of
replicas, or of blocks and replicas. A stack of matrices is one mask and, for each matrix, one value for each edge.
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


class EdgeMatrix:
    """A mask as a list of edges, and products with stacks of matrices that have it.

    Arguments:
        mask: Bool, shape ``(out, in)``.

    Attributes:
        rows, columns: Where each edge lies, shape ``(num_edges,)``, row by row.
    """

    def __init__(self, mask: Tensor):
        self.mask = mask
        self.rows, self.columns = mask.nonzero().unbind(1)
        self.num_edges = len(self.rows)
        self._order = self.columns.argsort(stable=True)
        self._lists = lru_cache(maxsize=None)(self._make_lists)
        self._pattern = lru_cache(maxsize=None)(self._make_pattern)
        self._flat_order = lru_cache(maxsize=None)(self._make_flat_order)

    @property
    def T(self) -> EdgeMatrix:
        """The transposed mask; its values are those of :meth:`turned`."""
        return EdgeMatrix(self.mask.T)

    def turned(self, values: Tensor) -> Tensor:
        """Values in the order of the transposed mask's edges, shape ``(*S, num_edges)``."""
        stacked = values.shape[:-1].numel()
        return values.reshape(-1).index_select(0, self._flat_order(stacked)).view(values.shape)

    def product(self, values: Tensor, table: Tensor) -> Tensor:
        """Matrices times tables.

        Arguments:
            values: Shape ``(*S, num_edges)``.
            table: Shape ``(*S, in, B)``, or with fewer leading axes, whose tables then serve again and again.

        Returns:
            Shape ``(*S, out, B)``.
        """
        stack = values.shape[:-1]
        columns, starts = self._lists(stack.numel(), table.shape[:-2].numel())
        flat = table.reshape(-1, table.shape[-1])
        # The arguments: no scaling by frequency, the mode "sum", dense gradients, the last start is the end.
        summed, *_ = torch.embedding_bag(flat, columns, starts, False, 0, False, values.reshape(-1), True)
        return summed.view(*stack, len(self.mask), -1)

    def edge_products(self, left: Tensor, right: Tensor) -> Tensor:
        """The gradient of a product with respect to its values.

        Arguments:
            left: Gradients of the result, shape ``(*S, out, B)``.
            right: The tables that were multiplied.

        Returns:
            Shape ``(*S, num_edges)``: the sum over points of left[row] * right[column].
        """
        stack = left.shape[:-2]
        pattern = self._pattern(stack.numel(), right.shape[:-2].numel(), left.dtype)
        flat = right.reshape(-1, right.shape[-1])
        sums = torch.sparse.sampled_addmm(pattern, left.reshape(-1, left.shape[-1]), flat.mT, beta=0.0)
        return sums.values().view(*stack, self.num_edges)

    def _make_lists(self, stacked: int, tables: int) -> tuple[Tensor, Tensor]:
        """Columns and row starts of the block matrix, as 32-bit integers."""
        num_rows, num_columns = self.mask.shape
        which = torch.arange(stacked, device=self.rows.device).unsqueeze(-1)
        columns = (self.columns + num_columns * (which % tables)).flatten()
        counts = torch.bincount(self.rows, minlength=num_rows).repeat(stacked)
        return columns.int(), functional.pad(counts.cumsum(0), (1, 0)).int()

    def _make_pattern(self, stacked: int, tables: int, dtype: torch.dtype) -> Tensor:
        columns, starts = self._lists(stacked, tables)
        size = (len(self.mask) * stacked, self.mask.shape[1] * tables)
        return csr(starts.long(), columns.long(), torch.zeros(len(columns), dtype=dtype, device=columns.device), size)

    def _make_flat_order(self, stacked: int) -> Tensor:
        first = torch.arange(stacked, device=self._order.device).unsqueeze(-1) * self.num_edges
        return (first + self._order).flatten().int()


def csr(starts: Tensor, columns: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    """A sparse tensor in compressed rows; the lists are ours, so they are not checked again."""
    return torch.sparse_csr_tensor(starts, columns, values, size=size, check_invariants=False)


with warnings.catch_warnings():
    # torch says once per process that compressed rows are new to it; here, where it needs no answer.
    warnings.filterwarnings("ignore", "Sparse CSR tensor support")
    csr(torch.zeros(2, dtype=torch.int32), torch.zeros(0, dtype=torch.int32), torch.zeros(0), (1, 1))
