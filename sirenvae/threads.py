"""How many of torch's threads a computation gets: by its work, not by the machine.

Torch's threads wait for each other by spinning. With small tensors each of forty operations a step then costs a time
slice on a busy machine: on two cores beside two busy processes a step of ecoli70 took 1,150 ms with two threads and 21
ms with one, where alone it took 5 ms either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch

T = TypeVar("T")

_WORTH_SHARING = 1 << 30  # Multiply-adds in one operation, some 30 milliseconds: far above a time slice.


@contextmanager
def threads_for(multiply_adds: int) -> Iterator[int]:
    """One thread, unless single operations are long; the caller's setting comes back afterwards.

    Arguments:
        multiply_adds: In the largest matrix product of the computation.

    Yields:
        How many such computations may run beside each other, see :func:`side_by_side`.
    """
    before = torch.get_num_threads()
    wanted = before if multiply_adds >= _WORTH_SHARING else 1
    if wanted != before:
        torch.set_num_threads(wanted)
    try:
        yield before // wanted
    finally:
        if wanted != before:
            torch.set_num_threads(before)


def side_by_side(tasks: Iterable[Callable[[], T]], num_workers: int) -> list[T]:
    """What tasks return, in their order; several run at once, each on one of torch's threads and without a graph.

    Arguments:
        tasks: Taken one after another, never many more than run; what makes a task may draw random numbers.
        num_workers: How many run at once; 1 runs them here, as things are set.
    """
    if num_workers == 1:
        return [task() for task in tasks]
    results: list[T] = []
    running: deque[Future[T]] = deque()
    with ThreadPoolExecutor(num_workers, initializer=partial(torch.set_num_threads, 1)) as pool:
        for task in tasks:
            running.append(pool.submit(torch.no_grad()(task)))
            if len(running) > num_workers:
                results.append(running.popleft().result())
        results.extend(future.result() for future in running)
    return results
