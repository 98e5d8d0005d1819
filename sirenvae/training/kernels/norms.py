"""Spectral norms of the bounded layers of several flows on edge lists, all at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sirenvae.flows.spectral import leading_vectors
from sirenvae.training.kernels.edges import csr
from sirenvae.training.kernels.flow import EdgeFlow


class EdgeNorms:
    """Power iteration for every bounded matrix of some flows as one block-diagonal matrix.

    Every matrix is turned so that its columns are the flow's variables: a tall one.

    Arguments:
        flows: Flows over the same number D of variables, for the same replicas.
        num_iterations: Of :func:`~sirenvae.flows.spectral.leading_vectors`.
    """

    def __init__(self, flows: Sequence[EdgeFlow], num_iterations: int):
        self._num_iterations = num_iterations
        self._shapes = [(2, flow.num_blocks, flow.num_replicas, flow.hidden) for flow in flows]
        hidden, variables = [], []
        first_unit = first_variable = 0
        for flow in flows:
            num_matrices = flow.num_blocks * flow.num_replicas
            block = torch.arange(num_matrices, device=flow.first.rows.device).unsqueeze(-1)
            ends = [(flow.first.rows, flow.first.columns), (flow.second.columns, flow.second.rows)]
            for units, columns in ends:
                hidden.append((units + block * flow.hidden + first_unit).flatten())
                variables.append((columns + block * flow.features + first_variable).flatten())
                first_unit += num_matrices * flow.hidden
                first_variable += num_matrices * flow.features
        self._hidden, self._variables = torch.cat(hidden).int(), torch.cat(variables).int()
        self._tall = _Compressed(self._hidden, self._variables, (first_unit, first_variable))
        self._wide = _Compressed(self._variables, self._hidden, (first_variable, first_unit))

    def __call__(self, weights: Sequence[Tensor], vectors: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        """Measure the norms.

        Arguments:
            weights: For each flow the bounded weights of its layers, shape ``(T, E, edges)`` each.
            vectors: Unit vectors to start from, shape ``(matrices, D)``, overwritten with the singular vectors found.

        Returns:
            For each flow: sigma ``(2, T, E)``, and for each layer half the gradient of its square, ``(T, E, edges)``.
        """
        values = torch.cat([weight.flatten() for weight in weights])
        tall, wide = self._tall.matrix(values), self._wide.matrix(values)
        turned, image = leading_vectors(
            lambda v: tall.mv(v.flatten()), lambda u: wide.mv(u).view_as(vectors), vectors, self._num_iterations
        )
        vectors.copy_(turned)
        slopes = image.index_select(0, self._hidden).mul_(turned.flatten().index_select(0, self._variables))
        slopes = iter(slopes.split([weight.numel() for weight in weights]))
        images = image.split([torch.Size(shape).numel() for shape in self._shapes])
        found, shaped = [], iter(weights)
        for shape, units in zip(self._shapes, images, strict=True):
            sigma = torch.linalg.vector_norm(units.view(shape), dim=-1)
            found.append((sigma, [next(slopes).view_as(next(shaped)) for _ in range(2)]))
        return found


class _Compressed:
    """A sparsity pattern in compressed rows that takes new values at every step."""

    def __init__(self, rows: Tensor, columns: Tensor, shape: tuple[int, int]):
        order = rows.argsort(stable=True)
        self._order = order.int()
        counts = torch.bincount(rows, minlength=shape[0])
        self._starts = torch.nn.functional.pad(counts.cumsum(0), (1, 0)).int()
        self._columns, self._shape = columns[order].int(), shape

    def matrix(self, values: Tensor) -> Tensor:
        ordered = values.index_select(0, self._order)
        return csr(self._starts, self._columns, ordered, self._shape)
