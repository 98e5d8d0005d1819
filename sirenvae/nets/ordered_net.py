"""One hidden layer in which outputs see a context and what comes before them in an order, with connections past it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.nets.capacity import widest
from sirenvae.nets.masked_linear import MaskedLinear

_OUTPUT_GAIN = 0.1  # at first what is put out hardly depends on what is seen


class OrderedNet(nn.Module):
    """A number for each of K variables from C context values and, in their order, from the variables before it.

    As connections past the hidden layer keep every edge, that layer may be narrower than MADE's, which has a unit for
    each of K places at least. Units are in the order of their places, spread evenly.

    Arguments:
        num_variables, num_context: K and C.
        hidden_features: H, or the units of each replica: a narrower one has the others' units too, spread as its own
            would be, but nothing comes from them.
        ordered: Whether variables see those before them, or the context alone.
        replicas: Leading shape R of all weights.

    Attributes:
        ends: For each variable how many units it sees: the first so many, whose places are not behind its own.

    Example:
        >>> net = OrderedNet(3, 2, 4)
        >>> net.ends, net(torch.zeros(5, 3), torch.zeros(5, 2)).shape
        ([2, 3, 4], torch.Size([5, 3]))

    Source:
        Germain et al., MADE: Masked Autoencoder for Distribution Estimation (2015), sections 4 and 6.1 for connections
        past hidden layers; Webb et al., Faithful Inversion (2018), section 3.1.
    """

    def __init__(
        self,
        num_variables: int,
        num_context: int,
        hidden_features: int | Sequence[int],
        ordered: bool = True,
        replicas: tuple[int, ...] = (),
    ):
        super().__init__()
        widths = [hidden_features] if isinstance(hidden_features, int) else list(hidden_features)
        hidden_features = max(widths)
        place, seen = _places(num_variables, hidden_features, ordered)
        before = torch.arange(num_variables)
        context = torch.ones(1, num_context, dtype=torch.bool)
        self.ends = seen.sum(dim=1).tolist()
        self.hidden_features, self.num_variables, self.ordered = hidden_features, num_variables, ordered
        looks_back = (before < place.unsqueeze(-1)) if ordered else torch.zeros(hidden_features, num_variables).bool()
        past = (before < before.unsqueeze(-1)) if ordered else torch.zeros(num_variables, num_variables).bool()
        self.hidden = MaskedLinear(torch.cat([looks_back, context.expand(hidden_features, -1)], dim=1), replicas)
        self.output = MaskedLinear(seen, replicas, gain=_OUTPUT_GAIN)
        wide = torch.cat([past, context.expand(num_variables, -1)], dim=1)
        self.linear = MaskedLinear(wide, replicas, gain=_OUTPUT_GAIN, bias=False)
        kept = torch.stack([_spread(width, hidden_features) for width in widths]).to(self.hidden.weight)
        self.register_buffer("kept", kept.expand(torch.Size(replicas).numel(), -1).reshape(*replicas, 1, -1).clone())

    def forward(self, variables: Tensor, context: Tensor) -> Tensor:
        """Shapes ``(*R, N, K)`` and ``(*R, N, C)`` to ``(*R, N, K)``."""
        return self.beside(context)(variables)

    def beside(self, context: Tensor) -> Callable[[Tensor], Tensor]:
        """The function of the variables that is left where the context stays the same."""
        units, outputs = self.of_context(context)
        to_hidden, to_output, past = self.weights()
        if not self.ordered:
            found = outputs + nn.functional.elu(units) @ to_output.mT
            return lambda variables: found
        return lambda variables: (
            outputs + variables @ past.mT + nn.functional.elu(units + variables @ to_hidden.mT) @ to_output.mT
        )

    def of_context(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """What context alone says: units before their activation ``(*R, N, H)``, and outputs past them ``(*R, N, K)``;
        biases included.
        """
        units = context @ self._masked(self.hidden)[..., self.num_variables :].mT + self.hidden.bias
        outputs = context @ self._masked(self.linear)[..., self.num_variables :].mT + self.output.bias
        return units, outputs

    def weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """From variables to units ``(*R, H, K)``, from units to outputs ``(*R, K, H)``, from variables past units
        ``(*R, K, K)``; masked.
        """
        to_hidden, past = (self._masked(layer)[..., : self.num_variables] for layer in (self.hidden, self.linear))
        return to_hidden, self._masked(self.output) * self.kept, past

    def num_active(self) -> list[int]:
        """How many weights each replica has, biases left out, those that act on nothing not counted."""
        each = self.hidden.mask.sum(dim=1) + self.output.mask.sum(dim=0)
        units = (self.kept.reshape(-1, self.hidden_features) * each).sum(dim=1)
        return (units + self.linear.mask.sum()).long().tolist()

    @staticmethod
    def _masked(layer: MaskedLinear) -> Tensor:
        return layer.weight * layer.mask


def ordered_width_for(num_variables: int, num_context: int, budget: int, ordered: bool = True) -> int:
    """The width of the hidden layer of an :class:`OrderedNet` whose active weights come closest to a budget from below.

    Raises:
        InputError: If even one unit is too much.
    """

    def count(width: int) -> int:
        place, seen = _places(num_variables, width, ordered)
        past = num_variables * (num_variables - 1) // 2 if ordered else 0
        looks_back = int(place.sum()) if ordered else 0
        return num_context * (width + num_variables) + past + looks_back + int(seen.sum())

    if count(1) > budget:
        raise InputError(
            f"An encoder of one hidden unit has {count(1):,} active weights, but the capacity is {budget:,}."
        )
    return widest(count, 1, budget)


def _spread(width: int, most: int) -> Tensor:
    """Which of so many units a narrower layer keeps, evenly spread; bool, shape ``(most,)``."""
    kept = torch.zeros(most, dtype=torch.bool)
    kept[(torch.arange(width) * most + most // 2) // width] = True
    return kept


def _places(num_variables: int, hidden_features: int, ordered: bool) -> tuple[Tensor, Tensor]:
    """How many variables each unit sees, ascending, and which units each output sees, ``(K, H)``."""
    place = torch.arange(hidden_features) * num_variables // hidden_features
    if not ordered:
        place = torch.zeros_like(place)
    return place, torch.arange(num_variables).unsqueeze(-1) >= place
