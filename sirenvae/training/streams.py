"""What each replica sees: its batches and its noise, the same whoever trains beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sirenvae.models.simulated import Simulator, Source, rows_of

_STEPS_AT_ONCE = 16  # Drawn together, so that drawing for one replica after another costs little.
_NOISE, _ORDER = 0, 1


class Streams:
    """Batches and noise of E replicas, a function of each one's seed and of the step alone.

    A source that is a table gives its rows in one random order after the other, cut into batches; one with no more rows
    than a batch gives all of them at every step. A source that is a function gives new rows at every step.

    Arguments:
        sources: One per replica, see :meth:`~sirenvae.models.replicas.Fittable.sources`; all tables or all functions.
        seeds: One per replica.
        batch_sizes: One per replica.
        noise: The model's, see :meth:`~sirenvae.models.replicas.Fittable.noise`.
        like: A tensor on the device and of the precision of the model.

    Attributes:
        num_points: B, the size of the largest batch; smaller ones are filled up with rows of no weight.
        point_weight: What each row of a batch counts, shape ``(E, B)``; each row of weights sums to 1.
        constant: Whether every batch is the same.
    """

    def __init__(
        self, sources: Sequence[Source], seeds: Sequence[int], batch_sizes: Sequence[int], noise, like: Tensor
    ):
        self._seeds, self._draw_noise, self._like = list(seeds), noise, like
        tables = isinstance(sources[0], Tensor)
        self._rows = _TableRows(sources, seeds, batch_sizes) if tables else _NewRows(sources, seeds, batch_sizes, like)
        self._sizes, self.constant = self._rows.sizes, self._rows.constant
        self.num_points = max(self._sizes)
        width = torch.arange(self.num_points)
        sizes = torch.tensor(self._sizes).unsqueeze(-1)
        self.point_weight = torch.where(width < sizes, 1.0 / sizes, 0.0).to(like)
        self._chunk = -1

    def noise(self, step: int) -> Tensor:
        """The noise of a step, shape ``(E, K, B)``."""
        self._prepare(step)
        return self._noise[step % _STEPS_AT_ONCE]

    def batch(self, step: int) -> Tensor:
        """The rows of a step, shape ``(E, F, B)``."""
        self._prepare(step)
        return self._rows.batch(step % _STEPS_AT_ONCE)

    def _prepare(self, step: int) -> None:
        chunk = step // _STEPS_AT_ONCE
        if chunk == self._chunk:
            return
        self._chunk = chunk
        self._rows.prepare(chunk)
        self._noise = None
        for e, size in enumerate(self._sizes):
            generator = _generator(self._like.device, self._seeds[e], _NOISE, chunk)
            own = self._draw_noise(_STEPS_AT_ONCE, size, generator).mT
            if self._noise is None:
                self._noise = self._like.new_zeros(_STEPS_AT_ONCE, len(self._seeds), own.shape[1], self.num_points)
            self._noise[:, e, :, :size] = own


class _TableRows:
    """Rows of tables, epoch after epoch."""

    def __init__(self, tables: Sequence[Tensor], seeds: Sequence[int], batch_sizes: Sequence[int]):
        self._counts, self._seeds = [len(x) for x in tables], list(seeds)
        self.sizes = [min(n, size) for n, size in zip(self._counts, batch_sizes, strict=True)]
        self.constant = all(n == size for n, size in zip(self._counts, self.sizes, strict=True))
        self._points = torch.cat(list(tables))
        self._first = torch.tensor([0, *self._counts[:-1]]).cumsum(0)

    def prepare(self, chunk: int) -> None:
        chosen = torch.zeros(_STEPS_AT_ONCE, len(self._seeds), max(self.sizes), dtype=torch.int64)
        for e, size in enumerate(self.sizes):
            chosen[:, e, :size] = self._first[e] + self._order(e, chunk).view(_STEPS_AT_ONCE, size)
        if self._points.is_cuda:
            chosen = chosen.pin_memory()
        self._chosen = chosen.to(self._points.device, non_blocking=True)

    def batch(self, place: int) -> Tensor:
        chosen = self._chosen[place]
        return self._points.index_select(0, chosen.flatten()).unflatten(0, chosen.shape).mT

    def _order(self, e: int, chunk: int) -> Tensor:
        """The rows of a whole chunk of steps, shape ``(steps * size,)``."""
        count, size = self._counts[e], self.sizes[e]
        if count == size:
            return torch.arange(count).repeat(_STEPS_AT_ONCE)
        length = _STEPS_AT_ONCE * size
        first_epoch, start = divmod(chunk * length, count)
        epochs = range(first_epoch, (chunk * length + length - 1) // count + 1)
        generators = (_generator(torch.device("cpu"), self._seeds[e], _ORDER, epoch) for epoch in epochs)
        order = torch.cat([torch.randperm(count, generator=generator) for generator in generators])
        return order[start : start + length]


class _NewRows:
    """Rows that a simulator draws, never the same twice."""

    constant = False

    def __init__(self, simulators: Sequence[Simulator], seeds: Sequence[int], sizes: Sequence[int], like: Tensor):
        self._simulators, self._seeds, self.sizes, self._like = list(simulators), list(seeds), list(sizes), like

    def prepare(self, chunk: int) -> None:
        drawn = []
        for simulator, seed, size in zip(self._simulators, self._seeds, self.sizes, strict=True):
            generator = _generator(torch.device("cpu"), seed, _ORDER, chunk)
            columns = drawn[0].shape[-1] if drawn else None
            rows = rows_of(simulator, _STEPS_AT_ONCE * size, generator, columns)
            drawn.append(rows.to(self._like).unflatten(0, (_STEPS_AT_ONCE, size)))
        shape = _STEPS_AT_ONCE, len(drawn), max(self.sizes), drawn[0].shape[-1]
        self._drawn = self._like.new_zeros(shape)
        for e, rows in enumerate(drawn):
            self._drawn[:, e, : rows.shape[1]] = rows

    def batch(self, place: int) -> Tensor:
        return self._drawn[place].mT


def _generator(device: torch.device, *key: int) -> torch.Generator:
    """A generator for a key of integers: they are scrambled (splitmix64), so that near keys give far streams."""
    mask, state = (1 << 64) - 1, 0
    for part in key:
        state = (state + part + 0x9E3779B97F4A7C15) & mask
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        state ^= state >> 31
    return torch.Generator(device).manual_seed(state >> 1)
