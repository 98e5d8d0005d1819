"""The queue of training jobs, and the worker process that trains them one after the other. No torch here.

A thread would starve beside the page's own work, so training has a process of its own. It is started before the first
job, so that nobody waits for the imports, and it is ended whenever a job does not stop by itself.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from copy import copy
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.experiments.trials import trial_of
from sirenvae.jobs.plans import FAILED, FINISHED, OWN, QUEUED, RUNNING, STOPPED, Job
from sirenvae.jobs.process import WorkerProcess


class TrainingManager:
    """Owns the worker process, the queue and the most recent jobs. Safe to call from any thread.

    Arguments:
        max_waiting: How many jobs may wait.
        max_seconds: How long a job may run.
        max_kept: How many jobs are remembered.
        stop_seconds: How long a job that is to stop may take before its worker is ended.
    """

    def __init__(
        self, max_waiting: int = 4, max_seconds: float = 3600, max_kept: int = 24, stop_seconds: float = 0.5
    ) -> None:
        self.max_waiting, self.max_seconds = max_waiting, max_seconds
        self._max_kept, self._stop_seconds = max_kept, stop_seconds
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition(threading.RLock())
        self._worker: WorkerProcess | None = None
        self._cap: threading.Timer | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="sirenvae-")
        self._ready, self._closed, self._about_worker = False, False, {}
        with self._changed:
            self._start_worker()

    def submit(self, config: dict, label: str = OWN, source: tuple[str, ...] = ()) -> str:
        """Queue a trial and return the job's id.

        Arguments:
            config: The trial, as :meth:`~sirenvae.experiments.trial.Trial.to_json` gives it.
            label: A preset's name, or :data:`~sirenvae.jobs.plans.OWN`.
            source: Lines of code that make the network, for the page to show.

        Raises:
            InputError: If too many jobs wait, or there is no such trial.
        """
        trial = trial_of(config)
        with self._changed:
            self._check_queue()
            name = re.sub(r"\W+", "-", trial.subject)
            job_id = f"{name}-{label}-{secrets.token_hex(2)}"
            job = self._jobs[job_id] = Job(job_id, config, Path(self._folder.name, job_id), label, source)
            job.trial = trial  # it need not be read again
            job.folder.mkdir()
            self._run_next()
            self._forget_oldest()
            return job_id

    def resume(self, job_id: str) -> None:
        """Put a job at the end of the queue, to go on where it stopped, or after its end with more training.

        Raises:
            InputError: If too many jobs wait, or the job cannot go on.
        """
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or not job.can_go_on:
                raise InputError("Only a stopped run that is still kept on this server can go on.")
            self._check_queue()
            if job.state == FINISHED:
                job.lengthen()
            self._jobs[job_id] = self._jobs.pop(job_id)
            job.state, job.message = QUEUED, ""
            self._run_next()

    def _check_queue(self) -> None:
        waiting = sum(job.state == QUEUED for job in self._jobs.values())
        if waiting >= self.max_waiting:
            raise InputError(f"{waiting} runs wait already and no more can; stop one or come back a little later.")
        if self._worker is None:
            self._start_worker()

    def job(self, job_id: str) -> Job | None:
        """A copy of the job as it is now; ``None`` if there is none of that name."""
        with self._changed:
            if job_id not in self._jobs:
                return None
            job = copy(self._jobs[job_id])
            job.progress, job.points, job.went_on = list(job.progress), list(job.points), list(job.went_on)
            return job

    def job_ids(self, trial: str | None = None) -> list[str]:
        """The remembered jobs, of all trials or of one, by its name; newest first."""
        with self._changed:
            return [job.id for job in reversed(self._jobs.values()) if trial in (None, job.config["trial"])]

    def num_ahead(self, job_id: str) -> int:
        """How many jobs run or wait before this one."""
        with self._changed:
            ids = list(self._jobs)
            return sum(self._jobs[other].active for other in ids[: ids.index(job_id)])

    def stop(self, job_id: str) -> None:
        """Stop a job that waits or runs, and wait until it has; what it has found stays."""
        with self._changed:
            self._stop(job_id, "")
            self._changed.wait_for(lambda: job_id not in self._jobs or not self._jobs[job_id].active, timeout=5.0)

    def close(self) -> None:
        """End the worker and wait until it is gone."""
        with self._changed:
            self._closed = True
            worker = self._worker
        if worker is not None:
            worker.end()
        self._folder.cleanup()

    def _stop(self, job_id: str, message: str) -> None:
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or not job.active or job.message:
                return
            if job.state == QUEUED:
                self._end(job, STOPPED, "Stopped before it began.")
                return
            job.message = message or "Stopped."
            self._worker.send(("stop", job_id))
            self._later(self._stop_seconds, self._kill_if_running, job_id)

    def _kill_if_running(self, job_id: str) -> None:
        with self._changed:
            if self._is_running(job_id) and self._jobs[job_id].message:  # not one that has gone on since
                self._worker.kill()

    def _stop_at_cap(self, job_id: str) -> None:
        if self._is_running(job_id):
            self._stop(job_id, f"Stopped after {self.max_seconds / 60:.0f} minutes, the longest a job may take here.")

    def _is_running(self, job_id: str) -> bool:
        with self._changed:
            return job_id in self._jobs and self._jobs[job_id].state == RUNNING

    def _later(self, seconds: float, action: Callable, *arguments) -> threading.Timer:
        timer = threading.Timer(seconds, action, arguments)
        timer.daemon = True
        timer.start()
        return timer

    def _start_worker(self) -> None:
        self._ready = False
        self._worker = WorkerProcess(self._receive, self._worker_ended)

    def _receive(self, kind: str, job_id: str | None, value) -> None:
        """Take a message of the worker; its thread calls this."""
        with self._changed:
            self._take(kind, job_id, value)
            self._run_next()
            self._changed.notify_all()

    def _take(self, kind: str, job_id: str | None, value) -> None:
        if kind == "ready":
            self._ready, self._about_worker = True, value
        job = self._jobs.get(job_id)
        if job is not None and job.active:
            if kind == "progress":
                self._take_progress(job, value)
            elif kind == "points":
                job.points.append(value)
            elif kind == "ended":
                self._end(job, *value)

    def _take_progress(self, job: Job, record: dict) -> None:
        """A job that goes on may begin a little before its last report: what is trained again replaces that."""
        cell = (record["model"], record["size"])
        if any((old["model"], old["size"]) == cell and old["step"] >= record["step"] for old in job.progress):
            job.progress = [
                old for old in job.progress if (old["model"], old["size"]) != cell or old["step"] < record["step"]
            ]
        job.progress.append(record)

    def _run_next(self) -> None:
        jobs = [job for job in self._jobs.values() if job.active]
        if self._ready and jobs and not any(job.state == RUNNING for job in jobs):
            job = jobs[0]
            spent = 0.0 if job.started is None else job.ended - job.started
            job.state, job.started = RUNNING, time.monotonic() - spent
            job.worker = self._about_worker
            self._worker.send(("run", job.id, job.config, job.folder, job.done))
            self._cap = self._later(self.max_seconds, self._stop_at_cap, job.id)

    def _end(self, job: Job, state: str, message: str) -> None:
        if job.state == RUNNING:
            self._cap.cancel()
            job.ended = time.monotonic()
        job.state = state
        job.message = "" if state == FINISHED else message or job.message

    def _worker_ended(self, code: int) -> None:
        """Say what that means for the jobs, and start the next worker; its thread calls this."""
        with self._changed:
            self._settle_without_worker(code)
            self._changed.notify_all()

    def _settle_without_worker(self, code: int) -> None:
        """One that never came up is not tried again."""
        for job in self._jobs.values():
            if job.state == RUNNING and job.message:
                self._end(job, STOPPED, job.message)
            elif job.state == RUNNING:
                why = f"The training process ended unexpectedly (exit code {code}), perhaps for lack of memory."
                self._end(job, FAILED, why)
            elif job.state == QUEUED and not self._ready:
                self._end(job, FAILED, f"The training process could not be started (exit code {code}).")
        self._worker = None
        if self._ready and not self._closed:
            self._start_worker()

    def _forget_oldest(self) -> None:
        ended = [job_id for job_id, job in self._jobs.items() if not job.active]
        for job_id in ended[: max(0, len(self._jobs) - self._max_kept)]:
            shutil.rmtree(self._jobs.pop(job_id).folder)
