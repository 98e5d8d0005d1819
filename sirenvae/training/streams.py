"""What each replica sees: its batches and its noise, the same whoever trains beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_STEPS_AT_ONCE = 16  # Drawn together, so that drawing for one replica after another costs little.
_NOISE, _ORDER = 0, 1


class Streams:
    """Batches and noise of E replicas, a function of each one's seed and of the step alone.

    The points of a replica come in one random order after the other, cut into batches; a replica with no more points
    than a batch sees all of them at every step.

    Arguments:
        points: One tensor ``(N_e, D)`` per replica.
        seeds: One per replica.
        batch_sizes: One per replica.
        num_latents: K.

    Attributes:
        num_points: B, the size of the largest batch; smaller ones are filled up with points of no weight.
        point_weight: What each point of a batch counts, shape ``(E, B)``; each row sums to 1.
        constant: Whether every batch is the same.
    """

    def __init__(self, points: Sequence[Tensor], seeds: Sequence[int], batch_sizes: Sequence[int], num_latents: int):
        self._counts, self._seeds, self._num_latents = [len(x) for x in points], list(seeds), num_latents
        self._sizes = [min(n, size) for n, size in zip(self._counts, batch_sizes, strict=True)]
        self.num_points = max(self._sizes)
        self.constant = all(n == size for n, size in zip(self._counts, self._sizes, strict=True))
        self._points = torch.cat(list(points))
        self._first = torch.tensor([0, *self._counts[:-1]]).cumsum(0)
        width = torch.arange(self.num_points)
        sizes = torch.tensor(self._sizes).unsqueeze(-1)
        self.point_weight = torch.where(width < sizes, 1.0 / sizes, 0.0).to(self._points)
        self._chunk = -1

    def noise(self, step: int) -> Tensor:
        """Standard normal noise of a step, shape ``(E, K, B)``."""
        self._prepare(step)
        return self._noise[step % _STEPS_AT_ONCE]

    def batch(self, step: int) -> Tensor:
        """The points of a step, shape ``(E, D, B)``."""
        self._prepare(step)
        chosen = self._chosen[step % _STEPS_AT_ONCE]
        return self._points.index_select(0, chosen.flatten()).unflatten(0, chosen.shape).mT

    def _prepare(self, step: int) -> None:
        chunk = step // _STEPS_AT_ONCE
        if chunk == self._chunk:
            return
        self._chunk = chunk
        like, replicas = self._points, len(self._seeds)
        self._noise = like.new_zeros(_STEPS_AT_ONCE, replicas, self._num_latents, self.num_points)
        chosen = torch.zeros(_STEPS_AT_ONCE, replicas, self.num_points, dtype=torch.int64)
        for e, size in enumerate(self._sizes):
            generator = _generator(like.device, self._seeds[e], _NOISE, chunk)
            shape = (_STEPS_AT_ONCE, self._num_latents, size)
            self._noise[:, e, :, :size] = torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
            chosen[:, e, :size] = self._first[e] + self._order(e, chunk).view(_STEPS_AT_ONCE, size)
        if like.is_cuda:
            chosen = chosen.pin_memory()
        self._chosen = chosen.to(like.device, non_blocking=True)

    def _order(self, e: int, chunk: int) -> Tensor:
        """The points of a whole chunk of steps, shape ``(steps * size,)``."""
        count, size = self._counts[e], self._sizes[e]
        if count == size:
            return torch.arange(count).repeat(_STEPS_AT_ONCE)
        length = _STEPS_AT_ONCE * size
        first_epoch, start = divmod(chunk * length, count)
        epochs = range(first_epoch, (chunk * length + length - 1) // count + 1)
        generators = (_generator(torch.device("cpu"), self._seeds[e], _ORDER, epoch) for epoch in epochs)
        order = torch.cat([torch.randperm(count, generator=generator) for generator in generators])
        return order[start : start + length]


def _generator(device: torch.device, *key: int) -> torch.Generator:
    """A generator for a key of integers: they are scrambled (splitmix64), so that near keys give far streams."""
    mask, state = (1 << 64) - 1, 0
    for part in key:
        state = (state + part + 0x9E3779B97F4A7C15) & mask
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        state ^= state >> 31
    return torch.Generator(device).manual_seed(state >> 1)
