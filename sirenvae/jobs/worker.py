"""The training process: plans come in on stdin, what they find goes out on stdout, both pickled.

Messages in are ``("check", job_id, plan)``, ``("run", job_id, plan, folder, done)`` and ``("stop", job_id)``, where
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
from dataclasses import asdict, replace
from typing import BinaryIO

import torch

from sirenvae.errors import InputError
from sirenvae.experiments import elbo_vs_size
from sirenvae.experiments.keeping import Keeper
from sirenvae.jobs.plans import FAILED, FINISHED, STOPPED, Plan
from sirenvae.training import RECIPES

Send = Callable[[str, str | None, object], None]


def config_of(plan: Plan) -> elbo_vs_size.Config:
    """The plan as a configuration.

    Raises:
        InputError: If it cannot be trained.
    """
    if plan.preset is not None:
        return elbo_vs_size.preset(plan.preset, plan.network)
    recipe = RECIPES["default"]
    settings = {"learning_rate": plan.learning_rate, "num_steps": plan.num_steps}
    if settings != {name: getattr(recipe, name) for name in settings}:
        recipe = replace(recipe, name="default, changed", **settings)
    return elbo_vs_size.Config(plan.network, plan.sizes, plan.models, num_seeds=plan.num_seeds, recipe=recipe)


def about(config: elbo_vs_size.Config) -> dict:
    """What a page says about a configuration, in plain values."""
    device = elbo_vs_size.best_device()
    num_variables = len(config.network.variables)
    return {
        "models": config.models,
        "sizes": tuple(sorted(config.sizes)),
        "num_seeds": config.num_seeds,
        "tasks": [
            [(cell.model, cell.size) for cell in cells] for cells in config.tasks() if cells[0].model in config.models
        ],
        "num_test": config.num_test,
        "elbo_samples": config.elbo_samples,
        "steps": {size: config.recipe.steps_for(size, num_variables) for size in config.sizes},
        "recipe": asdict(config.recipe),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper(),
    }


def train(job_id: str, plan: Plan, keeper: Keeper, send: Send, stopped: set[str]) -> None:
    """Run a job and send what it finds; end early once its id is in `stopped`."""
    try:
        config = config_of(plan)
        with closing(elbo_vs_size.run(config, keeper=keeper)) as events:
            for event in events:
                send(*_as_plain(config, job_id, event))
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


def _as_plain(config: elbo_vs_size.Config, job_id: str, event) -> tuple[str, str, dict]:
    if isinstance(event, elbo_vs_size.Point):
        rows = elbo_vs_size.table(config, [event])
        return "points", job_id, {**asdict(event.cell), "seconds": event.seconds, "rows": rows}
    values = asdict(event)
    return "progress", job_id, {**values.pop("cell"), **values}


def _listen(requests: BinaryIO, send: Send, jobs: queue.SimpleQueue, stopped: set[str]) -> None:
    """Run in a thread: answer checks at once even while a job trains, note stops, end the process with its parent."""
    while True:
        try:
            kind, job_id, *plan = pickle.load(requests)
        except EOFError:
            os._exit(0)
        if kind == "stop":
            stopped.add(job_id)
        elif kind == "run":
            stopped.discard(job_id)
            jobs.put((job_id, *plan))
        else:
            try:
                send("about", job_id, about(config_of(*plan)))
            except InputError as error:
                send("ended", job_id, (FAILED, str(error)))


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
    threading.Thread(target=_listen, args=(sys.stdin.buffer, send, jobs, stopped), daemon=True).start()
    send("ready", None, None)
    while True:
        job_id, plan, folder, done = jobs.get()
        train(job_id, plan, Keeper(folder, done), send, stopped)


if __name__ == "__main__":
    main()
