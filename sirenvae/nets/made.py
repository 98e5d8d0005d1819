"""MADE's degrees: masks for outputs in an order, each of which sees all inputs before it.

The set rule (:mod:`sirenvae.nets.set_rule`) covers any graph; where every output sees all earlier variables the sets
are nested, a set is known by its size alone, and the rule by sets becomes the rule by degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from sirenvae.errors import InputError


def degrees(num_variables: int, num_context: int, hidden_features: Sequence[int]) -> list[Tensor]:
    """The degree of every unit of each layer, input and output included.

    A context value has degree 0, variable i of the order degree i, counted from 1; a hidden unit some degree from 0 to
    D - 1, dealt out in rounds, the highest first; output i has degree i.

    Arguments:
        num_variables, num_context: D and C; inputs are the variables in their order, then the context.
        hidden_features: Width of each hidden layer.

    Returns:
        One integer tensor for each layer of units.

    Raises:
        InputError: If a hidden layer is narrower than the number of its degrees, so that an edge would be lost.

    Source:
        Germain et al., MADE: Masked Autoencoder for Distribution Estimation (2015), section 4; Webb et al. (2018),
        section 3.2, for the fully connected inference network.
    """
    order = torch.arange(1, num_variables + 1)
    least = 0 if num_context else 1  # without context nothing has degree 0
    dealt = torch.arange(num_variables - 1, least - 1, -1)
    layers = [torch.cat([order, torch.zeros(num_context, dtype=order.dtype)])]
    for width in hidden_features:
        if width < len(dealt):
            raise InputError(
                f"A hidden layer needs a unit for each of {len(dealt)} degrees, but its width is {width}: an edge "
                "would be lost."
            )
        layers.append(dealt[torch.arange(width) % max(1, len(dealt))] if len(dealt) else order.new_zeros(width))
    return [*layers, order]


def made_masks(num_variables: int, num_context: int, hidden_features: Sequence[int]) -> list[Tensor]:
    """Masks of a network whose output i sees the context and the variables before i, not i itself.

    A weight stays when the degree of the later unit is at least that of the earlier one; in the last layer it has to be
    larger.

    Arguments:
        num_variables, num_context, hidden_features: As for :func:`degrees`.

    Returns:
        One bool tensor for each layer of weights, shape ``(units out, units in)``.

    Example:
        >>> first, second = made_masks(3, 0, [4])
        >>> (second.int() @ first.int() > 0).int()
        tensor([[0, 0, 0],
                [1, 0, 0],
                [1, 1, 0]], dtype=torch.int32)
    """
    layers = degrees(num_variables, num_context, hidden_features)
    masks = [later[:, None] >= earlier[None, :] for earlier, later in pairwise(layers[:-1])]
    return [*masks, layers[-1][:, None] > layers[-2][None, :]]
