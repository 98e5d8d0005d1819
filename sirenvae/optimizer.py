"""AdamW for replicas: one learning rate and one weight decay for each of them, all weights in one flat tensor."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FlatAdamW:
    """AdamW over all parameters of a replicated module at once.

    The parameters become views into one flat tensor, their gradients into another, so that a step is a handful of
    operations however many parameters there are. Only weights decay: parameters named so, not biases, scales or
    sharpnesses.

    Arguments:
        module: Its parameters must all have the leading shape `replicas`.
        replicas: Leading shape R, ``()`` for one model.
        betas, eps: As in Adam.

    Source:
        Kingma & Ba, Adam (2015); Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019).
    """

    def __init__(self, module: nn.Module, replicas: tuple[int, ...], betas=(0.9, 0.999), eps: float = 1e-8):
        names, parameters = zip(*module.named_parameters(), strict=True)
        num_replicas = torch.Size(replicas).numel()
        self.weights = torch.cat([p.detach().reshape(-1) for p in parameters])
        self.gradient = torch.zeros_like(self.weights)
        self._mean, self._square = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self._betas, self._eps = betas, eps
        self._num_steps = torch.zeros((), dtype=torch.int64)
        every = torch.arange(num_replicas, device=self.weights.device)
        self._replica = torch.cat([every.repeat_interleave(p.numel() // num_replicas) for p in parameters])
        self._decays = torch.cat(
            [p.new_full((p.numel(),), "weight" in n) for n, p in zip(names, parameters, strict=True)]
        )
        start = 0
        for p in parameters:
            stop = start + p.numel()
            p.data = self.weights[start:stop].view(p.shape)
            p.grad = self.gradient[start:stop].view(p.shape)
            start = stop

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.gradient.zero_()

    def state(self) -> dict[str, Tensor]:
        """What a resumed fit needs to know; tensors that are changed in place."""
        return {"mean": self._mean, "square": self._square, "num_steps": self._num_steps}

    @torch.no_grad()
    def step(self, learning_rate: Tensor, weight_decay: Tensor) -> None:
        """Take one step.

        Arguments:
            learning_rate: Shape ``(*R)``.
            weight_decay: Decoupled decay per unit of learning rate, shape ``(*R)``.
        """
        self._num_steps += 1
        first, second = self._betas
        num_steps = int(self._num_steps)
        rate = learning_rate.reshape(-1).index_select(0, self._replica)
        decay = (learning_rate * weight_decay).reshape(-1).index_select(0, self._replica) * self._decays
        self._mean.lerp_(self.gradient, 1 - first)
        self._square.mul_(second).addcmul_(self.gradient, self.gradient, value=1 - second)
        deviation = (self._square / (1 - second**num_steps)).sqrt_().add_(self._eps)
        self.weights.addcmul_(self.weights, decay, value=-1)
        self.weights.addcmul_(rate, self._mean / deviation, value=-1 / (1 - first**num_steps))
