"""Sets of data of a Bayesian mixture with what they come from and what they say at a glance: rows to train on."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_features import SetFeatures, features_of, nearest

_GROUPS = 50  # of sets of one size, where sizes vary
_AT_ONCE = 1024  # sets


@dataclass(frozen=True)
class MixtureSets:
    """S sets with M data each, out of N.

    Components are numbered as those of the most probable parameters are: of all g that mean the same it is the one
    nearest to the center of the features.

    Attributes:
        x: Data, shape ``(*, S, M)``.
        z: Their components, numbers in the precision of the others, shape ``(*, S, M)``.
        g: Coordinates, shape ``(*, S, G)``.
        center, other, lead: As in :class:`SetFeatures`, of all N data.
        covariance: The inverse of the information there, shape ``(*, S, G, G)``.
        count: N of each set, shape ``(*, S)``.
    """

    x: Tensor
    z: Tensor
    g: Tensor
    center: Tensor
    covariance: Tensor
    other: Tensor
    lead: Tensor
    count: Tensor

    @classmethod
    def draw(
        cls,
        model: GaussianMixture,
        num_sets: int,
        num_data: int | tuple[int, int],
        generator: torch.Generator,
        num_seen: int | None = None,
    ) -> Self:
        """New sets.

        Arguments:
            model: The mixture.
            num_sets: S.
            num_data: N, or the least and the most; sizes are then spread evenly over their logarithms.
            generator: On the CPU.
            num_seen: M; all data by default, where they are equally many.

        Raises:
            InputError: If there are fewer than 2 data, or fewer than are to be seen.
        """
        least, most = (num_data, num_data) if isinstance(num_data, int) else num_data
        num_seen = least if num_seen is None else num_seen
        if not 2 <= num_seen <= least <= most:
            raise InputError(f"A set has at least 2 data and {num_seen} to be seen, but {num_data} came.")
        groups = _GROUPS if most > least else -(-num_sets // _AT_ONCE)
        sizes = torch.linspace(math.log(least), math.log(most), groups).exp().round().int().tolist()
        counts = [num_sets // groups + (i < num_sets % groups) for i in range(groups)]
        parts = [cls._of(model, s, n, num_seen, generator) for s, n in zip(counts, sizes, strict=True) if s]
        return cls(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(cls)))

    @classmethod
    def _of(cls, model: GaussianMixture, num_sets: int, num_data: int, num_seen: int, generator) -> Self:
        x, z, g = model.draw(num_sets, num_data, generator)
        found = features_of(model, x.float())
        g, z = nearest(model, g, found.center.double(), found.information.double(), z)
        return cls._with(x.float()[:, :num_seen], z.float()[:, :num_seen], g.float(), found, num_data)

    @classmethod
    def of_data(cls, model: GaussianMixture, x: Tensor) -> Self:
        """Given sets, shape ``(S, N)``, of which nothing else is known: all components are 0 and g is the center."""
        found = features_of(model, x.float())
        return cls._with(x.float(), torch.zeros_like(x.float()), found.center, found, x.shape[-1])

    @classmethod
    def _with(cls, x: Tensor, z: Tensor, g: Tensor, found: SetFeatures, num_data: int) -> Self:
        count = torch.full_like(found.lead, num_data)
        covariance = torch.linalg.inv(found.information.double()).to(x)
        return cls(x, z, g, found.center, covariance, found.other, found.lead, count)

    @property
    def rows(self) -> Tensor:
        """Everything side by side, a row for each set."""
        apart = {
            "covariance": self.covariance.flatten(-2),
            "lead": self.lead[..., None],
            "count": self.count[..., None],
        }
        return torch.cat([apart.get(one.name, getattr(self, one.name)) for one in fields(self)], dim=-1)

    @classmethod
    def of_rows(cls, rows: Tensor, num_coordinates: int) -> Self:
        """The sets of :attr:`rows`, shape ``(*, S, F)``."""
        size = num_coordinates
        num_seen = (rows.shape[-1] - 3 * size - size**2 - 2) // 2
        parts = rows.split([num_seen, num_seen, size, size, size**2, size, 1, 1], dim=-1)
        x, z, g, center, covariance, other, lead, count = parts
        return cls(x, z, g, center, covariance.unflatten(-1, (size, size)), other, lead[..., 0], count[..., 0])
