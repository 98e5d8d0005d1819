"""A computation recorded once as a CUDA graph and replayed, so that a step costs one launch."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

_EAGER_CALLS = 3  # What libraries set up lazily must be set up before a recording.


class Captured:
    """Calls of one function; from the fourth on they replay its recording.

    Whatever cannot be recorded goes on call by call, with a warning.
    """

    def __init__(self):
        self._num_calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: list[Tensor] = []

    @property
    def is_recorded(self) -> bool:
        """Whether calls are replayed by now."""
        return self._graph is not None

    def call(self, function: Callable[..., None], *inputs: Tensor) -> None:
        """Call the function, or do what it did when it was recorded with these inputs instead.

        Arguments:
            function: Works in place on tensors on a CUDA device, returns nothing, and never waits for the device.
            inputs: Tensors whose shapes never change.
        """
        self._num_calls += 1
        if self._num_calls == _EAGER_CALLS + 1:
            self._record(function, inputs)
        if self._graph is None:
            side, here = torch.cuda.Stream(), torch.cuda.current_stream()
            side.wait_stream(here)
            with torch.cuda.stream(side):
                function(*inputs)
            here.wait_stream(side)
            return
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given)
        self._graph.replay()

    def _record(self, function: Callable[..., None], inputs: tuple[Tensor, ...]) -> None:
        self._inputs, graph = [value.clone() for value in inputs], torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                function(*self._inputs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            warnings.warn(f"The step cannot be recorded as a CUDA graph, so it is slower: {error}", stacklevel=3)
        else:
            self._graph = graph
