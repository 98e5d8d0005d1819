"""Run the cells of a sweep, each once in a lifetime: what the store holds is not run again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import GeneratorType
from typing import Any

from sirenvae.errors import InputError
from sirenvae.experiments.executors import Line, report
from sirenvae.experiments.store import Store, StoreError, key_of


class CellsFailed(InputError):
    """Some cells ended in an error, or their worker died; all others were run and stored first."""


@dataclass(frozen=True)
class Finished:
    """A cell that is finished, and how far the sweep is with it.

    Attributes:
        cell: Which one.
        result: What its work returned, as JSON gives it back: tuples are lists.
        was_stored: It was finished before and was not run now.
        num_finished, num_cells: Of the sweep, cells that were stored before included.
        seconds_left: Time the rest will take at the speed of the cells run now; ``None`` before the first of them. It
            settles when every worker has finished a cell.
    """

    cell: Any
    result: dict
    was_stored: bool
    num_finished: int
    num_cells: int
    seconds_left: float | None


def run_cells(
    cells: Iterable,
    work: Callable,
    store: Store | None = None,
    executor: Executor | None = None,
    *,
    experiment: str,
    config_of: Callable[[Any], dict] = asdict,
    cost: Callable[[Any], float] = lambda cell: 1.0,
    line: Line | None = None,
) -> Iterator[Finished | Any]:
    """Run the cells that are not in the store, and store each in its own transaction when it is finished.

    Stopping early (Ctrl-C, or closing the iterator) cancels the cells that wait and keeps those that are finished. A
    cell that fails stops no other.

    Arguments:
        cells: What to run, in this order; cells of the same config are one.
        work: ``work(cell)`` returns a dict that can be written as JSON, or is a generator that yields events on the way
            and returns that dict. For another process it must be picklable: a function of a module, or a
            ``functools.partial`` of one.
        store: Where finished cells are; ``None`` runs all and keeps nothing.
        executor: Where cells run; ``None`` is here, one after the other.
        experiment: Name under which rows are stored.
        config_of: Everything the result depends on as a plain dict: the key of the row.
        cost: Relative length of a cell, for the time left.
        line: Where the executor's workers report, see :func:`~sirenvae.experiments.executors.local_processes`; without
            it their events are not heard.

    Yields:
        :class:`Finished` for each cell, stored ones first, and between them the events of `work` as they are.

    Raises:
        CellsFailed: At the end, if cells failed.
        StoreError: If the store cannot be read or written.
    """
    sweep = _Sweep(cells, store, experiment, config_of, cost)
    yield from sweep.look_up()
    if executor is None:
        yield from sweep.run_here(work)
    else:
        yield from sweep.run_on(executor, work, line)
    sweep.raise_failures()


class _Sweep:
    """What is missing, what failed, and how fast it goes."""

    def __init__(self, cells: Iterable, store: Store | None, experiment: str, config_of: Callable, cost: Callable):
        self.store, self.experiment, self.cost = store, experiment, cost
        self.missing, self.configs, self.failures = {}, {}, []
        for cell in cells:
            config = config_of(cell)
            key = key_of(experiment, config)
            self.missing[key], self.configs[key] = cell, config
        self.cost_left, self.cost_run = sum(map(cost, self.missing.values())), 0.0
        self.start = time.monotonic()

    def look_up(self) -> Iterator[Finished]:
        for key in tuple(self.missing):
            if (result := self._stored(key)) is not None:
                yield self._finished(key, result, was_stored=True)

    def run_here(self, work: Callable) -> Iterator[Finished | Any]:
        for key, cell in tuple(self.missing.items()):
            if (result := self._stored(key)) is not None:  # Another process may have finished it by now.
                yield self._finished(key, result, was_stored=True)
                continue
            try:
                outcome = yield from _run(work, cell)
            except Exception as error:
                self._failed(key, error)
            else:
                yield self._finished(key, self._put(key, *outcome))

    def run_on(self, executor: Executor, work: Callable, line: Line | None) -> Iterator[Finished | Any]:
        waiting: dict[Future, str] = {}
        try:
            for key, cell in tuple(self.missing.items()):
                try:
                    waiting[executor.submit(_run_in_worker, work, cell)] = key
                except BrokenExecutor as error:  # A worker died already.
                    self._failed(key, error)
            while waiting:
                done, _ = wait(waiting, timeout=0.2 if line else None, return_when=FIRST_COMPLETED)
                if line:
                    yield from line.received()
                while done:
                    finished = self._collect(done.pop(), waiting)
                    if finished:
                        yield finished
        finally:
            self._stop(waiting)

    def _collect(self, future: Future, waiting: dict[Future, str]) -> Finished | None:
        """Store what came out, and hold on to the future no longer: a cluster runs again what somebody still holds."""
        try:
            outcome = future.result()
        except Exception as error:
            return self._failed(waiting.pop(future), error)
        result = self._put(waiting[future], *outcome)
        return self._finished(waiting.pop(future), result)

    def _stop(self, waiting: dict[Future, str]) -> None:
        """Cancel what waits; keep what was finished between the last look and now."""
        for future, key in waiting.items():
            if not future.cancel() and future.done() and not future.exception():
                with suppress(StoreError):
                    self._put(key, *future.result())

    def raise_failures(self) -> None:
        if not self.failures:
            return
        cell, error = self.failures[0]
        words = "its executor gave it up" if isinstance(error, CancelledError) else str(error)
        what = f"{type(error).__name__}: {words.splitlines()[0].partition('. ')[0]}" if words else type(error).__name__
        again = "; all others are stored, and the same command tries only the failed ones again" if self.store else ""
        counts = f"{len(self.failures)} of {len(self.configs)} cells failed"
        raise CellsFailed(f"{counts}, the first, {cell}, with {what.rstrip('.')}{again}.") from error

    def _stored(self, key: str) -> dict | None:
        return None if self.store is None else self.store.get(key)

    def _put(self, key: str, result: dict, seconds: float) -> dict:
        if self.store is None:
            return json.loads(json.dumps(result))
        return self.store.put(key, self.experiment, self.configs[key], result, seconds)

    def _finished(self, key: str, result: dict, was_stored: bool = False) -> Finished:
        cell = self._take(key)
        if not was_stored:
            self.cost_run += self.cost(cell)
        left = (time.monotonic() - self.start) * self.cost_left / self.cost_run if self.cost_run else None
        total = len(self.configs)
        return Finished(cell, result, was_stored, total - len(self.missing) - len(self.failures), total, left)

    def _failed(self, key: str, error: Exception) -> None:
        self.failures.append((self._take(key), error))

    def _take(self, key: str) -> Any:
        cell = self.missing.pop(key)
        self.cost_left -= self.cost(cell)
        return cell


_one_at_a_time = threading.Lock()  # Cells draw from torch's global generator: threads of one worker would share it.


def _run_in_worker(work: Callable, cell: Any) -> tuple[dict, float]:
    """Run a cell in a worker, reporting its events."""
    with _one_at_a_time:
        steps = _run(work, cell)
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return end.value
            report(event)


def _run(work: Callable, cell: Any) -> Generator[Any, None, tuple[dict, float]]:
    """Run a cell: yield its events, return its result and the seconds it took."""
    start = time.perf_counter()
    result = work(cell)
    if isinstance(result, GeneratorType):
        result = yield from result
    return result, time.perf_counter() - start
