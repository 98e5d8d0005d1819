"""The training process: trials come in on stdin, what they find goes out on stdout, both pickled.

Messages in are ``("run", job_id, config, folder, done)`` and ``("stop", job_id)``, where `config` is a trial as JSON,
`folder` keeps what a job leaves behind and `done` are the cells that it has finished before; messages out are
``(kind, job_id, value)`` with plain values only, so that whoever listens needs no torch. The process ends when stdin
does, hence with its parent.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO

import torch

from sirenvae.errors import InputError
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.registry import LEARNERS, VAES
from sirenvae.experiments.side_by_side import best_device
from sirenvae.experiments.trial import Point, Progress, Trial
from sirenvae.experiments.trials import trial_of
from sirenvae.jobs.plans import FAILED, FINISHED, STOPPED

Send = Callable[[str, str | None, object], None]


def about_worker() -> dict:
    """What a page says of this process: the device, and how strongly it holds the weights of each model."""
    device = best_device()
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper(),
        "decay": {name: LEARNERS[name].decay_strength for name in VAES},
    }


def train(job_id: str, config: dict, keeper: Keeper, send: Send, stopped: set[str]) -> None:
    """Run a job and send what it finds; end early once its id is in `stopped`."""
    try:
        trial = trial_of(config)
        with closing(trial.run(keeper=keeper)) as events:
            for event in events:
                send(*_as_plain(trial, job_id, event))
                if job_id in stopped:
                    break
            else:
                return send("ended", job_id, (FINISHED, ""))
    except InputError as error:
        return send("ended", job_id, (FAILED, str(error)))
    except Exception as error:  # a job must not take the worker with it; the server's log has the rest
        traceback.print_exc()
        return send("ended", job_id, (FAILED, _why_broken(error)))
    send("ended", job_id, (STOPPED, ""))  # once what it takes to go on is kept


def _why_broken(error: Exception) -> str:
    """What a learner can do about a job that broke off."""
    if isinstance(error, torch.linalg.LinAlgError):
        return "Training broke off: the weights grew beyond what can be computed. Try a smaller learning rate."
    if isinstance(error, MemoryError) or "memory" in str(error):
        return "Training broke off: it needs more memory than there is. Try fewer seeds or smaller training sets."
    return f"Training broke off: {type(error).__name__}: {error}"


def _as_plain(trial: Trial, job_id: str, event: Progress | Point) -> tuple[str, str, dict]:
    cell = {"model": event.cell.learner, "size": event.cell.size}
    if isinstance(event, Point):
        return "points", job_id, {**cell, "seconds": event.values.get("seconds"), "rows": trial.rows([event])}
    return "progress", job_id, {**cell, "step": event.step, "num_steps": event.num_steps, **event.values}


def _listen(requests: BinaryIO, jobs: queue.SimpleQueue, stopped: set[str]) -> None:
    """Run in a thread: take jobs and note stops even while one trains, end the process with its parent."""
    while True:
        try:
            kind, job_id, *work = pickle.load(requests)
        except EOFError:
            os._exit(0)
        if kind == "stop":
            stopped.add(job_id)
        else:
            stopped.discard(job_id)
            jobs.put((job_id, *work))


def main() -> None:
    """Train jobs until the parent is gone."""
    torch.set_num_threads(1)
    answers, lock = os.fdopen(os.dup(1), "wb"), threading.Lock()
    os.dup2(2, 1)  # what anyone prints must not get between the messages

    def send(kind: str, job_id: str | None, value) -> None:
        with lock:
            pickle.dump((kind, job_id, value), answers)
            answers.flush()

    jobs, stopped = queue.SimpleQueue(), set()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs, stopped), daemon=True).start()
    send("ready", None, about_worker())
    while True:
        job_id, config, folder, done = jobs.get()
        train(job_id, config, Keeper(folder, done), send, stopped)


if __name__ == "__main__":
    main()
