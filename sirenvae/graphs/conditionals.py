"""How a variable depends on its parents: a mean that is linear, saturates, or is a product, plus normal noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from sirenvae.errors import InputError

Variable = Hashable


@dataclass(frozen=True)
class Conditional(ABC):
    r"""A variable's conditional given its parents: normal noise of fixed variance around a mean that they set.

    .. math::
        v \mid \mathrm{pa}(v) \sim N\left(\mathrm{link}(u),\ \text{variance}\right)

    where the predictor u combines the parents to one number.

    Arguments:
        intercept: The mean's constant, in the units of the variable.
        coefficients: One number per parent.
        variance: Conditional variance, positive.

    Raises:
        InputError: If the variance is not positive or a number is not finite.
    """

    intercept: float
    coefficients: Mapping[Variable, float]
    variance: float

    def __post_init__(self):
        others = [getattr(self, entry.name) for entry in fields(self) if entry.name != "coefficients"]
        if not all(math.isfinite(number) for number in (*others, *self.coefficients.values())) or self.variance <= 0:
            came = ", ".join(f"{name} {value}" for name, value in self.numbers().items())
            raise InputError(
                f"A {self.title} conditional needs finite numbers and a positive variance, but {came} came."
            )
        object.__setattr__(self, "coefficients", MappingProxyType(dict(self.coefficients)))

    def __reduce__(self):
        return type(self), tuple(self.numbers().values())

    def numbers(self) -> dict:
        """The fields by name, with the coefficients as a plain dictionary."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)} | {
            "coefficients": dict(self.coefficients)
        }

    @property
    def parents(self) -> tuple[Variable, ...]:
        """The parents, in the order of the coefficients."""
        return tuple(self.coefficients)

    @property
    @abstractmethod
    def title(self) -> str:
        """What such a conditional is called."""

    def predictor(self, values: Mapping[Variable, np.ndarray]) -> np.ndarray | float:
        """The parents, combined to one number: here the sum of coefficient times value.

        Arguments:
            values: The values of the parents (others are ignored), arrays that broadcast with each other.
        """
        return sum((slope * values[parent] for parent, slope in self.coefficients.items()), 0.0)

    def link(self, predictor: np.ndarray | float) -> np.ndarray | float:
        """The mean as a function of the predictor: here the intercept plus the predictor."""
        return self.intercept + predictor

    def mean(self, values: Mapping[Variable, np.ndarray]) -> np.ndarray | float:
        """The mean given the values of the parents, arrays that broadcast with each other."""
        return self.link(self.predictor(values))

    def steepness(self, parent: Variable, largest: Mapping[Variable, float]) -> float:
        """A bound on the absolute slope of the mean along one parent, where no parent exceeds its largest size."""
        return abs(self.coefficients[parent])


@dataclass(frozen=True)
class LinearGaussian(Conditional):
    r"""A mean that is linear in the parents p.

    .. math::
        v \mid \mathrm{pa}(v) \sim N\left(\text{intercept} + \sum_p \text{coefficients}_p\, p,\ \text{variance}\right)

    Arguments:
        intercept: Mean when every parent is zero, in the units of the variable.
        coefficients: One slope per parent.
        variance: Conditional variance, positive.

    Raises:
        InputError: If the variance is not positive or a number is not finite.
    """

    title = "linear-Gaussian"


@dataclass(frozen=True)
class TanhGaussian(Conditional):
    r"""A mean that saturates: far out, the variable no longer follows its parents.

    .. math::
        v \mid \mathrm{pa}(v) \sim N\left(\text{intercept} + \text{amplitude} \tanh\left(\text{offset} +
        \sum_p \text{coefficients}_p\, p\right),\ \text{variance}\right)

    Arguments:
        intercept: Middle of the two levels at which the mean saturates, in the units of the variable.
        coefficients: One slope per parent, inside the hyperbolic tangent.
        variance: Conditional variance, positive.
        amplitude: Half the distance of the two levels, in the units of the variable.
        offset: The argument of the hyperbolic tangent when every parent is zero.

    Raises:
        InputError: If the variance is not positive or a number is not finite.
    """

    amplitude: float
    offset: float

    title = "tanh-Gaussian"

    def link(self, predictor: np.ndarray | float) -> np.ndarray | float:
        """The intercept plus amplitude times the hyperbolic tangent."""
        return self.intercept + self.amplitude * np.tanh(self.offset + predictor)

    def steepness(self, parent: Variable, largest: Mapping[Variable, float]) -> float:
        """The slope of the mean where the hyperbolic tangent is steepest."""
        return abs(self.amplitude * self.coefficients[parent])


@dataclass(frozen=True)
class ProductGaussian(Conditional):
    r"""A mean that multiplies the parents p.

    .. math::
        v \mid \mathrm{pa}(v) \sim N\left(\text{intercept} + \prod_p \text{coefficients}_p\, p,\ \text{variance}\right)

    The product of two normal variables is skewed where their means are not zero, and its tails are those of a
    Laplace distribution.

    Arguments:
        intercept: Mean when a parent is zero, in the units of the variable.
        coefficients: One factor per parent; at least one parent.
        variance: Conditional variance, positive.

    Raises:
        InputError: If there is no parent, the variance is not positive or a number is not finite.
    """

    title = "product-Gaussian"

    def __post_init__(self):
        if not self.coefficients:
            raise InputError("A product-Gaussian conditional multiplies parents, but it came with none.")
        super().__post_init__()

    def predictor(self, values: Mapping[Variable, np.ndarray]) -> np.ndarray | float:
        """The product of coefficient times value over the parents."""
        return math.prod(factor * values[parent] for parent, factor in self.coefficients.items())

    def steepness(self, parent: Variable, largest: Mapping[Variable, float]) -> float:
        """The product of the other parents at their largest."""
        others = (abs(factor) * largest[p] for p, factor in self.coefficients.items() if p != parent)
        return abs(self.coefficients[parent]) * math.prod(others)
