"""Observed values as people bring them: tensors, arrays, lists of lists, pandas data frames."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from sirenvae.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Points: TypeAlias = "Tensor | np.ndarray | Sequence | pd.DataFrame"


def as_points(x: Points, names: Sequence, min_axes: int = 2) -> Tensor:
    """Values of some variables, checked.

    Arguments:
        x: A tensor, an array or nested lists, shape ``(*, D)``, or a data frame with a column for each variable, in any
            order.
        names: The variables, in the order of the columns.
        min_axes: How many axes a tensor, an array or a list has at least.

    Returns:
        Shape ``(*, D)``, float64, without a graph; on the device where it came from.

    Raises:
        InputError: If a column is missing, is too much, or holds text; if the shape is another one; or if a value is
            not a finite number.
    """
    values = _from_frame(x, names) if _is_frame(x) else _from_numbers(x)
    if values.ndim < min_axes or values.shape[-1:] != (len(names),):
        shape = f"(N, {len(names)})" if min_axes > 1 else f"(*, {len(names)})"
        raise InputError(
            f"Points have shape {shape}, a column for each observed variable, but {tuple(values.shape)} came."
        )
    finite = torch.isfinite(values)
    if not finite.all():
        first = (~finite).reshape(-1, len(names)).nonzero()[0].tolist()
        raise InputError(
            f"Points must be finite numbers, but {names[first[1]]} is NaN or infinite in row {first[0]} (counted from "
            "0); remove such rows or fill the value in."
        )
    return values


def is_several(x) -> bool:
    """Whether `x` is a list of data sets or simulators, one for each replica; not the rows of one, nor a tuple."""
    is_list = isinstance(x, list) and len(x) > 0
    return is_list and all(callable(part) or _is_frame(part) or _axes(part) >= 2 for part in x)


def _axes(x) -> int:
    """How many axes an array or nested lists have."""
    if isinstance(x, (list, tuple)):
        return 1 + (_axes(x[0]) if len(x) else 0)
    return getattr(x, "ndim", 0)


def _is_frame(x) -> bool:
    pandas = sys.modules.get("pandas")  # nobody has a data frame who has not imported it
    return pandas is not None and isinstance(x, pandas.DataFrame)


def _from_numbers(x) -> Tensor:
    """Any nesting of numbers, float64."""
    if isinstance(x, Tensor):
        if x.is_complex():
            raise InputError(f"Points are real numbers, but a tensor of {x.dtype} came.")
        return x.detach().to(torch.float64)
    if isinstance(x, (list, tuple)) and any(isinstance(row, Tensor) for row in x):
        x = [row.detach().cpu().numpy() if isinstance(row, Tensor) else row for row in x]
    try:
        array = np.asarray(x)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers came")
        return torch.from_numpy(np.array(array, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Points are rows of numbers, all of one length: an array, a tensor, lists or a data frame; a "
            f"{type(x).__name__} came that is not ({error})."
        ) from error


def _from_frame(frame, names: Sequence) -> Tensor:
    """The columns of a data frame in the order of `names`."""
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    places: dict[str, list[int]] = {}
    for place, column in enumerate(frame.columns):
        places.setdefault(str(column), []).append(place)
    wanted = [str(name) for name in names]
    for problem, found in (
        ("lacks the columns", [name for name in wanted if name not in places]),
        ("has columns that are no observed variable:", [name for name in places if name not in set(wanted)]),
        ("has more than one column called", [name for name in wanted if len(places.get(name, ())) > 1]),
    ):
        if found:
            raise InputError(f"The table {problem} {_listed(found)}; it needs exactly {_listed(wanted)}.")
    columns = [frame.iloc[:, places[name][0]] for name in wanted]
    text = [
        f"{name} ({column.dtype})"
        for name, column in zip(wanted, columns, strict=True)
        if not is_numeric_dtype(column) or is_complex_dtype(column)
    ]
    if text:
        raise InputError(f"Columns must be numbers, but {_listed(text)} came; convert them first.")
    table = [column.to_numpy(dtype=np.float64, na_value=np.nan) for column in columns]
    return torch.from_numpy(np.stack(table, axis=1))


def _listed(names: Sequence[str], at_most: int = 12) -> str:
    return ", ".join(names[:at_most]) + (f" and {len(names) - at_most} more" if len(names) > at_most else "")
