"""A worker process: what is sent to it, and a thread that hears from it until it ends."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A process that runs :mod:`sirenvae.jobs.worker`.

    Arguments:
        on_message: Called with each message, ``(kind, job_id, value)``, in a thread of this worker.
        on_end: Called with the exit code in that thread; after it nothing may be sent.
    """

    def __init__(self, on_message: Callable[[str, str | None, object], None], on_end: Callable[[int], None]) -> None:
        self._on_message, self._on_end = on_message, on_end
        command = [sys.executable, "-m", "sirenvae.jobs.worker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, message: tuple) -> None:
        """Send a message; if the process has just died, `on_end` says so and all is sent again to the next one."""
        with suppress(BrokenPipeError):
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()

    def kill(self) -> None:
        """End the process, and do not wait."""
        self.process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone."""
        self.process.kill()
        self._reader.join()

    def _read(self) -> None:
        process = self.process
        while True:
            try:
                message = pickle.load(process.stdout)
            except (EOFError, pickle.UnpicklingError):  # the latter if it was ended in the middle of a message
                break
            self._on_message(*message)
        process.kill()
        code = process.wait()
        process.stdout.close()
        self._on_end(code)  # from here on nobody sends to it
        with suppress(BrokenPipeError):  # a message that it no longer read
            process.stdin.close()
