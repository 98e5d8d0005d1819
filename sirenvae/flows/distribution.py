"""A flow as a distribution of torch's kind."""

from __future__ import annotations

import math
from typing import ClassVar, Self

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
        self._own_shape = batch_shape
        super().__init__(batch_shape, torch.Size([transform.features]), validate_args=False)

    def expand(self, batch_shape, _instance=None) -> Self:
        """The same distribution for more axes, or longer ones where they are 1; every place has draws of its own.

        Raises:
            InputError: If the batch shape cannot be expanded to the one given.
        """
        batch_shape = torch.Size(batch_shape)
        new = self._get_checked_instance(FlowDistribution, _instance)
        new._transform, new._context, new._own_shape = self._transform, self._context, self._own_shape
        at_the_end = batch_shape[len(batch_shape) - len(self.batch_shape) :]
        if len(batch_shape) < len(self.batch_shape) or any(
            size not in (1, wanted) for size, wanted in zip(self.batch_shape, at_the_end, strict=True)
        ):
            raise InputError(f"A batch shape {tuple(self.batch_shape)} cannot be expanded to {tuple(batch_shape)}.")
        super(FlowDistribution, new).__init__(batch_shape, self.event_shape, validate_args=False)
        return new

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
        """A direction of the transform for values ``(*S, *batch_shape, D)``."""
        shape = (*self.batch_shape, *self.event_shape)
        if values.shape[max(0, values.ndim - len(shape)) :] != shape:
            raise InputError(f"Values have shape (*, {', '.join(map(str, shape))}), but {tuple(values.shape)} came.")
        # What is expanded changes its place with a new first axis: there it counts as one of samples.
        own = len(self._own_shape)
        expanded = [axis for axis in range(-own, 0) if self._own_shape[axis] != self.batch_shape[axis]]
        values = values[(None,) * len(expanded)]
        for place, axis in enumerate(expanded):
            values = values.transpose(place, axis - 1)
        found, log_det = self._apply_to_samples(direction, values)
        for place, axis in enumerate(expanded):
            found, log_det = found.transpose(place, axis - 1), log_det.transpose(place, axis)
        return found[(0,) * len(expanded)], log_det[(0,) * len(expanded)]

    def _apply_to_samples(self, direction, values: Tensor) -> tuple[Tensor, Tensor]:
        """A direction of the transform for values ``(*S, *R, N, D)``; with R in front for its sake."""
        lead, batch = len(self._transform.replicas), self._own_shape
        own = batch[lead:]  # N, or nothing
        shape = values.shape[:-1]
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
