"""The training step of any model, by automatic differentiation of the model itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.replicas import Fittable
from sirenvae.nets.declared import decaying


class DenseProgram:
    """The training step of a model's replicas on its own dense tensors: the readable reference, and what CUDA runs.

    The parameters that are trained become views of :attr:`weights`.

    Arguments:
        model: The model.

    Attributes:
        weights, gradient: One row per replica, shape ``(E, P)``.
        decays: Which parameters are weights, bool, shape ``(P,)``.
    """

    def __init__(self, model: Fittable):
        self._model, self._x = model, None
        self._num_replicas = math.prod(model.replicas)
        self._trained = named = model.trainable()
        self.weights = self.pack(named)
        self.gradient = torch.zeros_like(self.weights)
        decays = decaying(model)
        sizes = [(name in decays, p.numel() // self._num_replicas) for name, p in named.items()]
        self.decays = torch.cat([torch.full((size,), does, device=self.weights.device) for does, size in sizes])
        for parameter, view in zip(named.values(), self._views(self.weights), strict=True):
            parameter.data = view

    def pack(self, parameters: dict[str, Tensor]) -> Tensor:
        """Tensors in the model's shapes, by parameter name, as one row per replica: shape ``(E, P)``."""
        named = (parameters[name].detach() for name in self._trained)
        return torch.cat([value.reshape(self._num_replicas, -1) for value in named], dim=1)

    def unpack(self, rows: Tensor) -> dict[str, Tensor]:
        """The inverse of :meth:`pack`."""
        return dict(zip(self._trained, self._views(rows), strict=True))

    def _views(self, rows: Tensor) -> list[Tensor]:
        shapes = [parameter.shape for parameter in self._trained.values()]
        columns = rows.split([shape.numel() // self._num_replicas for shape in shapes], dim=1)
        return [column.view(shape) for column, shape in zip(columns, shapes, strict=True)]

    def store(self) -> None:
        """The model has its weights already; leave it in evaluation mode."""
        self._model.eval()

    def set_points(self, x: Tensor) -> None:
        """Set the batch: rows of the sources, shape ``(E, F, B)``; they are copied to one place."""
        x = self._last_axis(x)
        self._x = x.clone() if self._x is None else self._x.copy_(x)

    def loss(self, noise: Tensor, kl_weight: Tensor, point_weight: Tensor) -> Tensor:
        """The model's loss per replica, shape ``(E,)``; its gradient goes to :attr:`gradient`.

        Arguments:
            noise: Of the batch, shape ``(E, K, B)``.
            kl_weight: Shape ``(E,)``.
            point_weight: What each point of the batch counts, shape ``(E, B)``.
        """
        if not self._model.training:
            self._model.train()
        lead = self._model.replicas
        each = self._model.loss(self._x, self._last_axis(noise), kl_weight.reshape(*lead, 1))
        self._check_loss(each)
        loss = (point_weight.reshape(each.shape) * each).sum(dim=-1)
        gradients = torch.autograd.grad(loss.sum(), list(self._trained.values()), materialize_grads=True)
        torch.cat([value.reshape(self._num_replicas, -1) for value in gradients], dim=1, out=self.gradient)
        return loss.detach().reshape(-1)

    def _check_loss(self, each: Tensor) -> None:
        name, expected = type(self._model).__name__, (*self._model.replicas, self._x.shape[-2])
        if each.shape != expected:
            raise InputError(
                f"The loss of a {name} has the shape {expected}, one number for each point of a batch, but "
                f"{tuple(each.shape)} came."
            )
        if not each.requires_grad:
            raise InputError(f"The loss of a {name} depends on none of the parameters that are to be trained.")

    def _last_axis(self, values: Tensor) -> Tensor:
        """From units first, ``(E, units, B)``, to the model's shape ``(*R, B, units)``."""
        return values.mT.reshape(*self._model.replicas, values.shape[-1], values.shape[-2])
