"""State numbers of discrete networks as data: checked, and as ones and zeros."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork


def check_states(network: BayesianNetwork, values: Tensor, variables: Sequence) -> None:
    """Values of some variables must be numbers of their states.

    Arguments:
        network: A discrete network.
        values: Shape ``(*, D)``.
        variables: Of the columns.

    Raises:
        InputError: If one is not; the first is named.
    """
    sizes = torch.tensor([len(network.states[v]) for v in variables], device=values.device)
    wrong = (values != values.round()) | (values < 0) | (values >= sizes)
    if wrong.any():
        *row, column = wrong.nonzero()[0].tolist()
        came = values[(*row, column)].item()
        raise InputError(
            f"Data of {network.name} are numbers of states, of {variables[column]} from 0 to {sizes[column] - 1}, but "
            f"{came:g} came."
        )


class OneHot(nn.Module):
    """State numbers as ones and zeros, a column for each state of each variable.

    Arguments:
        num_states: Of each variable.

    Attributes:
        owner: Which variable each column is of, shape ``(M,)``.
    """

    shared = ("owner", "state")

    def __init__(self, num_states: Sequence[int]):
        super().__init__()
        owner = [i for i, size in enumerate(num_states) for _ in range(size)]
        self.register_buffer("owner", torch.tensor(owner), persistent=False)
        state = [float(s) for size in num_states for s in range(size)]
        self.register_buffer("state", torch.tensor(state), persistent=False)

    def forward(self, states: Tensor) -> Tensor:
        """Shape ``(*, V)`` to ``(*, M)``."""
        return (states[..., self.owner] == self.state).to(states.dtype)
