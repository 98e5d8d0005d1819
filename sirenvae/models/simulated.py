"""Training data that a function draws instead of a table: simulators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.points import is_several

Simulator: TypeAlias = Callable[[int, torch.Generator], Tensor]
Source: TypeAlias = Tensor | Simulator

_NUM_DRAWS = 10_000  # That units are taken from, where no table says them.


def rows_of(simulator: Simulator, num_rows: int, generator: torch.Generator, num_columns: int | None = None) -> Tensor:
    """New rows of a simulator, checked.

    Arguments:
        simulator: Takes a number of rows and a generator.
        num_rows: N.
        generator: On the CPU.
        num_columns: F, if it is known.

    Returns:
        Shape ``(N, F)``.

    Raises:
        InputError: If what came has another shape.
    """
    rows = simulator(num_rows, generator)
    shape = tuple(rows.shape) if isinstance(rows, Tensor) else None
    if shape is None or len(shape) != 2 or shape[0] != num_rows or shape[1] != (num_columns or shape[1]):
        came = f"a {type(rows).__name__}" if shape is None else f"a tensor of shape {shape}"
        raise InputError(
            f"A simulator that is asked for {num_rows} rows gives a tensor of shape ({num_rows}, {num_columns or 'F'}),"
            f" but {came} came."
        )
    return rows


def changed(simulator: Simulator, num_columns: int, change: Callable[[Tensor], Tensor]) -> Simulator:
    """A simulator whose rows of `num_columns` values are those of another one, checked and changed."""
    return lambda num_rows, generator: change(rows_of(simulator, num_rows, generator, num_columns))


def as_tables(x, num_columns: int):
    """Training data with some rows in the place of each simulator, the same at every call."""
    if is_several(x):
        return [as_tables(part, num_columns) for part in x]
    return rows_of(x, _NUM_DRAWS, torch.Generator().manual_seed(0), num_columns) if callable(x) else x
