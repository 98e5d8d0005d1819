"""Networks that give every variable the numbers of its own factor, from its parents alone: in two layouts.

``masked`` is one network whose masks keep the factors apart, ``per_variable`` a small network for each variable. The
capacity of either is the number of its *active* weights, those that a mask keeps: what is stored beside them acts on
nothing. Two networks may also be compared at equal stored weights, or at equal width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.nets.capacity import widest
from sirenvae.nets.made import made_masks
from sirenvae.nets.masked_linear import MaskedLinear
from sirenvae.nets.set_rule import parent_masks

_OUTPUT_GAIN = 0.1  # A factor starts near the one that does not look at its parents.


class FactorNet(nn.Module, ABC):
    """From inputs to P numbers for each of D variables; the numbers of variable i depend on the inputs of row i alone.

    A linear part from the inputs stands beside the hidden layers; it starts at zero.

    Arguments:
        adjacency: Bool, shape ``(D, M)``: which of M inputs each variable sees.
        num_parameters: P.
        hidden_features: Width of each hidden layer: of all variables together in ``masked``, of each variable's own
            network in ``per_variable``.
        replicas: Leading shape R of all weights.

    Raises:
        InputError: If a layer is so narrow that an edge would be lost.
    """

    def __init__(self, adjacency: Tensor, num_parameters: int, hidden_features: Sequence[int], replicas: tuple = ()):
        super().__init__()
        self.num_parameters, self.hidden_features = num_parameters, tuple(hidden_features)
        self.num_variables = len(adjacency)

    @abstractmethod
    def forward(self, inputs: Tensor, variables: Sequence[int] | None = None) -> Tensor:
        """Shape ``(*R, N, M)`` to ``(*R, N, D, P)``; of some variables alone, D as many, where these are given."""

    @abstractmethod
    def set_linear(self, slopes: Tensor, offsets: Tensor) -> None:
        """Become a linear map: hidden layers stay as they are, but the output layer no longer looks at them.

        Arguments:
            slopes: Shape ``(D, M, P)``; what is no edge is left out.
            offsets: Shape ``(D, P)``.
        """

    @abstractmethod
    def has_linear(self) -> bool:
        """Whether the linear part has left zero, its start."""

    @abstractmethod
    def num_active(self) -> int:
        """How many weights a replica has, biases left out, those that a mask removes not counted."""

    @abstractmethod
    def num_stored(self) -> int:
        """How many weights a replica has, biases left out, those that a mask removes counted too."""

    @abstractmethod
    def units_in_a_layer(self) -> int:
        """How many units the widest hidden layer has, those of all variables together."""

    @staticmethod
    @abstractmethod
    def least_width(adjacency: Tensor) -> int:
        """The narrowest hidden layer that keeps every edge."""


class MaskedFactorNet(FactorNet):
    """One network for all variables, by the rule of sets; in an order that joins all of them that is MADE."""

    def __init__(self, adjacency: Tensor, num_parameters: int, hidden_features: Sequence[int], replicas: tuple = ()):
        super().__init__(adjacency, num_parameters, hidden_features, replicas)
        *hidden, last = _masks(adjacency, hidden_features)
        self.hidden = nn.ModuleList(MaskedLinear(mask, replicas) for mask in hidden)
        self.output = MaskedLinear(last.repeat_interleave(num_parameters, dim=0), replicas, gain=_OUTPUT_GAIN)
        wide = adjacency.repeat_interleave(num_parameters, dim=0)
        self.linear = MaskedLinear(wide, replicas, gain=0.0, bias=False)

    def forward(self, inputs: Tensor, variables: Sequence[int] | None = None) -> Tensor:
        units = inputs
        for layer in self.hidden:
            units = nn.functional.elu(layer(units))
        found = (self.output(units) + self.linear(inputs)).unflatten(-1, (self.num_variables, self.num_parameters))
        return found if variables is None else found[..., variables, :]

    @torch.no_grad()
    def set_linear(self, slopes: Tensor, offsets: Tensor) -> None:
        self.linear.weight.copy_(slopes.mT.flatten(0, 1) * self.linear.mask)
        self.output.weight.zero_()
        self.output.bias.copy_(offsets.flatten())

    def has_linear(self) -> bool:
        return bool(self.linear.weight.any())

    def num_active(self) -> int:
        return sum(int(layer.mask.sum()) for layer in self._layers())

    def num_stored(self) -> int:
        return sum(layer.mask.numel() for layer in self._layers())

    def units_in_a_layer(self) -> int:
        return max(self.hidden_features)

    def _layers(self) -> list[MaskedLinear]:
        return [*self.hidden, self.output, self.linear]

    @staticmethod
    def least_width(adjacency: Tensor) -> int:
        return max(1, len(torch.unique(adjacency[adjacency.any(dim=1)], dim=0)))


class PerVariableNets(FactorNet):
    """A network for each variable, all of one width, computed side by side."""

    decays, shared = ("weights", "output_weight", "linear_weight"), ("inputs", "kept")

    def __init__(self, adjacency: Tensor, num_parameters: int, hidden_features: Sequence[int], replicas: tuple = ()):
        super().__init__(adjacency, num_parameters, hidden_features, replicas)
        if hidden_features and min(hidden_features) < 1:
            raise InputError(f"A network for each variable has layers of at least 1 unit, but {hidden_features} came.")
        counts = adjacency.sum(dim=1)
        most = max(1, int(counts.max()))
        inputs = torch.zeros(len(adjacency), most, dtype=torch.int64)
        for i, row in enumerate(adjacency):
            parents = row.nonzero().flatten()
            inputs[i, : len(parents)] = parents
        kept = torch.arange(most) < counts.unsqueeze(-1)
        self.register_buffer("inputs", inputs)
        self.register_buffer("kept", kept.to(torch.get_default_dtype()))
        sizes = [most, *hidden_features]
        fan_in = [counts.clamp_min(1).view(-1, 1, 1), *(torch.tensor(float(size)) for size in sizes[1:])]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for size, width, scale in zip(sizes, hidden_features, fan_in, strict=False):
            self.weights.append(nn.Parameter(_uniform((*replicas, len(adjacency), size, width), scale)))
            self.biases.append(nn.Parameter(torch.zeros(*replicas, len(adjacency), 1, width)))
        shape = (*replicas, len(adjacency), sizes[-1], num_parameters)
        self.output_weight = nn.Parameter(_OUTPUT_GAIN * _uniform(shape, fan_in[-1]))
        self.output_bias = nn.Parameter(torch.zeros(*replicas, len(adjacency), 1, num_parameters))
        self.linear_weight = nn.Parameter(torch.zeros(*replicas, len(adjacency), most, num_parameters))

    def forward(self, inputs: Tensor, variables: Sequence[int] | None = None) -> Tensor:
        def of(values: Tensor) -> Tensor:
            return values if variables is None else values[..., variables, :, :]

        looked_at, kept = (value.unsqueeze(-1) for value in (self.inputs, self.kept))
        own = (inputs[..., of(looked_at).squeeze(-1)] * of(kept).squeeze(-1)).movedim(-2, -3)  # (*R, D, N, most)
        units = own
        for weight, bias in zip(self.weights, self.biases, strict=True):
            units = nn.functional.elu(units @ of(weight) + of(bias))
        found = units @ of(self.output_weight) + of(self.output_bias) + own @ of(self.linear_weight)
        return found.movedim(-3, -2)

    @torch.no_grad()
    def set_linear(self, slopes: Tensor, offsets: Tensor) -> None:
        own = slopes.gather(1, self.inputs.unsqueeze(-1).expand(-1, -1, slopes.shape[-1]))
        self.linear_weight.copy_(own * self.kept.unsqueeze(-1))
        self.output_weight.zero_()
        self.output_bias.copy_(offsets.unsqueeze(1))

    def has_linear(self) -> bool:
        return bool(self.linear_weight.any())

    def num_active(self) -> int:
        edges, variables = int(self.kept.sum()), self.num_variables
        sizes = [*self.hidden_features, self.num_parameters]
        between = sum(variables * a * b for a, b in pairwise(sizes))
        return edges * sizes[0] + between + (edges * self.num_parameters if self.hidden_features else 0)

    def num_stored(self) -> int:
        most = self.inputs.shape[1]
        sizes = [most, *self.hidden_features, self.num_parameters]
        each = sum(a * b for a, b in pairwise(sizes)) + (most * self.num_parameters if self.hidden_features else 0)
        return self.num_variables * each

    def units_in_a_layer(self) -> int:
        return self.num_variables * max(self.hidden_features, default=1)

    @staticmethod
    def least_width(adjacency: Tensor) -> int:
        return 1


LAYOUTS = {"masked": MaskedFactorNet, "per_variable": PerVariableNets}


SIZES = ("active", "stored", "width")  # What may be held equal when two networks are compared.


def width_for(
    layout: type[FactorNet],
    adjacency: Tensor,
    num_parameters: int,
    num_layers: int,
    budget: int,
    of: str = "active",
) -> int:
    """The width of hidden layers whose weights come closest to a budget from below.

    Arguments:
        layout: One of :data:`LAYOUTS`.
        adjacency, num_parameters: As for :class:`FactorNet`.
        num_layers: Hidden layers, all of one width.
        budget: Weights, or the width itself.
        of: What the budget is of: ``"active"`` weights, ``"stored"`` weights, or the ``"width"``.

    Raises:
        InputError: If even the narrowest network that keeps every edge has more, or there is no such size, or there is
            no hidden layer.
    """
    if of not in SIZES:
        raise InputError(f"A capacity of {of!r} does not exist; it is one of {', '.join(SIZES)}.")
    if num_layers < 1:
        raise InputError(f"A network of factors has at least 1 hidden layer, but {num_layers} came.")

    def count(width: int) -> int:
        if of == "width":
            return width
        net = layout(adjacency, num_parameters, [width] * num_layers)
        return net.num_active() if of == "active" else net.num_stored()

    with torch.random.fork_rng(devices=[]):
        least = layout.least_width(adjacency)
        if (smallest := count(least)) > budget:
            what = "units in a layer" if of == "width" else f"{of} weights"
            raise InputError(
                f"A network that keeps all {int(adjacency.sum())} edges has at least {smallest:,} {what}, but the "
                f"capacity is {budget:,}."
            )
        return budget if of == "width" else widest(count, least, budget)


def _masks(adjacency: Tensor, hidden_features: Sequence[int]) -> list[Tensor]:
    """Those of MADE where the columns are in an order in which every variable sees all before it; else by sets."""
    num_variables, num_inputs = adjacency.shape
    num_context = num_inputs - num_variables
    if num_context >= 0 and hidden_features:
        before = torch.ones(num_variables, num_variables, dtype=torch.bool).tril(-1)
        if torch.equal(adjacency, torch.cat([before, before.new_ones(num_variables, num_context)], dim=1)):
            return made_masks(num_variables, num_context, hidden_features)
    if not hidden_features:
        raise InputError("A network of factors has at least one hidden layer, but none came.")
    return parent_masks(adjacency, hidden_features)


def _uniform(shape: tuple[int, ...], fan_in: Tensor) -> Tensor:
    return (2 * torch.rand(shape) - 1) / fan_in.sqrt()
