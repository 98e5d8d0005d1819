"""Where cells run: in worker processes on this machine, with a line on which they report and are told to stop, or on
the workers of a Dask cluster."""

from __future__ import annotations

import _thread
import asyncio
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

from sirenvae.errors import InputError


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
_is_working = False


@contextmanager
def local_processes(num_workers: int) -> Iterator[tuple[ProcessPoolExecutor, Line]]:
    """A pool of spawned processes, one torch thread each, and the line on which they report.

    Leaving the context early stops what the workers are doing.
    """
    context = multiprocessing.get_context("spawn")
    line = Line(context.Queue(), context.Event())
    told, end = context.Pipe(duplex=False)
    with told, _Pool(num_workers, context, initializer=_start_worker, initargs=(line, told)) as executor:
        try:
            yield executor, line
        finally:
            line.stop.set()
            end.close()
            line.events.cancel_join_thread()
            # Workers that have only just been started still need the line.
            executor.shutdown(wait=True, cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """Workers that do not hear Ctrl-C: it is for the one who started them, who stops them in order."""

    def submit(self, *arguments, **named):
        with _undisturbed():
            return super().submit(*arguments, **named)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait until this is left; processes that are started in here never hear it."""
    heard: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()  # the only one that may say what a signal does
    can_block = hasattr(signal, "pthread_sigmask")  # not on every system
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if in_main else None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else None
    try:
        yield
    finally:
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if in_main:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if heard:
            signal.raise_signal(signal.SIGINT)


def _start_worker(line: Line, told: connection.Connection) -> None:
    import torch  # The one who starts the workers may do without.

    global _line
    _line = line
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, _stop)
    threading.Thread(target=_listen, args=(told,), daemon=True).start()


def _listen(told: connection.Connection) -> None:
    """Interrupt the worker when it is told to stop, by a pipe whose other end is closed: a lock could be left by one
    that died. End it with its parent: a worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process().sentinel
    if parent not in connection.wait([parent, told]):
        _thread.interrupt_main()
        connection.wait([parent])
    os._exit(1)


def _stop(*_) -> None:
    """What a worker does at the interruption: a cell under way ends, and one that waits for work goes on waiting."""
    if _is_working:
        raise Stopped


@contextmanager
def working() -> Iterator[None]:
    """What is done in here ends when its result is no longer wanted.

    Raises:
        Stopped: Then, at any place.
    """
    global _is_working
    _is_working = True
    try:
        if _line is not None and _line.stop.is_set():  # told before it began
            raise Stopped
        yield
    finally:
        _is_working = False


@contextmanager
def cluster(address: str, timeout: float = 5.0) -> Iterator[Executor]:
    """The workers of a Dask cluster, started with ``dask scheduler`` and ``dask worker ADDRESS --nthreads 1``.

    They need this package too. A worker that dies is no failure: the scheduler gives its cell to another one, and gives
    a cell up only when four workers died of it.

    Arguments:
        address: Of the scheduler, ``tcp://HOST:PORT``.
        timeout: Seconds to wait for it.

    Raises:
        InputError: If `distributed` is not installed or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("A cluster needs the package distributed, which is not installed.") from error
    if not _is_tcp(address):
        raise InputError(f"The address of a Dask scheduler looks like tcp://host:8786, but {address!r} came.")
    try:
        with ThreadPoolExecutor(1) as thread:  # A notebook has a loop running in this one.
            thread.submit(asyncio.run, asyncio.wait_for(_knock(address), timeout)).result()
    except Exception as error:  # What speaks another protocol there can cause any.
        raise InputError(f"No Dask scheduler answers at {address} within {timeout:g} s.") from error
    with Client(address, timeout=timeout, set_as_default=False) as client:
        yield client.get_executor()


async def _knock(address: str) -> None:
    """Shake hands and leave. A client that finds nobody would go on knocking in its thread and complain at the end."""
    from distributed.comm import connect

    await (await connect(address)).close()


def _is_tcp(address: str) -> bool:
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        return parts.scheme == "tcp" and bool(parts.hostname and parts.port)
    except ValueError:  # The port is no number, or too large.
        return False


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
