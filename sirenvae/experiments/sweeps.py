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
from sirenvae.experiments.executors import Line, report, working
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
    together: Callable[[list], Iterable[tuple]] | None = None,
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
        together: Puts the cells that are not in the store in groups, in the order in which they run. `work` then gets a
            group, a tuple of cells, and returns a list with the dict of each.
        line: Where the executor's workers report, see :func:`~sirenvae.experiments.executors.local_processes`; without
            it their events are not heard.

    Yields:
        :class:`Finished` for each cell, stored ones first, and between them the events of `work` as they are.

    Raises:
        CellsFailed: At the end, if cells failed.
        StoreError: If the store cannot be read or written.
    """
    sweep = _Sweep(cells, store, experiment, config_of, cost, together)
    yield from sweep.look_up()
    if executor is None:
        yield from sweep.run_here(work)
    else:
        yield from sweep.run_on(executor, work, line)
    sweep.raise_failures()


class _Sweep:
    """What is missing, what failed, and how fast it goes."""

    def __init__(
        self,
        cells: Iterable,
        store: Store | None,
        experiment: str,
        config_of: Callable,
        cost: Callable,
        together: Callable | None,
    ):
        self.store, self.experiment, self.cost, self.together = store, experiment, cost, together
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
        for keys in self._tasks():
            for key in keys:
                if (result := self._stored(key)) is not None:  # Another process may have finished it by now.
                    yield self._finished(key, result, was_stored=True)
            keys = [key for key in keys if key in self.missing]
            if not keys:
                continue
            try:
                outcome = yield from _run(work, self._argument(keys))
            except Exception as error:
                self._failed(keys, error)
            else:
                yield from self._all_finished(keys, outcome)

    def run_on(self, executor: Executor, work: Callable, line: Line | None) -> Iterator[Finished | Any]:
        waiting: dict[Future, list[str]] = {}
        try:
            for keys in self._tasks():
                try:
                    waiting[executor.submit(_run_in_worker, work, self._argument(keys))] = keys
                except BrokenExecutor as error:  # A worker died already.
                    self._failed(keys, error)
            while waiting:
                done, _ = wait(waiting, timeout=0.2 if line else None, return_when=FIRST_COMPLETED)
                if line:
                    yield from line.received()
                while done:
                    yield from self._collect(done.pop(), waiting)
        finally:
            self._stop(waiting)

    def _tasks(self) -> list[list[str]]:
        """The keys of what is missing, in the groups that run together."""
        if self.together is None:
            return [[key] for key in self.missing]
        keys = {cell: key for key, cell in self.missing.items()}
        return [[keys[cell] for cell in group] for group in self.together(list(keys))]

    def _argument(self, keys: list[str]) -> Any:
        """What `work` gets."""
        cells = tuple(self.missing[key] for key in keys)
        return cells if self.together else cells[0]

    def _collect(self, future: Future, waiting: dict[Future, list[str]]) -> list[Finished]:
        """Store what came out, and hold on to the future no longer: a cluster runs again what somebody still holds."""
        try:
            outcome = future.result()
        except Exception as error:
            self._failed(waiting.pop(future), error)
            return []
        finished = self._all_finished(waiting[future], outcome)
        del waiting[future]
        return finished

    def _all_finished(self, keys: list[str], outcome: tuple[Any, float]) -> list[Finished]:
        stored = self._put_all(keys, outcome)
        return [self._finished(key, result) for key, result in zip(keys, stored, strict=True)]

    def _stop(self, waiting: dict[Future, list[str]]) -> None:
        """Cancel what waits; keep what was finished between the last look and now."""
        for future, keys in waiting.items():
            if not future.cancel() and future.done() and not future.exception():
                with suppress(StoreError):
                    self._put_all(keys, future.result())

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

    def _put_all(self, keys: list[str], outcome: tuple[Any, float]) -> list[dict]:
        """Store what a task returned, the time it took divided by the costs of its cells."""
        results, seconds = outcome
        costs = [self.cost(self.missing[key]) for key in keys]
        each = zip(keys, results if self.together else [results], costs, strict=True)
        return [self._put(key, result, seconds * cost / sum(costs)) for key, result, cost in each]

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

    def _failed(self, keys: list[str], error: Exception) -> None:
        self.failures += [(self._take(key), error) for key in keys]

    def _take(self, key: str) -> Any:
        cell = self.missing.pop(key)
        self.cost_left -= self.cost(cell)
        return cell


_one_at_a_time = threading.Lock()  # Cells draw from torch's global generator: threads of one worker would share it.


def _run_in_worker(work: Callable, cell: Any) -> tuple[Any, float]:
    """Run a cell, or a group of them, in a worker, reporting its events."""
    with _one_at_a_time, working():
        steps = _run(work, cell)
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return end.value
            report(event)


def _run(work: Callable, cell: Any) -> Generator[Any, None, tuple[Any, float]]:
    """Run a cell or a group: yield its events, return its result and the seconds it took."""
    start = time.perf_counter()
    result = work(cell)
    if isinstance(result, GeneratorType):
        result = yield from result
    return result, time.perf_counter() - start
