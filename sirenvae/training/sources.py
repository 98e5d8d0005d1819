"""Rows beside a mask of what is seen of them: batches for models that learn from incomplete data."""

from __future__ import annotations

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.simulated import Simulator, Source, rows_of


def with_mask(x: Tensor) -> Tensor:
    """A table with gaps as values beside a mask.

    Arguments:
        x: Shape ``(N, D)``; what is not seen is NaN.

    Returns:
        Shape ``(N, 2 D)``: the values, zero where they are not seen; then 1 where they are, else 0.

    Example:
        >>> with_mask(torch.tensor([[3.0, torch.nan]])).tolist()
        [[3.0, 0.0, 1.0, 0.0]]
    """
    seen = ~torch.isnan(x)
    return torch.cat([torch.where(seen, x, 0.0), seen.to(x.dtype)], dim=-1)


def hiding(source: Source, share: float) -> Simulator:
    """A simulator of rows beside a mask: each value is hidden with some probability, anew each time.

    Arguments:
        source: A table ``(N, D)``, whose rows are drawn at random, or a simulator of such rows.
        share: The probability, at least 0 and below 1.

    Returns:
        Gives rows of 2 D values, as those of :func:`with_mask`.

    Raises:
        InputError: If the share is out of range.
    """
    if not 0 <= share < 1:
        raise InputError(f"The share of values that are hidden is at least 0 and below 1, but {share} came.")

    def draw(num_rows: int, generator: torch.Generator) -> Tensor:
        if isinstance(source, Tensor):
            rows = source[torch.randint(len(source), (num_rows,), generator=generator)]
        else:
            rows = rows_of(source, num_rows, generator)
        hidden = torch.rand(rows.shape, generator=generator) < share
        return with_mask(rows.masked_fill(hidden, torch.nan))

    return draw
