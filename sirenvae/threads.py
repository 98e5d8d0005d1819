"""How many of torch's threads a computation gets: by its work, not by the machine.

Torch's threads wait for each other by spinning. With small tensors each of forty operations a step then costs a time
slice on a busy machine: on two cores beside two busy processes a step of ecoli70 took 1,150 ms with two threads and 21
ms with one, where alone it took 5 ms either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_WORTH_SHARING = 1 << 30  # Multiply-adds in one operation, some 30 milliseconds: far above a time slice.


@contextmanager
def threads_for(multiply_adds: int) -> Iterator[None]:
    """One thread, unless single operations are long; the caller's setting comes back afterwards.

    Arguments:
        multiply_adds: In the largest matrix product of the computation.
    """
    before = torch.get_num_threads()
    wanted = before if multiply_adds >= _WORTH_SHARING else 1
    if wanted != before:
        torch.set_num_threads(wanted)
    try:
        yield
    finally:
        if wanted != before:
            torch.set_num_threads(before)
