"""Where cells run: in worker processes on this machine, with a line on which they report and are told to stop."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.synchronize import Event

import torch


class Stopped(Exception):
    """The one who started this worker no longer wants its result."""


@dataclass(frozen=True)
class Line:
    """Between workers and the one who started them."""

    events: multiprocessing.Queue
    stop: Event

    def received(self) -> Iterator:
        """The events that have arrived by now."""
        while True:
            try:
                yield self.events.get_nowait()
            except queue.Empty:
                return


_line: Line | None = None


@contextmanager
def local_processes(num_workers: int) -> Iterator[tuple[ProcessPoolExecutor, Line]]:
    """A pool of spawned processes, one torch thread each, and the line on which they report.

    Leaving the context early stops the workers at their next report.
    """
    context = multiprocessing.get_context("spawn")
    line = Line(context.Queue(), context.Event())
    with ProcessPoolExecutor(num_workers, context, initializer=_start_worker, initargs=(line,)) as executor:
        try:
            yield executor, line
        finally:
            line.stop.set()
            executor.shutdown(wait=False, cancel_futures=True)
            line.events.cancel_join_thread()


def _start_worker(line: Line) -> None:
    global _line
    _line = line
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def report(event) -> None:
    """Send an event from a worker to whoever started it; elsewhere nobody listens.

    Raises:
        Stopped: If the result is no longer wanted.
    """
    if _line is None:
        return
    if _line.stop.is_set():
        raise Stopped
    _line.events.put(event)
