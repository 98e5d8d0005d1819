"""Tests of order and spread over runs. No torch here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist


def jonckheere(groups: Sequence[Sequence[float]]) -> float:
    r"""The one-sided p-value of Jonckheere's trend test: that values grow from group to group.

    .. math::
        J = \sum_{a < b} \#\{(x, y) : x \in a,\ y \in b,\ x < y\} + \tfrac12 \#\{x = y\},

    whose normal approximation is used, with the variance that ties leave.

    Arguments:
        groups: At least two, in the order in which values are expected to grow.

    Example:
        >>> round(jonckheere([[40, 35, 38, 43, 44, 41], [38, 40, 47, 44, 40, 42], [48, 40, 45, 43, 46, 44]]), 4)
        0.0207

    Source:
        Jonckheere, A Distribution-Free k-Sample Test Against Ordered Alternatives (1954); the example and the variance
        with ties: Hollander & Wolfe, Nonparametric Statistical Methods (1999), section 6.2.
    """
    values = [value for group in groups for value in group]
    count, sizes = len(values), [len(group) for group in groups]
    ties = [values.count(value) for value in set(values)]
    statistic = sum((x < y) + (x == y) / 2 for a, b in combinations(groups, 2) for x in a for y in b)
    mean = (count**2 - sum(size**2 for size in sizes)) / 4

    def summed(term) -> tuple[float, float]:
        return sum(map(term, sizes)), sum(map(term, ties))

    first = count * (count - 1) * (2 * count + 5) - sum(summed(lambda n: n * (n - 1) * (2 * n + 5)))
    second = math.prod(summed(lambda n: n * (n - 1) * (n - 2)))
    third = math.prod(summed(lambda n: n * (n - 1)))
    variance = first / 72 + third / (8 * count * (count - 1))
    if count > 2:
        variance += second / (36 * count * (count - 1) * (count - 2))
    if variance == 0:
        return 1.0
    return 1 - NormalDist().cdf((statistic - mean) / math.sqrt(variance))
