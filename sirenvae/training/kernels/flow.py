"""A graphical residual flow on edge lists, with its backward pass written out.

The maths is that of :class:`~sirenvae.flows.GraphicalResidualFlow` with one hidden layer and LipSwish. With t the
pre-activation times the sharpness, and gate = sigmoid(t),

    h = t gate,    h' = gate + h (1 - gate),    h'' = (1 - gate) (2 h' - h);

the sharpness and the constant of LipSwish are folded into the weights. One product takes [h; h'] to [update; diagonal].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from sirenvae.flows import GraphicalResidualFlow
from sirenvae.flows.activations import MAX_SLOPE_OF_SWISH
from sirenvae.training.kernels.edges import EdgeMatrix


class _BlockViews(NamedTuple):
    """One block's part of the tables, shape ``(E, units, B)`` each."""

    points: Tensor
    results: Tensor
    activations: Tensor
    value: Tensor
    slope: Tensor
    gate: Tensor
    volume: Tensor
    grad_outputs: Tensor
    grad_results: Tensor
    grad_hidden: Tensor


class EdgeFlow:
    """E replicas of a flow that read and write edge values; every pass overwrites what the last one kept.

    Arguments:
        flow: The flow; its masks, bound and parameters' names are used.
        prefix: What precedes the names of its parameters in the model.
        num_replicas: E.
        num_points: B, points in a batch.
        passes_on: Whether :meth:`backward` must give the gradient of the points that came in.

    Attributes:
        num_weights: Parameters of one replica.
        decays: Which of them are weights, bool, shape ``(num_weights,)``.
        context: Table of the context's values, shape ``(E, C, B)``.
    """

    def __init__(self, flow: GraphicalResidualFlow, prefix: str, num_replicas: int, num_points: int, passes_on: bool):
        device = flow.raw_sharpness.device
        first, second = (mask.to(device) for mask in flow.layers.masks)
        on_diagonal = flow.layers.diagonal_masks[1].to(device)
        self.num_replicas, self.num_blocks = num_replicas, flow.num_blocks
        self.features, self.hidden = flow.features, len(first)
        self._held_norm, self._prefix, self._passes_on = flow.held_norm, prefix, passes_on
        self.first = EdgeMatrix(first[:, : self.features])
        self.second = EdgeMatrix(second)
        self._from_context = EdgeMatrix(first[:, self.features :])
        # [h; h'] to [update; diagonal]: the values of `second`, then those of the paths from a variable to itself.
        nothing = torch.zeros_like(second)
        both = torch.cat([torch.cat([second, nothing], dim=1), torch.cat([nothing, on_diagonal], dim=1)])
        self._both = EdgeMatrix(both)
        self._first_turned, self._both_turned = self.first.T, self._both.T
        self._outer, self._inner = self._paths(on_diagonal)
        matrices = [self.first, self._from_context, self.second]
        widths = [*(matrix.num_edges for matrix in matrices), self.hidden, self.features, 1]
        self._counts = [self.num_blocks * width for width in widths]
        self.num_weights = sum(self._counts)
        self.decays = torch.arange(self.num_weights, device=device) < sum(self._counts[:3])
        self._create_tables(flow.context_features, num_points, flow.raw_sharpness)

    def _paths(self, on_diagonal: Tensor) -> tuple[Tensor, Tensor]:
        """For each path i -> unit -> i its edge in both layers, in flat values ``(T, E, edges)``."""
        output, unit = on_diagonal.nonzero().unbind(1)
        found = []
        for matrix, rows, columns in ((self.second, output, unit), (self.first, unit, output)):
            position = torch.full(matrix.mask.shape, -1, device=rows.device)
            position[matrix.rows, matrix.columns] = torch.arange(matrix.num_edges, device=rows.device)
            stacked = self.num_blocks * self.num_replicas
            first = torch.arange(stacked, device=rows.device).view(self.num_blocks, self.num_replicas, 1)
            found.append((position[rows, columns] + first * matrix.num_edges).int())
        return found[0], found[1]

    def _create_tables(self, context_features: int, num_points: int, like: Tensor) -> None:
        blocks, features, hidden = self.num_blocks, self.features, self.hidden

        def table(*units: int) -> Tensor:
            return like.new_ones(*units[:-1], self.num_replicas, units[-1], num_points)

        self.context = table(context_features)
        self._points, self._activations = table(blocks + 1, features), table(blocks, 2 * hidden)
        self._gates, self._grad_hidden = table(blocks, hidden), table(blocks, hidden)
        self._volumes, self._grad_outputs = table(blocks, features), table(blocks, 2 * features)
        self._zero, self._one = like.new_zeros(()), like.new_ones(())
        self._block_views = [
            _BlockViews(
                points=self._points[t],
                results=self._points[t + 1],
                activations=self._activations[t],
                value=self._activations[t, :, :hidden],
                slope=self._activations[t, :, hidden:],
                gate=self._gates[t],
                volume=self._volumes[t],
                grad_outputs=self._grad_outputs[t],
                grad_results=self._grad_outputs[t, :, :features],
                grad_hidden=self._grad_hidden[t],
            )
            for t in range(blocks)
        ]

    def pack(self, parameters: dict[str, Tensor]) -> Tensor:
        """The flow's parameters, by name, as one row per replica: shape ``(E, num_weights)``."""
        lead = parameters[f"{self._prefix}raw_sharpness"].ndim - 1  # The block's axis is the last of these.
        named = {
            name: (v := parameters[self._prefix + name]).reshape(self.num_replicas, self.num_blocks, *v.shape[lead:])
            for name in ("weights.0", "context_weight", "biases.0", "weights.1", "biases.1", "raw_sharpness")
        }
        weights = [
            named[name][..., matrix.rows, matrix.columns]
            for name, matrix in zip(("weights.0", "context_weight", "weights.1"), self._matrices(), strict=True)
        ]
        others = [named[name] for name in ("biases.0", "biases.1", "raw_sharpness")]
        return torch.cat([part.flatten(1) for part in (*weights, *others)], dim=1)

    def unpack(self, row: Tensor) -> dict[str, Tensor]:
        """The inverse of :meth:`pack`: full tensors by name, shape ``(E, T, ...)``, zero where there is no edge."""
        *weights, hidden_bias, bias, sharpness = (part.transpose(0, 1) for part in self._parts(row))
        full = []
        for values, matrix in zip(weights, self._matrices(), strict=True):
            full.append(values.new_zeros(*values.shape[:2], *matrix.mask.shape))
            full[-1][..., matrix.rows, matrix.columns] = values
        named = {
            "weights.0": full[0],
            "context_weight": full[1],
            "weights.1": full[2],
            "biases.0": hidden_bias.unsqueeze(-2),
            "biases.1": bias.unsqueeze(-2),
            "raw_sharpness": sharpness,
        }
        return {self._prefix + name: value for name, value in named.items()}

    def _matrices(self) -> tuple[EdgeMatrix, EdgeMatrix, EdgeMatrix]:
        return self.first, self._from_context, self.second

    def _parts(self, row: Tensor) -> list[Tensor]:
        """Views of the first layer's weights, the context's, the second's, both biases, sharpness: ``(T, E, ·)``."""
        return [part.unflatten(1, (self.num_blocks, -1)).transpose(0, 1) for part in row.split(self._counts, dim=1)]

    def bounded_weights(self, row: Tensor) -> tuple[Tensor, Tensor]:
        """The weights of both layers whose norm is bounded, shape ``(T, E, edges)``."""
        first, _, second, *_ = self._parts(row)
        return first.contiguous(), second.contiguous()

    def normalize(self, row: Tensor, weights: tuple[Tensor, Tensor], sigma: Tensor) -> None:
        """Make the edge values that the passes use.

        Arguments:
            row: Parameters, shape ``(E, num_weights)``.
            weights: What :meth:`bounded_weights` gave.
            sigma: Spectral norms of both layers, shape ``(2, T, E)``.
        """
        _, self._context_weights, _, self._hidden_bias, bias, self._raw_sharpness = self._parts(row)
        self._first, self._second = weights
        self._biases = bias.unsqueeze(-1).unbind(0)
        self._sharpness = functional.softplus(self._raw_sharpness)
        self._sigma = sigma.unsqueeze(-1)
        self._scale = self._held_norm / self._sigma.clamp_min(self._held_norm)
        scale = self._scale * torch.stack([self._sharpness, 1 / (MAX_SLOPE_OF_SWISH * self._sharpness)])
        self._first_scale, self._second_scale = scale
        self._path_scale = scale[0] * scale[1]
        self._outer_weights, self._inner_weights = _at(self._second, self._outer), _at(self._first, self._inner)
        self._path = self._outer_weights * self._inner_weights
        first_values = self._first * self._first_scale
        both_values = torch.cat([self._second * self._second_scale, self._path * self._path_scale], dim=-1)
        self._first_values, self._both_values = first_values.unbind(0), both_values.unbind(0)
        self._first_back, self._both_back = (
            self.first.turned(first_values).unbind(0),
            self._both.turned(both_values).unbind(0),
        )

    def _offsets(self) -> Tensor:
        """What the context and the bias add before the hidden units, shape ``(T, E, hidden, B or 1)``."""
        bias = (self._hidden_bias * self._sharpness).unsqueeze(-1)
        if not self.context.shape[1]:
            return bias
        return self._from_context.product(self._context_weights * self._sharpness, self.context).add_(bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Push points ``(E, D, B)`` through all blocks: points, and the log-determinant ``(E, B)``."""
        offsets = self._offsets().unbind(0)
        self._points[0] = x
        for t, block in enumerate(self._block_views):
            pre = self.first.product(self._first_values[t], block.points).add_(offsets[t])
            torch.sigmoid(pre, out=block.gate)
            torch.mul(pre, block.gate, out=block.value)
            torch.lerp(block.value, self._one, block.gate, out=block.slope)
            outputs = self._both.product(self._both_values[t], block.activations)
            update, diagonal = outputs.split(self.features, dim=1)
            torch.add(block.points, self._biases[t], out=block.results).add_(update)
            torch.add(diagonal, self._one, out=block.volume)
        return self._points[-1], _log_of_product(self._volumes)

    def backward(self, grad: Tensor, grad_log_det: Tensor) -> Tensor | None:
        """Gradient of the points that came in, shape ``(E, D, B)``, from those of both results.

        The weights' gradients wait for :meth:`write_gradient`.
        """
        torch.div(grad_log_det.unsqueeze(1), self._volumes, out=self._grad_outputs[:, :, self.features :])
        for t, block in reversed(list(enumerate(self._block_views))):
            block.grad_results.copy_(grad)
            back = self._both_turned.product(self._both_back[t], block.grad_outputs)
            by_value, by_slope = back.split(self.hidden, dim=1)
            less_bend = torch.sub(block.value, block.slope, alpha=2).lerp_(self._zero, block.gate)
            torch.mul(by_value, block.slope, out=block.grad_hidden).addcmul_(by_slope, less_bend, value=-1)
            if t or self._passes_on:
                grad = self._first_turned.product(self._first_back[t], block.grad_hidden).add_(grad)
        return grad if self._passes_on else None

    def write_gradient(self, row: Tensor, slopes: list[Tensor]) -> None:
        """Write the gradient of all parameters.

        Arguments:
            row: Where to, shape ``(E, num_weights)``.
            slopes: Half the gradient of each layer's squared norm in its bounded weights, ``(T, E, edges)``.
        """
        grad_first = self.first.edge_products(self._grad_hidden, self._points[:-1])
        grad_context = self._from_context.edge_products(self._grad_hidden, self.context)
        grad_both = self._both.edge_products(self._grad_outputs, self._activations)
        grad_second, grad_path = grad_both.split([self.second.num_edges, self._outer.shape[-1]], dim=-1)
        grad_hidden_bias = self._grad_hidden.sum(dim=-1)
        grad_bias = self._grad_outputs[:, :, : self.features].sum(dim=-1)

        # With respect to the factors that whole layers share, through the products that they enter.
        by_first, by_second, by_path, by_context, by_hidden_bias = (
            (grad * weight).sum(dim=-1, keepdim=True)
            for grad, weight in (
                (grad_first, self._first),
                (grad_second, self._second),
                (grad_path, self._path),
                (grad_context, self._context_weights),
                (grad_hidden_bias, self._hidden_bias),
            )
        )
        by_path = by_path * self._path_scale
        by_scale = torch.stack([by_first * self._first_scale, by_second * self._second_scale])
        grad_beta = by_context + by_hidden_bias + (by_scale[0] - by_scale[1]) / self._sharpness
        # The scale is bound / sigma, so its relative change is that of sigma, with the sign turned.
        pull = torch.where(self._sigma > self._held_norm, -(by_scale + by_path) / self._sigma.square(), 0.0)

        grad_path = grad_path * self._path_scale
        grad_first = (slopes[0] * pull[0]).addcmul_(grad_first, self._first_scale)
        grad_second = (slopes[1] * pull[1]).addcmul_(grad_second, self._second_scale)
        _add_at(grad_first, self._inner, grad_path * self._outer_weights)
        _add_at(grad_second, self._outer, grad_path * self._inner_weights)
        grad_sharpness = grad_beta * torch.sigmoid(self._raw_sharpness)
        grad_context, grad_hidden_bias = grad_context * self._sharpness, grad_hidden_bias * self._sharpness
        found = [grad_first, grad_context, grad_second, grad_hidden_bias, grad_bias, grad_sharpness]
        for into, grad in zip(self._parts(row), found, strict=True):
            into.copy_(grad)


def _at(values: Tensor, places: Tensor) -> Tensor:
    """Entries of values ``(T, E, edges)`` at flat `places` ``(T, E, n)``."""
    return values.reshape(-1).index_select(0, places.view(-1)).view(places.shape)


def _add_at(values: Tensor, places: Tensor, summands: Tensor) -> None:
    values.view(-1).index_add_(0, places.view(-1), summands.view(-1))


def _log_of_product(volumes: Tensor) -> Tensor:
    """Sum of logs over blocks and units, ``(T, E, D, B)`` to ``(E, B)``; one log serves the product of four blocks."""
    total = 0.0
    for blocks in volumes.split(4):
        product = blocks[0]
        for volume in blocks[1:]:
            product = product * volume
        total = total + product.log().sum(dim=-2)
    return total
