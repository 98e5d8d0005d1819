"""Graphical residual flows: residual flows whose Jacobian has the sparsity of a Bayesian network.

Source:
    Mouton & Kroon, SIReN-VAE (2022), section 2.2; Mouton & Kroon, Graphical Residual Flows (2022); Chen et al.,
    Residual Flows for Invertible Generative Modeling (2019).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.flows.activations import Activation, activation_named
from sirenvae.flows.diagonal import log_det_from_diagonal
from sirenvae.flows.newton import Inversion, Linearization, default_tolerance, invert_block
from sirenvae.flows.spectral import bounded, exact_sigma, narrow, power_iteration, sigma_along
from sirenvae.flows.transform import Transform
from sirenvae.nets.set_rule import default_hidden_features, layer_masks, reach

_HELD = 0.99  # Norms are held at this share of their bound: power iteration may find one too small by a per cent.
_FIRST_ITERATIONS = 30  # Enough to start from the singular vectors themselves.


class GraphicalResidualFlow(Transform):
    r"""A stack of masked residual blocks.

    .. math::
        y = x + g(x, c), \qquad
        \log\left|\det \tfrac{\partial y}{\partial x}\right|
        = \sum_{i=1}^{D} \log\left(1 + \tfrac{\partial g_i}{\partial x_i}\right)

    With one block, entry (i, j) of the Jacobian is zero wherever the adjacency is False; with T blocks, wherever
    :func:`~sirenvae.nets.set_rule.reach` is. A block is invertible because the spectral norm of its masked weights is
    bounded (for the context's weights there is no need: the block is inverted in x alone; the poster of SIReN-VAE
    normalizes both as one matrix).

    Without context a block with one hidden layer is the paper's normalizing one, with context its generative one, the
    first layer's weights split into those of x and those of the context. The paper asks of the activation no more than
    a slope of at most 1 and names none.

    The weights of all blocks are held together, shape ``(*R, T, out, in)``, so that they are normalized at once. While
    training, the spectral norm comes from a few steps of accelerated power iteration; in evaluation mode it is exact.

    Arguments:
        adjacency: Bool, shape ``(D, D + C)``; row = output, column = input, context on the right, diagonal True.
        num_blocks: Number of residual blocks T.
        hidden_features: Width of each hidden layer, an integer or one for each layer; by default one layer of 2 D + C.
        replicas: Leading shape R of all weights; a batch then has shape ``(*R, N, D)``.
        lipschitz: Bound on the spectral norm of each layer, below 1.
        num_power_iterations: Steps of accelerated power iteration in each forward pass of training.
        output_gain: Size of the last layer's first weights; a small one lets every block start near the identity.
        activation: A name from :data:`~sirenvae.flows.activations.ACTIVATIONS`.

    Attributes:
        settings: The further arguments that it was built with, as plain values, so that it can be built again.

    Raises:
        InputError: If the adjacency or a number does not fit, or the activation does not exist.

    Example:
        >>> flow = GraphicalResidualFlow(torch.tensor([[True, False], [True, True]]), num_blocks=2)
        >>> y, log_det = flow.forward_and_log_det(torch.zeros(5, 2))
        >>> y.shape, log_det.shape
        (torch.Size([5, 2]), torch.Size([5]))

    Source:
        Mouton & Kroon, SIReN-VAE (2022), eq. (6) and the display below it, after Mouton & Kroon, Graphical Residual
        Flows (2022).
    """

    decays = ("weights", "context_weight")

    def __init__(
        self,
        adjacency: Tensor,
        num_blocks: int = 4,
        hidden_features: int | Sequence[int] | None = None,
        replicas: tuple[int, ...] = (),
        lipschitz: float = 0.97,
        num_power_iterations: int = 8,
        output_gain: float = 1.0,
        activation: str = "lip_swish",
    ):
        if not 0 < lipschitz < 1:
            raise InputError(f"The Lipschitz bound lies between 0 and 1, but {lipschitz} came.")
        if num_blocks < 1:
            raise InputError(f"A flow has at least one block, but {num_blocks} came.")
        if hidden_features is None:
            hidden_features = default_hidden_features(adjacency)
        widths = [hidden_features] if isinstance(hidden_features, int) else list(hidden_features)
        layers = layer_masks(adjacency, widths)
        super().__init__(len(adjacency), adjacency.shape[1] - len(adjacency), replicas)
        self.layers, self.num_blocks = layers, num_blocks
        self.lipschitz, self.held_norm, self.num_power_iterations = lipschitz, _HELD * lipschitz, num_power_iterations
        self.activation = activation_named(activation)
        self.register_buffer("adjacency", adjacency.clone())
        self.settings = {
            "num_blocks": num_blocks,
            "hidden_features": widths,
            "lipschitz": lipschitz,
            "num_power_iterations": num_power_iterations,
            "output_gain": output_gain,
            "activation": activation,
        }
        self._register_masks()
        self._create_parameters(output_gain)

    def _register_masks(self) -> None:
        """Masks in the dtype of the weights: a product with a bool tensor would convert it at every step."""
        first, *rest = self.layers.masks
        self.register_buffer("context_mask", first[:, self.features :].to(torch.get_default_dtype()))
        for i, mask in enumerate([first[:, : self.features], *rest]):
            self.register_buffer(f"mask_{i}", mask.to(torch.get_default_dtype()))
        first, *rest = self.layers.diagonal_masks
        for i, mask in enumerate([first[:, : self.features], *rest]):
            self.register_buffer(f"diagonal_mask_{i}", mask.to(torch.get_default_dtype()))

    def _create_parameters(self, output_gain: float) -> None:
        stack = (*self.replicas, self.num_blocks)
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for i, mask in enumerate(self.layers.masks):
            fan_in = mask.sum(dim=1, keepdim=True).clamp_min(1)
            gain = output_gain if i == len(self.layers.masks) - 1 else 1.0
            weight = (2 * torch.rand(*stack, *mask.shape) - 1) * gain / fan_in.sqrt() * mask
            if i == 0:
                self.context_weight = nn.Parameter(weight[..., self.features :].clone())
                weight = weight[..., : self.features].clone()
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(*stack, 1, mask.shape[0])))
            vector = torch.randn(*stack, min(weight.shape[-2:]))
            vector = power_iteration(narrow(weight), nn.functional.normalize(vector, dim=-1), _FIRST_ITERATIONS)
            self.register_buffer(f"singular_vector_{i}", vector)
        if self.activation.has_sharpness:
            num_hidden = len(self.layers.masks) - 1
            # softplus(0.54) = 1: LipSwish starts as the plain Swish over 1.1.
            self.raw_sharpness = nn.Parameter(torch.full((*stack, num_hidden), math.log(math.e - 1)))

    @property
    def shared(self) -> tuple[str, ...]:
        """Buffers that are the same for all replicas."""
        masks = (f"{kind}_{i}" for i in range(len(self.layers.masks)) for kind in ("mask", "diagonal_mask"))
        return ("adjacency", "context_mask", *masks)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.adjacency, replicas=replicas, **self.settings)

    def reach(self) -> Tensor:
        """Which inputs each output of the whole stack may depend on, bool, shape ``(D, D + C)``."""
        return reach(self.adjacency, self.num_blocks)

    def masked_weights(self) -> list[Tensor]:
        """The masked weights before normalization, one ``(*R, T, out, in)`` per layer; the context's part left out."""
        return [weight * self.get_buffer(f"mask_{i}") for i, weight in enumerate(self.weights)]

    def spectral_norms(self) -> list[Tensor]:
        """The exact spectral norm of every layer as used without training, ``(*R, T)`` each; at most `lipschitz`."""
        with torch.no_grad():
            return [exact_sigma(weight) for weight in self.normalized_weights()]

    def normalized_weights(self) -> list[Tensor]:
        """The masked weights, scaled so that no spectral norm exceeds `lipschitz`.

        In training mode, while a graph is recorded, the norms come from power iteration, which goes on from where it
        was; else they are exact and nothing changes.
        """
        normalized = []
        for i, weight in enumerate(self.masked_weights()):
            if self.training and torch.is_grad_enabled():
                vector = self.get_buffer(f"singular_vector_{i}")
                vector.copy_(power_iteration(narrow(weight), vector, self.num_power_iterations))
                sigma = sigma_along(narrow(weight), vector.clone())
            else:
                sigma = exact_sigma(weight)
            normalized.append(bounded(weight, sigma, self.held_norm))
        return normalized

    def forward_and_log_det(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        r"""Push points through all blocks and report how the volume changes.

        Only the diagonal of each block's Jacobian is summed: the mask makes it triangular once columns follow a
        topological order, so the log-determinant is exact.

        Arguments:
            x: Points, shape ``(*, D)``, with replicas ``(*R, N, D)``. Column i is row i of the adjacency.
            context: Conditioning values, shape ``(*, C)``; ``None`` exactly when C = 0.

        Returns:
            y: Transformed points, shape ``(*, D)``.
            log_det: Log volume change of this direction, shape ``(*)``, in nats: log p_x(x) = log p_y(y) + log_det.

        Raises:
            InputError: If the last axis is not D (for `x`) or C (for `context`).

        Source:
            Mouton & Kroon, SIReN-VAE (2022), section 2.2, for the determinant as the product of the diagonal.
        """
        x, context, restore = self._to_batches(x, context)
        diagonals = []
        for block in self._blocks(context):
            update, diagonal = block(x)
            x = x + update
            diagonals.append(diagonal)
        return restore(x), restore(log_det_from_diagonal(diagonals))

    def inverse_and_log_det(
        self, y: Tensor, context: Tensor | None = None, tolerance: float | None = None, max_sweeps: int = 100
    ) -> tuple[Tensor, Tensor]:
        """The points and the log-determinant of :meth:`invert`, which has the same arguments and errors."""
        inversion = self.invert(y, context, tolerance, max_sweeps)
        return inversion.x, inversion.log_det

    def invert(
        self, y: Tensor, context: Tensor | None = None, tolerance: float | None = None, max_sweeps: int = 100
    ) -> Inversion:
        """Pull points back through all blocks, numerically, and report how each block converged.

        Each block is solved by the Newton sweeps of :func:`~sirenvae.flows.newton.solve`; the paper's own sweep,
        which divides by the diagonal alone, is in :func:`~sirenvae.flows.trajectory.simple_sweeps`. Gradients come from
        the implicit function theorem, by the same sweeps with the transposed Jacobian; no sweep is recorded.

        Arguments:
            y: Points, shape ``(*, D)``, with replicas ``(*R, N, D)``.
            context: Conditioning values, shape ``(*, C)``; ``None`` exactly when C = 0.
            tolerance: Largest residual allowed, relative to 1 + abs(y); by default 1e-10 in float64 and 1e-5 in
                float32.
            max_sweeps: How many sweeps a block may take.

        Returns:
            The points that the forward direction takes to `y`, the log volume change, and the residuals.

        Raises:
            ConvergenceError: If a block misses the tolerance; the message has the tolerance and the residual.
            InputError: If the last axis is not D (for `y`) or C (for `context`).

        Source:
            Mouton & Kroon, SIReN-VAE (2022), section 2.2: a block is inverted numerically, by a Newton-like sweep.
        """
        if tolerance is None:
            tolerance = default_tolerance(y.dtype)
        x, context, restore = self._to_batches(y, context)
        diagonals, residuals = [], []
        for block in reversed(self._blocks(context)):
            x, diagonal, falling = invert_block(block.linearize, x, tolerance, max_sweeps)
            diagonals.append(diagonal)
            residuals.append(falling)
        return Inversion(restore(x), restore(-log_det_from_diagonal(diagonals)), tuple(reversed(residuals)))

    def _blocks(self, context: Tensor | None) -> list[_Block]:
        """Every block with its own normalized weights; what can be done for all of them at once is done here."""
        weights = self.normalized_weights()
        on_diagonal = [weight * self.get_buffer(f"diagonal_mask_{i}") for i, weight in enumerate(weights)]
        own_slope = on_diagonal[0].sum(dim=-1).unsqueeze(-2)
        biases = [bias.reshape(-1, *bias.shape[-3:]) for bias in self.biases]
        if context is not None:
            context_weight = (self.context_weight * self.context_mask).mT
            biases[0] = biases[0] + context.unsqueeze(1) @ context_weight.reshape(-1, *context_weight.shape[-3:])
        sharpness = [()] * self.num_blocks
        if self.activation.has_sharpness:
            betas = nn.functional.softplus(self.raw_sharpness).unsqueeze(-1).unsqueeze(-1)
            sharpness = _by_block(list(betas.unbind(-3)))
        return [
            _Block(self.activation, *parts)
            for parts in zip(
                _by_block([weight.mT for weight in weights]),
                _by_block([own_slope, *(weight.mT for weight in on_diagonal[1:])]),
                _by_block(biases),
                sharpness,
                strict=True,
            )
        ]

    def _to_batches(self, x: Tensor, context: Tensor | None):
        """Check shapes; give points as ``(replicas, points, D)``, and a way to restore the shape that came."""
        self.check_shapes(x, context)
        lead, shape = len(self.replicas), x.shape[:-1]
        num_replicas, num_points = self.replicas.numel(), shape[lead:].numel()
        context = None if context is None else context.reshape(num_replicas, num_points, self.context_features)

        def restore(values):
            return values.reshape((*shape, *values.shape[2:]))

        return x.reshape(num_replicas, num_points, self.features), context, restore


@dataclass(frozen=True)
class _Block:
    """One residual block of all replicas: normalized matrices ``(replicas, in, out)``, to multiply from the right.

    The first of `on_diagonal` is the slope of each hidden unit with respect to the variable it belongs to, a row.
    `sharpness` is empty where the activation has none.
    """

    activation: Activation
    weights: tuple[Tensor, ...]
    on_diagonal: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    sharpness: tuple[Tensor, ...]

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """g(x, c) and the diagonal of dg/dx, both of the shape of x."""
        at = self.linearize(x)
        return at.value, at.diagonal

    def linearize(self, x: Tensor) -> Linearization:
        """g(x, c), the diagonal of dg/dx, and products with dg/dx."""
        units, tangent, slopes = torch.baddbmm(self.biases[0], x, self.weights[0]), self.on_diagonal[0], []
        rest = zip(self.weights[1:], self.on_diagonal[1:], self.biases[1:], strict=True)
        for i, (weight, on_diagonal, bias) in enumerate(rest):
            value, slope = self.activation.function(units, *self.sharpness[i : i + 1])
            tangent = torch.bmm(slope * tangent, on_diagonal)
            units = torch.baddbmm(bias, value, weight)
            slopes.append(slope)
        return Linearization(units, tangent, partial(self._times, slopes), partial(self._times_transposed, slopes))

    def _times(self, slopes: list[Tensor], u: Tensor) -> Tensor:
        u = torch.bmm(u, self.weights[0])
        for slope, weight in zip(slopes, self.weights[1:], strict=True):
            u = torch.bmm(u.mul_(slope), weight)
        return u

    def _times_transposed(self, slopes: list[Tensor], u: Tensor) -> Tensor:
        for slope, weight in zip(reversed(slopes), reversed(self.weights[1:]), strict=True):
            u = torch.bmm(u, weight.mT).mul_(slope)
        return torch.bmm(u, self.weights[0].mT)


def _by_block(parts: list[Tensor]) -> Iterator[tuple[Tensor, ...]]:
    """From tensors ``(*R, T, a, b)`` the tuples that belong to each block, shape ``(replicas, a, b)`` each."""
    return zip(*(part.reshape(-1, *part.shape[-3:]).unbind(1) for part in parts), strict=True)
