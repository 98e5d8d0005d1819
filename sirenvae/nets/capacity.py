"""Widths from budgets of weights."""

from __future__ import annotations

from collections.abc import Callable


def widest(count: Callable[[int], int], least: int, budget: int) -> int:
    """The largest width whose count is within a budget, by doubling and halving.

    Arguments:
        count: Of weights, growing with the width.
        least: A width that is within the budget.
        budget: Most weights.

    Example:
        >>> widest(lambda width: 10 * width, 1, 57)
        5
    """
    low, high = least, 2 * least
    while count(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= budget else (low, middle)
    return low
