"""What every flow is: a bijection with two directions, each with its own log-determinant; and how flows compose.

Source:
    Rezende & Mohamed, Variational Inference with Normalizing Flows (2015), for the change of variables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.flows.distribution import FlowDistribution, standard_normal_log_prob


class Transform(nn.Module, ABC):
    """A bijection of D variables, given C context values.

    Its forward direction is the normalizing one: it carries points to standard normal noise. A subclass writes the two
    directions; densities and draws derive from them.

    Arguments:
        features: D.
        context_features: C.
        replicas: Leading shape R of all parameters; a batch then has shape ``(*R, N, D)``.
    """

    def __init__(self, features: int, context_features: int = 0, replicas: tuple[int, ...] = ()):
        super().__init__()
        self.features, self.context_features = features, context_features
        self.replicas = torch.Size(replicas)

    @abstractmethod
    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry points to noise.

        Arguments:
            x: Points, shape ``(*, D)``, with replicas ``(*R, N, D)``.
            context: Conditioning values, shape ``(*, C)``; ``None`` exactly when C = 0.

        Returns:
            y: Shape ``(*, D)``.
            log_det: Log volume change of this direction, shape ``(*)``, in nats: log p_x(x) = log p_y(y) + log_det.

        Raises:
            InputError: If the shapes do not fit.
        """

    @abstractmethod
    def inverse_and_log_det(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry noise to points; arguments, results and errors as those of :meth:`forward_and_log_det`."""

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        """A new transform of the same kind with other replicas, and weights as at the start.

        Raises:
            InputError: If a subclass does not say how.
        """
        raise InputError(
            f"A {type(self).__name__} does not say how it is built with other replicas; give it a method rebuilt."
        )

    def start_at(self, rows: Sequence[Tensor]) -> None:
        """Take from training data a first guess of the weights, where a transform has one; by default none.

        Arguments:
            rows: Points, context on the right, one ``(N_e, D + C)`` for each replica.
        """

    def forward(self, context: Tensor | None = None) -> FlowDistribution:
        """The distribution of points that the forward direction carries to standard normal noise.

        Arguments:
            context: Shape ``(*R, N, C)``; ``None`` exactly when C = 0.
        """
        return FlowDistribution(self, context)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Log density of points that the forward direction carries to a standard normal, shape ``(*)``, in nats."""
        y, log_det = self.forward_and_log_det(x, context)
        return standard_normal_log_prob(y) + log_det

    def check_shapes(self, x: Tensor, context: Tensor | None) -> None:
        """Reject points and context that do not fit.

        Raises:
            InputError: If the last axis is not D (for `x`) or C (for `context`), or the axes before it do not fit.
        """
        if x.shape[-1:] != (self.features,):
            came = x.shape[-1] if x.ndim else "no axis"
            raise InputError(f"The flow has {self.features} variables, but points with {came} came.")
        given = 0 if context is None else context.shape[-1]
        if given != self.context_features:
            raise InputError(f"The flow has {self.context_features} context values, but {given} came.")
        lead = len(self.replicas)
        if x.shape[:lead] != self.replicas or x.ndim < lead + 1:
            raise InputError(
                f"The flow has replicas {tuple(self.replicas)}, but points of shape {tuple(x.shape)} came."
            )
        if context is not None and context.shape[:-1] != x.shape[:-1]:
            raise InputError(f"Points {tuple(x.shape)} and context {tuple(context.shape)} need the same batch shape.")


class Chain(Transform):
    """Transforms one after the other, in the normalizing direction: the first one meets the points.

    The log-determinants of the parts add up. Every part has the same D and R, and the same C or none.

    Arguments:
        transforms: The parts, at least one.

    Raises:
        InputError: If there is none, one is no transform, or they differ in D, R or C.

    Example:
        >>> from sirenvae.flows import GraphicalResidualFlow, MaskedAffine
        >>> adjacency = torch.tensor([[True, False], [True, True]])
        >>> chain = Chain(MaskedAffine(adjacency), GraphicalResidualFlow(adjacency, num_blocks=2))
        >>> chain.log_prob(torch.zeros(5, 2)).shape
        torch.Size([5])
    """

    def __init__(self, *transforms: Transform):
        if not transforms:
            raise InputError("A chain has at least one transform, but none came.")
        for place, part in enumerate(transforms):
            if not isinstance(part, Transform):
                raise InputError(f"A chain is made of transforms, but its part {place} is a {type(part).__name__}.")
        first = max(transforms, key=lambda part: part.context_features)
        context_features = first.context_features
        for place, part in enumerate(transforms):
            fits = part.features == first.features and part.replicas == first.replicas
            if not fits or part.context_features not in (0, context_features):
                raise InputError(
                    f"The parts of a chain have the same variables, replicas and context, but part "
                    f"{transforms.index(first)} has {_sizes(first)} and part {place} has {_sizes(part)}."
                )
        super().__init__(first.features, context_features, first.replicas)
        self.transforms = nn.ModuleList(transforms)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(*(part.rebuilt(replicas) for part in self.transforms))

    def start_at(self, rows: Sequence[Tensor]) -> None:
        """That of the first part, which alone meets the points themselves."""
        first = self.transforms[0]
        first.start_at(rows if first.context_features else [part[:, : self.features] for part in rows])

    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.check_shapes(x, context)
        total = 0.0
        for part in self.transforms:
            x, log_det = part.forward_and_log_det(x, context if part.context_features else None)
            total = total + log_det
        return x, total

    def inverse_and_log_det(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.check_shapes(y, context)
        total = 0.0
        for part in reversed(self.transforms):
            y, log_det = part.inverse_and_log_det(y, context if part.context_features else None)
            total = total + log_det
        return y, total


class Inverted(Transform):
    """A transform with its directions exchanged: a generative flow as a part of a chain.

    Arguments:
        transform: The transform; it stays as it is.
    """

    def __init__(self, transform: Transform):
        super().__init__(transform.features, transform.context_features, transform.replicas)
        self.transform = transform

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.transform.rebuilt(replicas))

    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.transform.inverse_and_log_det(x, context)

    def inverse_and_log_det(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.transform.forward_and_log_det(y, context)


def _sizes(part: Transform) -> str:
    return f"{part.features} variables, replicas {tuple(part.replicas)} and {part.context_features} context values"
