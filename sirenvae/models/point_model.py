"""Models of points: a column for each of some named variables, in standard units inside."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.points import Points, as_points, is_several
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulated import Simulator, Source, as_tables, changed
from sirenvae.models.units import Units


class PointModel(Fittable):
    """A model whose data are rows of values of named variables.

    Everything public takes and returns raw units, and raw values are float64; inside, data are standardized by
    :meth:`standardize`, where they have units.

    Arguments:
        names: Of the F columns.
        replicas: Leading shape R.
    """

    def __init__(self, names: Sequence, replicas: tuple[int, ...]):
        super().__init__(replicas)
        self.names = tuple(names)
        self.units = Units(self.names, self.replicas)

    @property
    def has_units(self) -> bool:
        """Whether the columns are quantities with units, so that they are standardized."""
        return True

    def check(self, points: Tensor) -> None:
        """Reject points that the model says nothing of.

        Raises:
            InputError: If a value cannot occur.
        """

    @property
    def location(self) -> Tensor:
        """Where standard units have their zero, shape ``(*R, 1, F)``, float64."""
        return self.units.location

    @property
    def scale(self) -> Tensor:
        """What one standard unit is, shape ``(*R, 1, F)``, float64."""
        return self.units.scale

    def prepare(self, x: Points | Simulator | Sequence[Points | Simulator], recipes: Sequence) -> None:
        """Take the units of the columns from training data, or from some draws of a simulator."""
        self.standardize(self.tables(x))

    def tables(self, x):
        """Training data with some rows in the place of each simulator, the same at every call."""
        return as_tables(x, len(self.names))

    def sources(self, x: Points | Simulator | Sequence[Points | Simulator]) -> list[Source]:
        """The points of each replica in standard units, ``(N_e, F)``, or what simulates them in these units."""
        if is_several(x):
            return [self._source(part, replica) for replica, part in enumerate(x)]
        if callable(x):
            return [self._source(x, replica) for replica in range(torch.Size(self.replicas).numel())]
        standard = self.standardized(x)
        return list(standard.reshape(-1, *standard.shape[-2:]).unbind(0))

    def _source(self, x: Points | Simulator, replica: int) -> Source:
        if not callable(x):
            return self.standardized(x, replica)
        return changed(x, len(self.names), lambda rows: self.standardized(rows, replica))

    def log_volume(self) -> Tensor:
        return self.units.log_volume()

    def standardize(self, x: Points | Sequence[Points]) -> None:
        """Take location and scale of every column from training data.

        Arguments:
            x: Points in raw units, shape ``(N, F)`` or ``(*R, N, F)``, or one ``(N_e, F)`` for each replica.

        Raises:
            InputError: If there are fewer than two points, a value is not finite or cannot occur, or a variable that
                has a unit is constant.
        """
        parts = [self._points(part) for part in x] if is_several(x) else self._as_batch(x)
        if self.has_units:
            self.units.fit(parts)

    def standardized(self, x: Points, replica: int | None = None) -> Tensor:
        """Points in raw units as ``(*R, N, F)`` in standard units, or those of one replica alone as ``(N, F)``."""
        points = self._as_batch(x) if replica is None else self._points(x)
        return self.units.standard(points, replica).to(self.dtype)

    def _as_batch(self, x: Points) -> Tensor:
        """Points as ``(*R, N, F)``, see :meth:`_points`."""
        x = self._points(x)
        if x.shape[:-2] not in (torch.Size(), torch.Size(self.replicas)):
            raise InputError(f"The model has the replicas {self.replicas}, but points of shape {tuple(x.shape)} came.")
        return x.expand(*self.replicas, *x.shape[-2:])

    def _points(self, x: Points) -> Tensor:
        """Points as they came, checked, in float64 and on the model's device."""
        points = as_points(x, self.names)
        self.check(points)
        return points.to(self.device)


def check_count(num_samples: int) -> None:
    """Reject a number of samples below 1."""
    if num_samples < 1:
        raise InputError(f"The number of samples is at least 1, but {num_samples} came.")
