"""A masked affine map: the linear part that stands beside a residual flow.

Source:
    Koller & Friedman, Probabilistic Graphical Models (2009), section 7.2, for linear-Gaussian networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.flows.transform import Transform
from sirenvae.nets.set_rule import check_adjacency, reach


class MaskedAffine(Transform):
    r"""The residuals of a linear-Gaussian network, in units of their standard deviations.

    .. math::
        y_i = \Big(x_i - \sum_j B_{ij} x_j - \sum_k C_{ik} c_k - b_i\Big) e^{-s_i}, \qquad
        \log\left|\det \tfrac{\partial y}{\partial x}\right| = -\sum_{i=1}^{D} s_i

    It carries x to standard normal noise where x given c is the linear-Gaussian network with slopes B and C,
    intercepts b and log deviations s. Entry (i, j) of its Jacobian is zero wherever the adjacency is False. The inverse
    is one triangular solve, since a topological order makes I - B lower triangular. It starts at the identity.

    B and C stand side by side in one `weight`, shape ``(*R, D, D + C)``; `bias` and `log_scale` are ``(*R, 1, D)``.

    Arguments:
        adjacency: Bool, shape ``(D, D + C)``; row = output, column = input, context on the right, diagonal True.
        replicas: Leading shape R of all parameters; a batch then has shape ``(*R, N, D)``.

    Raises:
        InputError: If the adjacency is no bool matrix with a True diagonal, or has a cycle.

    Example:
        >>> affine = MaskedAffine(torch.tensor([[True, False, False], [True, True, True]]))  # 0 -> 1 <- context
        >>> y, log_det = affine.forward_and_log_det(torch.ones(5, 2), torch.ones(5, 1))
        >>> y.shape, log_det.shape
        (torch.Size([5, 2]), torch.Size([5]))
    """

    decays, shared = ("weight",), ("mask",)

    def __init__(self, adjacency: Tensor, replicas: tuple[int, ...] = ()):
        check_adjacency(adjacency)
        super().__init__(len(adjacency), adjacency.shape[1] - len(adjacency), replicas)
        itself = torch.eye(*adjacency.shape, dtype=torch.bool, device=adjacency.device)
        self.register_buffer("mask", (adjacency & ~itself).to(torch.get_default_dtype()))
        # An order read off the adjacency, so nothing to save: a child has more ancestors than any of its parents.
        among_variables = adjacency[:, : self.features]
        order = reach(among_variables, self.features).sum(dim=1).argsort(stable=True)
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("place", order.argsort(), persistent=False)
        self.weight = nn.Parameter(torch.zeros(*self.replicas, *adjacency.shape))
        self.bias = nn.Parameter(torch.zeros(*self.replicas, 1, self.features))
        self.log_scale = nn.Parameter(torch.zeros(*self.replicas, 1, self.features))

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        itself = torch.eye(*self.mask.shape, dtype=torch.bool, device=self.mask.device)
        return type(self)(self.mask.bool() | itself, replicas)

    @torch.no_grad()
    def start_at(self, rows: Sequence[Tensor]) -> None:
        r"""Begin at the regression of every variable on its parents, unless the weights have moved already.

        It is penalized as if a normal prior on the slopes, in units of the noise, weighed as much as one point, so that
        few points leave every deviation above zero.

        Arguments:
            rows: Points, context on the right, one ``(N_e, D + C)`` for each replica.
        """
        if any(bool(parameter.any()) for parameter in self.parameters()):
            return
        found = [_regressions(self.mask.bool(), part) for part in rows]
        for into, values in zip((self.weight, self.bias, self.log_scale), zip(*found, strict=True), strict=True):
            into.copy_(torch.stack(values).reshape(into.shape))

    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry points to their residuals: the normalizing direction.

        Arguments:
            x: Points, shape ``(*, D)``, with replicas ``(*R, N, D)``. Column i is row i of the adjacency.
            context: Conditioning values, shape ``(*, C)``; ``None`` exactly when C = 0.

        Returns:
            y: Residuals, shape ``(*, D)``.
            log_det: Log volume change of this direction, shape ``(*)``, in nats: log p_x(x) = log p_y(y) + log_det.

        Raises:
            InputError: If the shapes do not fit.
        """
        points, context = self._to_batches(x, context)
        slopes, intercepts = self._slopes_and_intercepts(context)
        y = (points - points @ slopes.mT - intercepts) * torch.exp(-self.log_scale)
        return y.reshape(x.shape), -self._total_log_scale(y).reshape(x.shape[:-1])

    def inverse_and_log_det(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry residuals to the points they belong to: the generative direction, parents before children.

        Arguments:
            y: Residuals, shape ``(*, D)``, with replicas ``(*R, N, D)``.
            context: Conditioning values, shape ``(*, C)``; ``None`` exactly when C = 0.

        Returns:
            x: Points, shape ``(*, D)``.
            log_det: Log volume change of this direction, shape ``(*)``, in nats.

        Raises:
            InputError: If the shapes do not fit.
        """
        residuals, context = self._to_batches(y, context)
        slopes, intercepts = self._slopes_and_intercepts(context)
        sides = residuals * torch.exp(self.log_scale) + intercepts
        # I - B in topological order; the solver takes its diagonal for ones without looking at it.
        system = -slopes[..., self.order, :][..., self.order]
        ordered = torch.linalg.solve_triangular(
            system.mT, sides[..., self.order], upper=True, left=False, unitriangular=True
        )
        x = ordered[..., self.place]
        return x.reshape(y.shape), self._total_log_scale(x).reshape(y.shape[:-1])

    def _slopes_and_intercepts(self, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """B, shape ``(*R, D, D)``, and C c + b, shape ``(*R, N or 1, D)``."""
        slopes, of_context = (self.weight * self.mask).split([self.features, self.context_features], dim=-1)
        return slopes, self.bias if context is None else self.bias + context @ of_context.mT

    def _total_log_scale(self, points: Tensor) -> Tensor:
        """The log volume change of the generative direction for each of the points ``(*R, N, D)``."""
        return self.log_scale.sum(dim=-1).expand(points.shape[:-1])

    def _to_batches(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Check shapes; give points and context with one axis of points, ``(*R, N, D)`` and ``(*R, N, C)``."""
        self.check_shapes(x, context)
        if context is not None:
            context = context.reshape(*self.replicas, -1, self.context_features)
        return x.reshape(*self.replicas, -1, self.features), context


def _regressions(mask: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Slopes ``(D, D + C)``, intercepts and log deviations ``(D,)`` of the columns given those that `mask` keeps."""
    num_points, mean = len(rows), rows.double().mean(dim=0)
    centred = rows.double() - mean
    covariance = centred.mT @ centred / num_points
    slopes = covariance.new_zeros(mask.shape)
    variance = covariance.diagonal()[: len(mask)].clone()
    for i, row in enumerate(mask):
        parents = row.nonzero().flatten()
        among = covariance[parents][:, parents] + torch.eye(len(parents)).to(covariance) / num_points
        slopes[i, parents] = torch.linalg.solve(among, covariance[parents, i])
        variance[i] -= slopes[i, parents] @ covariance[parents, i]
    least = torch.finfo(torch.float32).eps  # a constant column has none
    return slopes, mean[: len(mask)] - slopes @ mean, 0.5 * variance.clamp_min(least).log()
