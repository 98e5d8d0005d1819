"""Replicas of one model that are trained as one tensor program."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sirenvae.models.replicas import Fittable
from sirenvae.training.capture import Captured
from sirenvae.training.optimizer import ReplicatedAdamW
from sirenvae.training.programs import program_for
from sirenvae.training.schedule import Schedule
from sirenvae.training.streams import Streams


class Group:
    """Some replicas of a model under training.

    Arguments:
        model: The model.
        chosen: Which of its replicas.
        schedule: Theirs alone.
        streams: Theirs alone.
        weight_decay: Theirs, shape ``(E,)``.

    Attributes:
        alive: Which replicas are finite so far, bool, shape ``(E,)``. The others keep the weights they last had.
        rate: Learning rates of the last step, shape ``(E,)``.
    """

    def __init__(
        self,
        model: Fittable,
        chosen: Sequence[int],
        schedule: Schedule,
        streams: Streams,
        weight_decay: Tensor,
    ):
        self.model, self.chosen = model, list(chosen)
        self.schedule, self.streams, self.weight_decay = schedule, streams, weight_decay.to(model.dtype)
        whole = len(self.chosen) == math.prod(model.replicas)
        self._part = model if whole else model.replica(*self.chosen)
        self._program = program_for(self._part, streams.num_points)
        self._optimizer = ReplicatedAdamW(self._program.weights, self._program.decays)
        self.multiply_adds = streams.num_points * sum(parameter.numel() for parameter in self._part.parameters())
        self.alive = torch.ones(len(self.chosen), dtype=torch.bool, device=weight_decay.device)
        self._points_are_set = False
        zeros = torch.zeros(4, len(self.chosen)).to(self.weight_decay)
        self.rate, self._loss, self._summed, self._counted = zeros.unbind(0)
        self._corrections = torch.zeros(2).to(self.weight_decay)
        self._captured = Captured() if weight_decay.is_cuda else None

    def take_step(self, step: int) -> None:
        """Take one step, counted from 0."""
        if not self._points_are_set:
            self._program.set_points(self.streams.batch(step))
            self._points_are_set = self.streams.constant
        for into, value in zip(self._corrections, self._optimizer.corrections(step + 1), strict=True):
            into.fill_(value)
        scheduled = self.schedule.kl_weight(step), self.schedule.learning_rate(step)
        kl_weight, rate = (value.to(self._loss.dtype) for value in scheduled)
        inputs = self.streams.noise(step), kl_weight, rate, self._corrections
        if self._captured is None:
            self._update_weights(*inputs)
        else:
            self._captured.call(self._update_weights, *inputs)
        self.schedule.end_step(step, self._loss)

    def _update_weights(self, noise: Tensor, kl_weight: Tensor, rate: Tensor, corrections: Tensor) -> None:
        """The step itself, in place and without a look at any value, so that it can be recorded."""
        loss = self._program.loss(noise, kl_weight, self.streams.point_weight)
        gradient, running = self._program.gradient, self.alive & (rate > 0)
        self.alive &= torch.isfinite(loss) & torch.isfinite(gradient.sum(dim=1))
        gradient.masked_fill_(~self.alive.unsqueeze(-1), 0.0)
        torch.mul(rate, self.alive, out=self.rate)
        self._optimizer.step(gradient, self.rate, self.weight_decay, corrections)
        self._loss.copy_(loss)
        self._summed += torch.where(running, loss, 0.0)
        self._counted += running

    def forget_losses(self) -> None:
        """Begin a new mean."""
        self._summed.zero_()
        self._counted.zero_()

    def mean_loss(self) -> Tensor:
        """Mean loss since :meth:`forget_losses`, shape ``(E,)``, standard units; NaN where there was no step."""
        return self._summed / self._counted

    def store(self) -> None:
        """Bring the model up to date and leave it in evaluation mode."""
        self._program.store()
        if self._part is not self.model:
            self.model.copy_replicas(self._part, range(len(self.chosen)), self.chosen)

    def moments(self) -> dict[str, dict[str, Tensor]]:
        """The optimizer's averages as tensors in the shapes of the group's own parameters, ``(E, ...)``."""
        averages = {"mean": self._optimizer.mean, "square": self._optimizer.square}
        return {
            name: {
                parameter: value.reshape(len(self.chosen), -1)
                for parameter, value in self._program.unpack(rows).items()
            }
            for name, rows in averages.items()
        }

    def set_moments(self, moments: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of :meth:`moments`."""
        shapes = {name: parameter.shape for name, parameter in self._part.trainable().items()}
        for name, into in (("mean", self._optimizer.mean), ("square", self._optimizer.square)):
            values = {parameter: value.reshape(shapes[parameter]) for parameter, value in moments[name].items()}
            into.copy_(self._program.pack(values))
