"""Inverse autoregressive flow: draws in one pass, each variable scaled and shifted by what those before it say.

Source:
    Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow (2016); Germain et al., MADE (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from sirenvae.flows.transform import Transform
from sirenvae.nets.factor_nets import MaskedFactorNet
from sirenvae.nets.set_rule import check_adjacency, reach

_OPEN = 1.5  # of a gate at first: four fifths of a variable stay as they are


class InverseAutoregressive(Transform):
    r"""A gated update of every variable by its parents' noise and a context.

    .. math::
        x_i = \sigma_i y_i + (1 - \sigma_i) m_i, \qquad (m_i, s_i) = f_i(y_{\mathrm{pa}(i)}, c), \qquad
        \sigma_i = \mathrm{sigmoid}(s_i), \qquad
        \log\left|\det \tfrac{\partial x}{\partial y}\right| = \sum_{i=1}^{D} \log \sigma_i

    The generative direction, noise to points, is one pass; the normalizing one goes a variable at a time, parents
    before children. With an adjacency that joins all variables in an order it is the flow of the paper, by MADE; with
    any other one the masks follow the set rule.

    Arguments:
        adjacency: Bool, shape ``(D, D + C)``; row = output, column = input, context on the right, diagonal True.
        hidden_features: Width of each hidden layer, at least one.
        replicas: Leading shape R of all parameters; a batch then has shape ``(*R, N, D)``.

    Raises:
        InputError: If the adjacency is no bool matrix with a True diagonal, or has a cycle; if a layer is so narrow
            that an edge would be lost.

    Example:
        >>> step = InverseAutoregressive(torch.tensor([[True, False, True], [True, True, True]]), [8])  # one context
        >>> x, log_det = step.inverse_and_log_det(torch.randn(5, 2), torch.randn(5, 1))
        >>> x.shape, log_det.shape
        (torch.Size([5, 2]), torch.Size([5]))

    Source:
        Kingma et al. (2016), eqs. (10) to (14), the numerically stable, gated form.
    """

    shared = ("adjacency",)

    def __init__(self, adjacency: Tensor, hidden_features: Sequence[int], replicas: tuple[int, ...] = ()):
        check_adjacency(adjacency)
        super().__init__(len(adjacency), adjacency.shape[1] - len(adjacency), replicas)
        among_variables = adjacency[:, : self.features]
        ancestors = reach(among_variables, self.features).sum(dim=1)
        self.register_buffer("adjacency", adjacency)
        # Variables that can be computed together; read off the adjacency, so nothing to save.
        self.generations = [(ancestors == count).nonzero().flatten().tolist() for count in ancestors.unique().tolist()]
        itself = torch.eye(*adjacency.shape, dtype=torch.bool, device=adjacency.device)
        self.hidden_features = tuple(hidden_features)
        self.net = MaskedFactorNet(adjacency & ~itself, 2, self.hidden_features, replicas)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.adjacency.cpu(), self.hidden_features, replicas)

    def inverse_and_log_det(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry noise to points, the generative direction, in one pass; otherwise as the parent's."""
        noise, given = self._to_batches(y, context)
        mean, log_gate, log_rest = self._gates(noise, given)
        x = log_gate.exp() * noise + log_rest.exp() * mean
        return x.reshape(y.shape), log_gate.sum(dim=-1).reshape(y.shape[:-1])

    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Carry points to noise, the normalizing direction, a generation of variables at a time; as the parent's."""
        points, given = self._to_batches(x, context)
        noise = torch.zeros_like(points)
        for generation in self.generations:
            mean, log_gate, log_rest = self._gates(noise, given)
            found = (points - log_rest.exp() * mean) * (-log_gate).exp()
            known = torch.zeros(self.features, dtype=torch.bool, device=x.device)
            known[generation] = True
            noise = torch.where(known, found, noise)
        log_gate = self._gates(noise, given)[1]
        return noise.reshape(x.shape), -log_gate.sum(dim=-1).reshape(x.shape[:-1])

    def _gates(self, noise: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """m, log sigma and log(1 - sigma) of every variable, shape ``(*R, N, D)``."""
        inputs = noise if context is None else torch.cat([noise, context], dim=-1)
        mean, opened = self.net(inputs).unbind(dim=-1)
        opened = opened + _OPEN
        return mean, torch.nn.functional.logsigmoid(opened), torch.nn.functional.logsigmoid(-opened)

    def _to_batches(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Check shapes; give points and context with one axis of points, ``(*R, N, D)`` and ``(*R, N, C)``."""
        self.check_shapes(x, context)
        if context is not None:
            context = context.reshape(*self.replicas, -1, self.context_features)
        return x.reshape(*self.replicas, -1, self.features), context
