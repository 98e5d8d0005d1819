"""A flow as a distribution of torch's kind."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, constraints

from sirenvae.errors import InputError


def standard_normal_log_prob(x: Tensor) -> Tensor:
    """Log density of independent standard normals, summed over the last axis, in nats."""
    return -0.5 * (x.square().sum(dim=-1) + x.shape[-1] * math.log(2 * math.pi))


class FlowDistribution(Distribution):
    """Points that a transform carries to standard normal noise.

    Its batch shape is R, and ``(*R, N)`` where there is a context of N rows; its event shape is ``(D,)``. So its values
    have the shape ``(*S, *R, N, D)`` with any sample shape S, as torch has it, whereas a transform wants R first.

    Arguments:
        transform: A :class:`~sirenvae.flows.transform.Transform`.
        context: Shape ``(*R, N, C)``; ``None`` exactly when C = 0.

    Raises:
        InputError: If the context does not fit.
    """

    arg_constraints: ClassVar = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, transform: nn.Module, context: Tensor | None = None):
        self._transform, self._context = transform, context
        given = 0 if context is None else context.shape[-1]
        if given != transform.context_features:
            raise InputError(f"The flow has {transform.context_features} context values, but {given} came.")
        batch_shape = transform.replicas if context is None else context.shape[:-1]
        if batch_shape[: len(transform.replicas)] != transform.replicas:
            raise InputError(
                f"The flow has replicas {tuple(transform.replicas)}, but context of shape {tuple(context.shape)} came."
            )
        super().__init__(batch_shape, torch.Size([transform.features]), validate_args=False)

    def rsample(self, sample_shape=()) -> Tensor:
        """Draws that carry gradients, shape ``(*S, *batch_shape, D)``."""
        shape = self._extended_shape(torch.Size(sample_shape))
        like = next(self._transform.parameters())
        noise = torch.randn(shape, dtype=like.dtype, device=like.device)
        return self._apply(self._transform.inverse_and_log_det, noise)[0]

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of values ``(*S, *batch_shape, D)``, shape ``(*S, *batch_shape)``, in nats."""
        noise, log_det = self._apply(self._transform.forward_and_log_det, value)
        return standard_normal_log_prob(noise) + log_det

    def _apply(self, direction, values: Tensor) -> tuple[Tensor, Tensor]:
        """A direction of the transform for values with a sample shape; with R in front for its sake."""
        lead, batch = len(self._transform.replicas), self.batch_shape
        own = batch[lead:]  # N, or nothing
        shape = values.shape[:-1]
        if values.shape[-1:] != self.event_shape or shape[len(shape) - len(batch) :] != batch:
            raise InputError(
                f"Values have shape (*, {', '.join(map(str, (*batch, *self.event_shape)))}), "
                f"but {tuple(values.shape)} came."
            )
        num_axes = len(shape) - len(batch)  # of the sample shape
        sample_shape = shape[:num_axes]
        first = values.movedim(tuple(range(num_axes, num_axes + lead)), tuple(range(lead)))
        rows = first.reshape(*self._transform.replicas, -1, self.event_shape[0])
        context = self._context
        if context is not None:
            places = context.reshape(*batch[:lead], *[1] * num_axes, *own, context.shape[-1])
            context = places.expand(*batch[:lead], *sample_shape, *own, -1).reshape(*rows.shape[:-1], -1)
        found, log_det = direction(rows, context)
        found, log_det = found.reshape(first.shape), log_det.reshape(first.shape[:-1])
        back = tuple(range(lead)), tuple(range(num_axes, num_axes + lead))
        return found.movedim(*back), log_det.movedim(*back)
