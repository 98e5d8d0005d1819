"""AdamW for replicas: one learning rate and one weight decay for each of them."""

from __future__ import annotations

import torch
from torch import Tensor


class ReplicatedAdamW:
    """AdamW on one row of weights per replica, in place; a step is a handful of operations however many there are.

    Arguments:
        weights: Shape ``(E, P)``.
        decays: Which of the P decay, bool, shape ``(P,)``.
        betas, eps: As in Adam.

    Attributes:
        mean, square: Moving averages of the gradient and of its square, shape ``(E, P)``.

    Source:
        Kingma & Ba, Adam (2015); Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019).
    """

    def __init__(self, weights: Tensor, decays: Tensor, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8):
        self._weights, self._decays = weights, decays.to(weights.dtype)
        self._betas, self._eps = betas, eps
        self.mean, self.square = torch.zeros_like(weights), torch.zeros_like(weights)

    def corrections(self, num_steps: int) -> tuple[float, float]:
        """What undoes the averages' start at zero, after `num_steps` steps: for the mean, and for the root."""
        first, second = self._betas
        return 1 / (1 - first**num_steps), (1 - second**num_steps) ** -0.5

    @torch.no_grad()
    def step(self, gradient: Tensor, rate: Tensor, weight_decay: Tensor, corrections: Tensor) -> None:
        """Take one step.

        Arguments:
            gradient: Shape ``(E, P)``.
            rate: Learning rates, shape ``(E,)``; where one is zero the weights stay as they are.
            weight_decay: Decoupled decay per unit of learning rate, shape ``(E,)``.
            corrections: Those of :meth:`corrections`, this step counted.
        """
        first, second = self._betas
        self.mean.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        deviation = self.square.sqrt().mul_(corrections[1]).add_(self._eps)
        self._weights.mul_(1 - (rate * weight_decay).unsqueeze(-1) * self._decays)
        self._weights.addcmul_((rate * corrections[0]).unsqueeze(-1), deviation.reciprocal_().mul_(self.mean), value=-1)
