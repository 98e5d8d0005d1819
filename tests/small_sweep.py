"""A sweep to kill: each cell notes that it runs, waits a little and returns its square.

As a program: ``python small_sweep.py STORE LOG NUM_CELLS PAUSE NUM_WORKERS``; no workers is in process.
"""

import os
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sirenvae.experiments.executors import local_processes
from sirenvae.experiments.store import Store
from sirenvae.experiments.sweeps import Finished, run_cells


@dataclass(frozen=True)
class Cell:
    number: int


def square(log, pause, cell):
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{cell.number} {os.getpid()}\n")
    time.sleep(pause)
    return {"square": cell.number**2, "thirds": [cell.number / 3, (cell.number + 1) / 3], "nested": {"odd": True}}


def square_with_events(log, pause, cell):
    yield f"start {cell.number}"
    yield f"end {cell.number}"
    return square(log, pause, cell)


def fail_on_two(log, pause, cell):
    if cell.number == 2:
        raise ValueError("two is too many\nand so on")
    return square(log, pause, cell)


def die_on_two(log, pause, cell):
    if cell.number == 2:
        os._exit(1)
    return square(log, pause, cell)


def cells(count):
    return [Cell(number) for number in range(count)]


def sweep(store, log, count, pause=0.0, executor=None, work=square, **settings):
    """The finished cells of a sweep."""
    events = run_cells(cells(count), partial(work, str(log), pause), store, executor, experiment="squares", **settings)
    return [event for event in events if isinstance(event, Finished)]


def runs(log):
    """Number and process of each run so far."""
    text = Path(log).read_text() if os.path.exists(log) else ""
    return [tuple(map(int, line.split())) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def table(path):
    """What a store holds, in an order that does not depend on when cells were finished."""
    with Store(path, writable=False) as store:
        return sorted((row.config["number"], row.key, str(row.result)) for row in store.rows())


def _main(path, log, count, pause, num_workers):
    pool = local_processes(int(num_workers)) if int(num_workers) else nullcontext((None, None))
    with pool as (executor, line), Store(path) as store:
        sweep(store, log, int(count), float(pause), executor, line=line)


if __name__ == "__main__":
    _main(*sys.argv[1:])
