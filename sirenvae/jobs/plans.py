"""Jobs: what a trial becomes in the queue, in plain values. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from sirenvae.experiments.trial import Trial
from sirenvae.experiments.trials import trial_of

QUEUED, RUNNING, STOPPED, FINISHED, FAILED = "queued", "running", "stopped", "finished", "failed"
OWN = "own"  # the label of settings that are no preset's


@dataclass
class Job:
    """A training job and what it has found so far, in plain values.

    Attributes:
        id: Its name, for links.
        config: The trial, its name and configuration, as :meth:`~sirenvae.experiments.trial.Trial.to_json` gives it.
        folder: Where its models are kept, see :func:`sirenvae.experiments.keeping.model_file`.
        label: A preset's name, or :data:`OWN`.
        source: Lines of code that make the network, for the page to show.
        state: One of queued, running, stopped, finished, failed.
        message: One sentence about how it ended, if there is something to say.
        worker: What the worker says of itself: its ``device``, and the ``decay`` of each model; empty until it is up.
        progress: One record per report of a cell in training: ``model``, ``size``, ``step``, ``num_steps``, and what
            the trial sees on the way, such as ``test_elbo`` per seed.
        points: One record per finished cell: ``model``, ``size``, ``seconds``, and ``rows``, one per seed, as the
            command line writes them.
        went_on: The steps after which it ended once, and went on with more.
        started, ended: On the monotonic clock, in seconds, as if it had never been interrupted.
    """

    id: str
    config: dict
    folder: Path
    label: str = OWN
    source: tuple[str, ...] = ()
    state: str = QUEUED
    message: str = ""
    worker: dict = field(default_factory=dict)
    progress: list[dict] = field(default_factory=list)
    points: list[dict] = field(default_factory=list)
    went_on: list[int] = field(default_factory=list)
    started: float | None = None
    ended: float | None = None

    @cached_property
    def trial(self) -> Trial:
        """What is trained.

        Raises:
            InputError: If it cannot be.
        """
        return trial_of(self.config)

    @cached_property
    def about(self) -> dict:
        """What a page says of ELBO against training-set size: ``models``, ``sizes``, ``num_seeds``, ``tasks``, the
        cells that train as one program, ``num_test``, ``elbo_samples``, ``steps`` per size, and the fields of the
        ``recipe``."""
        trial = self.trial
        models = [cell for cell in trial.cells() if cell.learner in trial.models]
        return {
            "models": trial.models,
            "sizes": tuple(sorted(trial.sizes)),
            "num_seeds": trial.num_seeds,
            "tasks": [[(cell.learner, cell.size) for cell in task] for task in trial.tasks(models)],
            "num_test": trial.num_test,
            "elbo_samples": trial.elbo_samples,
            "steps": {cell.size: trial.num_steps(cell) for cell in models},
            "recipe": asdict(trial.recipe),
        }

    @property
    def active(self) -> bool:
        """Whether something may still change."""
        return self.state in (QUEUED, RUNNING)

    @property
    def can_go_on(self) -> bool:
        """Whether it was stopped before its end, or there is more training to go on to."""
        return self.state == STOPPED or (self.state == FINISHED and self.trial.longer() is not None)

    def lengthen(self) -> None:
        """Ask for more training: what was found stays as progress, until it is found anew."""
        longer = self.trial.longer()
        self.went_on.append(self.trial.num_steps)
        self.config, self.trial, self.points = longer.to_json(), longer, []

    @property
    def done(self) -> frozenset[tuple[str, int]]:
        """The finished cells, as pairs of model and size."""
        return frozenset((point["model"], point["size"]) for point in self.points)

    @property
    def rows(self) -> list[dict]:
        """The numbers found, one row per cell and seed."""
        return [row for point in self.points for row in point["rows"]]
