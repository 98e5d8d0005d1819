"""The linear part beside a flow, on edge lists, with its backward passes written out."""

from __future__ import annotations

import torch
from torch import Tensor

from sirenvae.flows.affine import MaskedAffine
from sirenvae.training.kernels.edges import EdgeMatrix


class EdgeAffine:
    """E replicas of a :class:`~sirenvae.flows.affine.MaskedAffine`; every pass overwrites what the last one kept.

    Arguments:
        affine: The map; its mask and its parameters' names are used.
        prefix: What precedes the names of its parameters in the model.
        num_replicas: E.
        num_points: B, points in a batch.

    Attributes:
        num_weights: Parameters of one replica.
        decays: Which of them are weights, bool, shape ``(num_weights,)``.
        context: Table of the context's values, shape ``(E, C, B)``.
    """

    def __init__(self, affine: MaskedAffine, prefix: str, num_replicas: int, num_points: int):
        mask, self._features = affine.mask.bool(), affine.features
        self._prefix, self._num_replicas = prefix, num_replicas
        self._matrix = EdgeMatrix(mask)
        among_variables = self._matrix.columns < self._features
        self._inner, self._outer = among_variables.nonzero().flatten(), (~among_variables).nonzero().flatten()
        self._among = EdgeMatrix(mask[:, : self._features])
        self._among_turned, self._from_context = self._among.T, EdgeMatrix(mask[:, self._features :])
        self._order, self._place = affine.order, affine.place
        rows, columns = (self._place[ends] for ends in (self._among.rows, self._among.columns))
        self._entries = rows * self._features + columns
        self._counts = [self._matrix.num_edges, self._features, self._features]
        self.num_weights = sum(self._counts)
        self.decays = torch.arange(self.num_weights, device=mask.device) < self._matrix.num_edges
        self._table = affine.bias.new_zeros(num_replicas, mask.shape[1], num_points)
        self.context = self._table[:, self._features :]

    def pack(self, parameters: dict[str, Tensor]) -> Tensor:
        """The map's parameters, by name, as one row per replica: shape ``(E, num_weights)``."""
        weight, bias, log_scale = (parameters[self._prefix + name] for name in ("weight", "bias", "log_scale"))
        weight = weight.reshape(self._num_replicas, *weight.shape[-2:])[:, self._matrix.rows, self._matrix.columns]
        others = (value.reshape(self._num_replicas, -1) for value in (bias, log_scale))
        return torch.cat([weight, *others], dim=1)

    def unpack(self, row: Tensor) -> dict[str, Tensor]:
        """The inverse of :meth:`pack`: full tensors by name, shape ``(E, ...)``, zero where there is no edge."""
        values, bias, log_scale = row.split(self._counts, dim=1)
        weight = values.new_zeros(self._num_replicas, *self._matrix.mask.shape)
        weight[:, self._matrix.rows, self._matrix.columns] = values
        named = {"weight": weight, "bias": bias, "log_scale": log_scale}
        return {self._prefix + name: value for name, value in named.items()}

    def forward(self, row: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Points ``(E, D, B)`` to residuals, and the log-determinant ``(E, 1)``."""
        self._weights, bias, log_scale = row.split(self._counts, dim=1)
        self._table[:, : self._features] = x
        self._rate = torch.exp(-log_scale).unsqueeze(-1)
        predicted = self._matrix.product(self._weights, self._table).add_(bias.unsqueeze(-1))
        self._results = (x - predicted) * self._rate
        return self._results, -log_scale.sum(dim=-1, keepdim=True)

    def backward(self, grad: Tensor, grad_log_det: Tensor, row: Tensor) -> Tensor:
        """After :meth:`forward`: the gradient of the points; that of the parameters goes to `row`."""
        into, into_bias, into_log_scale = row.split(self._counts, dim=1)
        inner = grad * self._rate
        torch.neg(self._matrix.edge_products(inner, self._table), out=into)
        torch.neg(inner.sum(dim=-1), out=into_bias)
        torch.neg((grad * self._results).sum(dim=-1) + grad_log_det.sum(dim=-1, keepdim=True), out=into_log_scale)
        values = self._among.turned(self._weights.index_select(1, self._inner))
        return inner - self._among_turned.product(values, inner)

    def inverse(self, row: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals ``(E, D, B)`` to points, and the log-determinant ``(E, 1)``."""
        weights, bias, log_scale = row.split(self._counts, dim=1)
        self._scaled = residuals * log_scale.exp().unsqueeze(-1)
        sides = self._scaled + bias.unsqueeze(-1)
        if len(self._outer):
            sides += self._from_context.product(weights.index_select(1, self._outer), self.context)
        system = sides.new_zeros(self._num_replicas, self._features**2)
        system[:, self._entries] = -weights.index_select(1, self._inner)
        self._system = system.view(self._num_replicas, self._features, self._features)
        points = self._solved(self._system, sides, upper=False)
        self._table[:, : self._features] = points
        return points, log_scale.sum(dim=-1, keepdim=True)

    def inverse_backward(self, grad: Tensor, grad_log_det: Tensor, row: Tensor) -> None:
        """After :meth:`inverse`: the gradient of the parameters, from that of its points, goes to `row`."""
        into, into_bias, into_log_scale = row.split(self._counts, dim=1)
        sides = self._solved(self._system.mT, grad, upper=True)
        into.copy_(self._matrix.edge_products(sides, self._table))
        torch.sum(sides, dim=-1, out=into_bias)
        torch.add((sides * self._scaled).sum(dim=-1), grad_log_det.sum(dim=-1, keepdim=True), out=into_log_scale)

    def _solved(self, system: Tensor, sides: Tensor, upper: bool) -> Tensor:
        """Solve a triangular system in topological order; its diagonal counts as ones."""
        ordered = torch.linalg.solve_triangular(system, sides[:, self._order], upper=upper, unitriangular=True)
        return ordered[:, self._place]
