"""The training step of a SIReN-VAE on edge lists."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sirenvae.models import SIReNVAE
from sirenvae.models.likelihoods import GaussianLikelihood
from sirenvae.training.kernels.affine import EdgeAffine
from sirenvae.training.kernels.edges import EdgeMatrix
from sirenvae.training.kernels.flow import EdgeFlow
from sirenvae.training.kernels.norms import EdgeNorms


class EdgeDecoder:
    """E replicas of a :class:`~sirenvae.models.likelihoods.GaussianLikelihood`, the backward pass written out.

    One table holds the hidden units, the inputs and a row of ones; the last layer and the linear part are one matrix.

    Arguments:
        decoder: The decoder; its masks are used.
        num_replicas: E.
        num_points: B.
        wanted: How many inputs, from the left, need a gradient.
    """

    def __init__(self, decoder: GaussianLikelihood, num_replicas: int, num_points: int, wanted: int):
        hidden_mask, output_mask = decoder.hidden.mask.bool(), decoder.output.mask.bool()
        self.hidden, num_inputs = hidden_mask.shape
        self.outputs, self._replicas = len(output_mask), num_replicas
        bias = [m.new_ones(len(m), 1) for m in (hidden_mask, output_mask)]
        self._wanted = wanted
        no_hidden = hidden_mask.new_zeros(self.hidden, self.hidden)
        first = torch.cat([no_hidden, hidden_mask, bias[0]], dim=1)
        second = torch.cat([output_mask, decoder.linear.mask.bool(), bias[1]], dim=1)
        self.first, self.second = EdgeMatrix(first), EdgeMatrix(second)
        self._first_turned, self._second_turned = self.first.T, self.second.T
        self._counts = [self.first.num_edges, self.second.num_edges, self.outputs]
        self.num_weights = sum(self._counts)
        last = first.shape[1] - 1
        self.decays = torch.cat(
            [self.first.columns < last, self.second.columns < last, bias[1].new_zeros(self.outputs)]
        )
        scale = decoder.log_scale
        self.table = scale.new_ones(num_replicas, self.hidden + num_inputs + 1, num_points)
        self._zero, self._one = scale.new_zeros(()), scale.new_ones(())
        self._floor = decoder.noise_floor

    def pack(self, parameters: dict[str, Tensor]) -> Tensor:
        """The decoder's parameters, by name, as one row per replica: shape ``(E, num_weights)``."""
        named = {
            name: parameters[f"decoder.{name}"].reshape(self._replicas, -1, parameters[f"decoder.{name}"].shape[-1])
            for name in ("hidden.weight", "hidden.bias", "output.weight", "output.bias", "linear.weight", "log_scale")
        }
        nothing = named["hidden.weight"].new_zeros(self._replicas, self.hidden, self.hidden)
        first = torch.cat([nothing, named["hidden.weight"], named["hidden.bias"].mT], dim=-1)
        # The two biases of the outputs act as one; the linear part's stays as it is.
        second = torch.cat([named["output.weight"], named["linear.weight"], named["output.bias"].mT], dim=-1)
        parts = [full[:, edges.rows, edges.columns] for full, edges in ((first, self.first), (second, self.second))]
        return torch.cat([*parts, named["log_scale"].flatten(1)], dim=1)

    def unpack(self, row: Tensor) -> dict[str, Tensor]:
        """The inverse of :meth:`pack`: full tensors by name, shape ``(E, ...)``, zero where there is no edge."""
        first, second, log_scale = row.split(self._counts, dim=1)
        full = []
        for values, edges in ((first, self.first), (second, self.second)):
            full.append(values.new_zeros(self._replicas, *edges.mask.shape))
            full[-1][:, edges.rows, edges.columns] = values
        named = {
            "hidden.weight": full[0][..., self.hidden : -1],
            "hidden.bias": full[0][..., -1:].mT,
            "output.weight": full[1][..., : self.hidden],
            "linear.weight": full[1][..., self.hidden : -1],
            "output.bias": full[1][..., -1:].mT,
            "log_scale": log_scale.unsqueeze(1),
        }
        return {f"decoder.{name}": value for name, value in named.items()}

    def loss(self, row: Tensor, x: Tensor, point_weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted negative log likelihood, and its gradient with respect to the inputs.

        Arguments:
            row: Parameters, shape ``(E, num_weights)``.
            x: Points, shape ``(E, D, B)``; the inputs are in the table.
            point_weight: Shape ``(E, B)``.

        Returns:
            loss: Shape ``(E,)``.
            grad: Shape ``(E, wanted, B)``.
        """
        hidden = self.hidden
        first, second, log_scale = row.split(self._counts, dim=1)
        pre = self.first.product(first, self.table)
        self._gate = torch.sigmoid(pre)
        value = torch.mul(pre, self._gate, out=self.table[:, :hidden])
        error = self.second.product(second, self.table).sub_(x)
        variable_part = torch.exp(2 * log_scale).unsqueeze(-1)
        variance = self._floor.square().reshape(-1, 1, 1) + variable_part
        weight = point_weight.unsqueeze(1)
        self._grad_outputs = error / variance * weight
        squares = (self._grad_outputs * error).sum(dim=-1, keepdim=True)
        total = weight.sum(dim=-1, keepdim=True)
        per_output = 0.5 * (squares + total * (variance.log() + math.log(2 * math.pi)))
        self._grad_log_scale = variable_part * (total - squares) / variance
        grad = self._second_turned.product(self.second.turned(second), self._grad_outputs)
        slope = torch.lerp(value, self._one, self._gate)
        self._grad_hidden = slope.mul_(grad[:, :hidden])
        grad.add_(self._first_turned.product(self.first.turned(first), self._grad_hidden))
        return per_output.sum(dim=(1, 2)), grad[:, hidden : hidden + self._wanted]

    def write_gradient(self, row: Tensor) -> None:
        """Write the gradient of all parameters to `row`, shape ``(E, num_weights)``."""
        first, second, log_scale = row.split(self._counts, dim=1)
        first.copy_(self.first.edge_products(self._grad_hidden, self.table))
        second.copy_(self.second.edge_products(self._grad_outputs, self.table))
        log_scale.copy_(self._grad_log_scale.squeeze(-1))


class EdgeProgram:
    """The whole training step of a SIReN-VAE's replicas: loss and gradient, without automatic differentiation.

    Arguments:
        model: The model; its weights are copied, and written back by :meth:`store`.
        num_points: B, points in a batch.

    Attributes:
        weights, gradient: One row per replica, shape ``(E, P)``.
        decays: Which parameters are weights, bool, shape ``(P,)``.
    """

    def __init__(self, model: SIReNVAE, num_points: int):
        self._model = model
        num_replicas = math.prod(model.replicas)
        self._linear = model.prior_affine is not None
        self._encoder = EdgeFlow(model.encoder, "encoder.", num_replicas, num_points, passes_on=self._linear)
        self._prior = EdgeFlow(model.prior, "prior.", num_replicas, num_points, passes_on=True)
        self._decoder = EdgeDecoder(model.decoder, num_replicas, num_points, model.latent_features)
        self._parts = [self._encoder, self._prior, self._decoder]
        self._contexts = [self._encoder.context, self._prior.context]
        if self._linear:
            self._posterior_affine = EdgeAffine(model.posterior_affine, "posterior_affine.", num_replicas, num_points)
            self._prior_affine = EdgeAffine(model.prior_affine, "prior_affine.", num_replicas, num_points)
            self._parts += [self._posterior_affine, self._prior_affine]
            self._contexts += [self._posterior_affine.context, self._prior_affine.context]
        self._norms = EdgeNorms([self._encoder, self._prior], model.encoder.num_power_iterations)
        self._vectors = torch.cat([vector.reshape(-1, model.latent_features) for vector in self._vector_buffers()])
        self._parameters = dict(model.named_parameters())
        self.weights = self.pack(self._parameters)
        self.gradient = torch.zeros_like(self.weights)
        self.decays = torch.cat([part.decays for part in self._parts])

    def pack(self, parameters: dict[str, Tensor]) -> Tensor:
        """Tensors in the model's shapes, by parameter name, as one row per replica: shape ``(E, P)``."""
        parameters = {name: value.detach() for name, value in parameters.items()}
        return torch.cat([part.pack(parameters) for part in self._parts], dim=1)

    def unpack(self, rows: Tensor) -> dict[str, Tensor]:
        """The inverse of :meth:`pack`."""
        found = {}
        for part, row in zip(self._parts, self._rows(rows), strict=True):
            found |= part.unpack(row)
        return {name: found[name].reshape(parameter.shape) for name, parameter in self._parameters.items()}

    @torch.no_grad()
    def store(self) -> None:
        """Write weights and singular vectors to the model, and leave it in evaluation mode."""
        if self._model.training:
            self._model.eval()
        values = self.unpack(self.weights)
        for name, parameter in self._parameters.items():
            parameter.copy_(values[name])
        buffers = self._vector_buffers()
        split = self._vectors.split([vector.shape[:-1].numel() for vector in buffers])
        for vector, found in zip(buffers, split, strict=True):
            vector.copy_(found.view_as(vector))

    def _vector_buffers(self) -> list[Tensor]:
        """Singular vectors of both layers of both flows, seen with the blocks before the replicas."""
        lead = len(self._model.replicas)
        return [
            flow.get_buffer(f"singular_vector_{layer}").movedim(lead, 0)
            for flow in (self._model.encoder, self._model.prior)
            for layer in range(2)
        ]

    def _rows(self, rows: Tensor) -> tuple[Tensor, ...]:
        return rows.split([part.num_weights for part in self._parts], dim=1)

    def set_points(self, x: Tensor) -> None:
        """Set the batch: points in standard units, shape ``(E, D, B)``."""
        self._x = x
        latents = self._model.latent_features
        for context in self._contexts:
            if context.shape[1]:
                context.copy_(x)
        if self._decoder.table.shape[1] > self._decoder.hidden + latents + 1:
            self._decoder.table[:, self._decoder.hidden + latents : -1] = x

    @torch.no_grad()
    def loss(self, noise: Tensor, kl_weight: Tensor, point_weight: Tensor) -> Tensor:
        """Negative one-sample ELBO per replica, shape ``(E,)``; its gradient goes to :attr:`gradient`.

        Arguments:
            noise: Standard normal, shape ``(E, K, B)``.
            kl_weight: Shape ``(E,)``.
            point_weight: What each point of the batch counts, shape ``(E, B)``.
        """
        flows = (self._encoder, self._prior)
        rows, grads = self._rows(self.weights), self._rows(self.gradient)
        bounded = [flow.bounded_weights(row) for flow, row in zip(flows, rows, strict=False)]
        found = self._norms([weight for weights in bounded for weight in weights], self._vectors)
        for flow, row, weights, (sigma, _) in zip(flows, rows, bounded, found, strict=False):
            flow.normalize(row, weights, sigma)

        start, log_det = noise, 0.0
        if self._linear:
            start, log_det = self._posterior_affine.inverse(rows[3], noise)
        z, of_encoder = self._encoder.forward(start)
        y, of_prior = self._prior.forward(z)
        log_det = log_det + of_encoder + of_prior
        if self._linear:
            y, of_affine = self._prior_affine.forward(rows[4], y)
            log_det = log_det + of_affine
        self._decoder.table[:, self._decoder.hidden : self._decoder.hidden + z.shape[1]] = z
        loss, grad_z = self._decoder.loss(rows[2], self._x, point_weight)
        weight = point_weight * kl_weight.unsqueeze(-1)
        divergence = 0.5 * (y.square().sum(dim=1) - noise.square().sum(dim=1)) - log_det
        loss = loss + (weight * divergence).sum(dim=-1)

        grad_y = y * weight.unsqueeze(1)
        if self._linear:
            grad_y = self._prior_affine.backward(grad_y, -weight, grads[4])
        grad_start = self._encoder.backward(grad_z + self._prior.backward(grad_y, -weight), -weight)
        if self._linear:
            self._posterior_affine.inverse_backward(grad_start, -weight, grads[3])
        for flow, row, (_, slopes) in zip(flows, grads, found, strict=False):
            flow.write_gradient(row, slopes)
        self._decoder.write_gradient(grads[2])
        return loss
